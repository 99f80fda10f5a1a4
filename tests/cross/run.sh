#!/bin/bash
# run.sh : does the same job here, on 64-bit Arm, and on s390x, whose bytes are in the other order, and compares all
# the files that come of it
#
# The other two run in QEMU, and for both rust-lld links, which rustup brings. Wants apt, and the std of both targets.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"

if [ "$(uname -sm)" != "Linux x86_64" ]; then
    echo "cross: skipped, the emulators are programs of x86-64 Linux"
    exit
fi
unpacked=$(./unpacked.sh)
target=$(realpath -m "${CARGO_TARGET_DIR:-../../target}")/cross
out=$target/out
lib=$unpacked/usr/s390x-linux-gnu/lib
gcc=$(echo "$unpacked"/usr/lib/gcc-cross/s390x-linux-gnu/*)

# Arm's musl comes with all that a static program is linked of; for s390x it is said what a compiler of C would say.
lld="-C linker=rust-lld -C linker-flavor=ld.lld -C target-feature=+crt-static -C relocation-model=static"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_RUSTFLAGS=$lld
arguments=("$lib/crt1.o" "$lib/crti.o" "$gcc/crtbeginT.o" "-L$lib" "-L$gcc"
    --start-group -lc -lgcc -lgcc_eh --end-group "$gcc/crtend.o" "$lib/crtn.o")
export CARGO_TARGET_S390X_UNKNOWN_LINUX_GNU_RUSTFLAGS="$lld ${arguments[*]/#/-Clink-arg=}"
unset RUSTFLAGS

# emulator MACHINE : where it is; a static one has another name
emulator() {
    command -v "$unpacked/usr/bin/qemu-$1" "$unpacked/usr/bin/qemu-$1-static" | head -n 1
}

# job NAME TARGET [EMULATOR] : runs it into a folder of this name, and compares that with the host's
job() {
    local said began=$SECONDS
    said=$(${3+"$3"} "$target/$2/debug/cross" "$out/$1")
    [ "$1" = host ] || diff -r "$out/host" "$out/$1"
    printf '%-8s %d files in %d s; %s\n' "$1" "$(find "$out/$1" -type f | wc -l)" $((SECONDS - began)) "$said"
}

host=x86_64-unknown-linux-gnu arm=aarch64-unknown-linux-musl s390x=s390x-unknown-linux-gnu
cargo build -q --target-dir "$target" --target $host --target $arm --target $s390x
rm -rf "$out"
job host $host
job aarch64 $arm "$(emulator aarch64)" &
aarch64=$!
trap 'kill $aarch64 2>/dev/null || true' EXIT
job s390x $s390x "$(emulator s390x)"
wait $aarch64
echo "every file has the same bytes on all three"
