#!/bin/bash
# silent.sh : builds firmwares that say nothing, for size: the sampler, and a network from flash, for the cores of Arm and
# RISC-V; holds them to a bound of flash and to no symbol of a panic, and in QEMU to the host's image (a network where f32 is
# not emulated, which takes minutes). $NETWORK is a network that
# `flash_network` wrote.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"
. ./emulated.sh

# hash [OPTIONS...] : of the last image that a job draws on the host
hash() {
    local drawn
    drawn=$(cargo run -q --release --target-dir "$target" "$@")
    field hash "$(tail -n 1 <<<"$drawn")"
}

# silent TARGET FEATURES MOST : builds one of no more bytes of code and constants, and prints how many it has
silent() {
    local elf=$target/$1/size/silent bytes
    ./cargo-core.sh build -q --profile size --target "$1" --target-dir "$target" --bin silent --features "silent$2"
    nm "$elf" >"$target/symbols.txt"
    grep -q ' main$' "$target/symbols.txt" || die "silent$2 for $1 has no symbols to look at"
    ! grep -i panic "$target/symbols.txt" >&2 || die "silent$2 for $1 has what ends a program by a panic"
    bytes=$(sections "$elf" '\.text.*|\.init.*|\.trap.*|\.rodata|\.data')
    [ "$bytes" -gt 0 ] && [ "$bytes" -le "$3" ] || die "silent$2 for $1 has $bytes bytes of code and constants, more than $3"
    echo "$bytes"
}

# draws TARGET MACHINE [ARGUMENTS...] : that its image is the one that was expected when it was built
draws() {
    emulate "$2" "$target/$1/size/silent" "${@:3}" || die "silent for $1 on $2 draws another image than the host"
}

M0=thumbv6m-none-eabi M4=thumbv7em-none-eabihf M55=thumbv8m.main-none-eabihf RISCV=riscv32imac-unknown-none-elf

HASH=$(hash)
export HASH
sampler=()
for triple in $M0 $M4 $M55 $RISCV; do
    case $triple in
        "$M0") most=23000 machine=(microbit) ;;
        "$M4") most=23000 machine=(mps2-an386) ;;
        "$M55") most=23000 machine=(mps3-an547) ;;
        "$RISCV") most=30000 machine=(virt -bios none) ;;
    esac
    sampler+=("$(silent $triple '' $most)")
    draws $triple "${machine[@]}"
done

HASH=$(hash --features network --bin network)
network=()
for triple in $M0 $M4 $M55 $RISCV; do
    network+=("$(silent $triple ,network 120000)")
done
draws $M4 mps2-an500
draws $M55 mps3-an547

echo "Firmwares without a word, built for size, which link no panic: bytes of code and constants."
printf '%-24s %10s %10s\n' core sampler network
cores=(Cortex-M0 "Cortex-M4F, M7" Cortex-M55 riscv32imac)
for at in "${!cores[@]}"; do
    printf '%-24s %10s %10s\n' "${cores[at]}" "${sampler[at]}" "${network[at]}"
done
