#!/bin/bash
# cargo-core.sh ARGUMENTS... : cargo for targets on which `core` is all there is.
#
# The compiler builds core from its sources and nothing else, so the alloc and std crates do not
# exist for the target: whatever builds this way allocates nothing. Debian's rustc-web carries those
# sources. Needs apt and rustup's default toolchain, for its linker.
set -euo pipefail
shopt -s inherit_errexit

folder=$("$(dirname "$0")/unpacked.sh")
linker=$(rustc --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld
for target in THUMBV6M_NONE_EABI THUMBV7EM_NONE_EABIHF THUMBV8M_MAIN_NONE_EABIHF RISCV32IMAC_UNKNOWN_NONE_ELF; do
    export "CARGO_TARGET_${target}_LINKER=$linker"
done
# -Zbuild-std is unstable, and these packages are of the stable compiler.
export RUSTC_BOOTSTRAP=1 RUSTC=$folder/usr/bin/rustc
export LD_LIBRARY_PATH=$folder/usr/lib/x86_64-linux-gnu:$folder/lib/x86_64-linux-gnu
unset RUSTFLAGS RUSTUP_TOOLCHAIN
exec "$folder/usr/bin/cargo" "$@" -Zbuild-std=core
