#!/bin/bash
# unpacked.sh : prints the folder where the emulators, the C library of s390x and a dlltool for Windows lie
set -euo pipefail
shopt -s inherit_errexit

# The newest there is: its name has the compiler's version.
libgcc=$(apt-cache pkgnames libgcc- | grep -x 'libgcc-[0-9]*-dev-s390x-cross' | sort -V | tail -n 1)
# Where Debian's plain package is the static one, the other is empty and wants it.
qemu=qemu-user-static
if apt-cache depends qemu-user-static | grep -q 'Depends: qemu-user'; then qemu=qemu-user; fi
exec "$(dirname "$0")/../unpacked.sh" cross "$qemu" "$libgcc" libc6-dev-s390x-cross binutils-mingw-w64-x86-64
