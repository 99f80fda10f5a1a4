#!/bin/bash
# unpack.sh : prints the folder where the emulators, the C library of s390x and a dlltool for Windows lie, and
# unpacks them into it where they do not yet
set -euo pipefail
shopt -s inherit_errexit

cache=${IDDPM_CACHE:-$HOME/.cache/iddpm}/cross
if [ ! -d "$cache" ]; then
    new=$cache.$$ debs=$cache.$$.debs
    trap 'rm -rf "$new" "$debs"' EXIT
    mkdir -p "$new" "$debs"
    # The newest there is: its name has the compiler's version.
    libgcc=$(apt-cache pkgnames libgcc- | grep -x 'libgcc-[0-9]*-dev-s390x-cross' | sort -V | tail -n 1)
    # Where Debian's plain package is the static one, the other is empty and wants it.
    qemu=qemu-user-static
    if apt-cache depends qemu-user-static | grep -q 'Depends: qemu-user'; then qemu=qemu-user; fi
    packages=("$qemu" "$libgcc" libc6-dev-s390x-cross binutils-mingw-w64-x86-64)
    echo "unpacking ${packages[*]} into $cache" >&2
    (cd "$debs" && apt-get download -qq -o APT::Sandbox::User=root "${packages[@]}")
    for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$new"; done
    for machine in aarch64 s390x; do
        mv "$new/usr/bin/qemu-$machine${qemu#qemu-user}" "$new/qemu-$machine"
    done
    mkdir "$new/bin"
    mv "$new/usr/bin/x86_64-w64-mingw32-dlltool" "$new/bin"
    rm -rf "$new"/usr/{bin,share,sbin} # 400 MB without use here
    mv -T "$new" "$cache"
    rm -rf "$debs"
    trap - EXIT
fi
echo "$cache"
