#!/bin/bash
# c.sh : builds the firmware in C of examples/c/firmware for three microcontrollers with core alone, runs it on them in
# QEMU and on the host, under the sanitizers too, and holds it to the image of the firmware in Rust, bit for bit; then the same
# with a network in flash, $NETWORK, which `flash_network` wrote
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"
. ./emulated.sh

source=$(realpath ../../examples/c/firmware) include=$(realpath ../../include)
build=$target/c
mkdir -p "$build"
STRICT=(-std=c11 -I"$include" -Wall -Wextra -Werror -pedantic)

# same NAME OUTPUT : that an image is Rust's
same() {
    [ "${2%% stack=*}" = "$rust" ] || die "$1 gives another image than Rust: $2, not $rust"
}

# The same source on the host, whose library has a system to end a panic by.
(cd ../.. && cargo rustc -q --lib --release --no-default-features --features ffi_core,cpu,std --crate-type staticlib \
    --target-dir "$target")
host() { # SOURCES...
    local out
    gcc "${STRICT[@]}" -I"$NETWORK" -ffp-contract=off -g -fsanitize=address,undefined -fno-sanitize-recover=all \
        "$@" "$source"/{report,host}.c "$target/release/libiddpm.a" -lm -lpthread -ldl -o "$build/host"
    out=$("$build/host" 2>"$build/image.txt") || die "the host failed: $(head -n 5 "$build/image.txt")"
    same "the host" "$out"
}

linker=$(rustc --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld
measure() { # CORE TARGET CPU MACHINE FLASH RAM FEATURES SOURCES...
    local core=$1 triple=$2 elf=$build/$2.elf file out objects=()
    (cd "$source/library" && "$tests/cargo-core.sh" build -q --release --target "$triple" --target-dir "$target" --features "$7")
    for file in "${@:8}" "$source"/{report,firmware}.c; do
        objects+=("$build/$(basename "$file").o")
        ./clang.sh --target="$triple" -mcpu="$3" "${STRICT[@]}" -I"$NETWORK" -ffreestanding -ffp-contract=off -Os \
            -ffunction-sections -fdata-sections -c "$file" -o "${objects[-1]}"
    done
    # Whatever is used and not there, an allocator among it, is an error here: no C library is linked.
    "$linker" -flavor gnu --gc-sections -T "$source/firmware.ld" --defsym FLASH_SIZE="$5" --defsym RAM_SIZE="$6" \
        "${objects[@]}" "$target/$triple/release/libiddpm_firmware.a" -o "$elf"
    nm "$elf" >"$build/symbols.txt"
    ! grep -E ' (U|. .*(alloc|free|_Unwind))' "$build/symbols.txt" || die "$triple: it links what it must not"
    # QEMU writes the text of a program's SYS_WRITE0 to the standard error.
    out=$(emulate "$4" "$elf" 2>&1) || die "$triple on $4 failed: ${out:-no output}"
    same "$triple" "$out"
    printf '%-10s %-10s %10s %10s %10s\n' "$core" "$4" \
        "$(sections "$elf" '\.text|\.rodata|\.data|\.ARM\.exidx|\.weights')" "$(sections "$elf" '\.data|\.bss')" "$(field stack "$out")"
}

rust=$(cargo run -q --release --target-dir "$target")
host "$source/sample.c"
echo "The firmware in C: bytes of flash, static memory and stack; every image has Rust's bits."
printf '%-10s %-10s %10s %10s %10s\n' core machine flash ram stack
measure Cortex-M0 thumbv6m-none-eabi cortex-m0 microbit 256K 16K '' "$source/sample.c"
measure Cortex-M4F thumbv7em-none-eabihf cortex-m4 mps2-an386 4M 4M '' "$source/sample.c"
measure Cortex-M55 thumbv8m.main-none-eabihf cortex-m55 mps3-an547 512K 512K '' "$source/sample.c"

rust=$(cargo run -q --release --target-dir "$target" --features network --bin network | tail -n 1)
host "$source/network.c" "$NETWORK/network.S"
echo "With a network in flash, its weights among those bytes:"
measure Cortex-M7 thumbv7em-none-eabihf cortex-m7 mps2-an500 4M 4M network "$source/network.c" "$NETWORK/network.S"
