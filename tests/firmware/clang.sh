#!/bin/bash
# clang.sh ARGUMENTS... : clang, which compiles C for every core there is. Debian's newest, half the size of its GCC for
# Arm, is unpacked into a cache, once, without being installed. Needs apt.
set -euo pipefail
shopt -s inherit_errexit

cache=${IDDPM_CACHE:-$HOME/.cache/iddpm}/clang
if [ ! -d "$cache" ]; then
    new=$cache.$$ debs=$cache.$$.debs
    trap 'rm -rf "$new" "$debs"' EXIT
    mkdir -p "$new" "$debs"
    version=$(apt-cache pkgnames clang- | sed -n 's/^clang-\([0-9]*\)$/\1/p' | sort -n | tail -n 1)
    packages=("clang-$version" "libclang-common-$version-dev" "libclang-cpp$version" "libllvm$version")
    echo "unpacking ${packages[*]} into $cache" >&2
    (cd "$debs" && apt-get download -qq -o APT::Sandbox::User=root "${packages[@]}")
    for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$new"; done
    mv -T "$new" "$cache"
    rm -rf "$debs"
    trap - EXIT
fi
export LD_LIBRARY_PATH=$cache/usr/lib/x86_64-linux-gnu
exec "$cache"/usr/lib/llvm-*/bin/clang "$@"
