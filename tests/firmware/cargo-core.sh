#!/bin/bash
# cargo-core.sh ARGUMENTS... : cargo for targets on which `core` is all there is.
#
# The compiler builds core from its sources and nothing else, so the alloc and std crates do not
# exist for the target: whatever builds this way allocates nothing. Debian's rustc-web carries those
# sources; it and QEMU are unpacked into a cache, once, without being installed (installing
# qemu-system-arm can remove packages). Needs apt and rustup's default toolchain, for its linker.
set -euo pipefail
shopt -s inherit_errexit

cache=${IDDPM_CACHE:-$HOME/.cache/iddpm}/embedded
if [ ! -d "$cache" ]; then
    new=$cache.$$ debs=$cache.$$.debs
    trap 'rm -rf "$new" "$debs"' EXIT
    mkdir -p "$new" "$debs/partial"
    echo "unpacking rustc-web and qemu-system-arm into $cache" >&2
    apt-get install -y -qq --download-only --no-install-recommends -o Dir::Cache::archives="$debs" \
        -o APT::Sandbox::User=root -o Debug::NoLocking=1 \
        rustc-web rust-web-src cargo-web qemu-system-arm >/dev/null
    for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$new"; done
    rm -rf "$new"/usr/src/rustc-*/{src,compiler} "$new"/usr/share/{doc,man} # 365 MB without use here
    mv -T "$new" "$cache"
    rm -rf "$debs"
    trap - EXIT
fi
[ $# -gt 0 ] || exit 0

linker=$(rustc --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld
for target in THUMBV6M_NONE_EABI THUMBV7EM_NONE_EABIHF THUMBV8M_MAIN_NONE_EABIHF; do
    export "CARGO_TARGET_${target}_LINKER=$linker"
done
# -Zbuild-std is unstable, and these packages are of the stable compiler.
export RUSTC_BOOTSTRAP=1 RUSTC=$cache/usr/bin/rustc
export LD_LIBRARY_PATH=$cache/usr/lib/x86_64-linux-gnu:$cache/lib/x86_64-linux-gnu
unset RUSTFLAGS RUSTUP_TOOLCHAIN
exec "$cache/usr/bin/cargo" "$@" -Zbuild-std=core
