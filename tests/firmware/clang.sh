#!/bin/bash
# clang.sh ARGUMENTS... : clang, which compiles C for every core there is
set -euo pipefail
shopt -s inherit_errexit

folder=$("$(dirname "$0")/unpacked.sh")
export LD_LIBRARY_PATH=$folder/usr/lib/x86_64-linux-gnu
exec "$folder/usr/bin/clang" "$@"
