#!/bin/bash
# network.sh [CARGO_OPTIONS] : builds a network with its weights in flash for a Cortex-M7 and an M55, with core alone, draws a digit with
# it in QEMU, holds it to the host's bits after one step and after ten, and prints what it costs
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"
. ./emulated.sh

# The most instructions that a multiply-add may take, all else that an evaluation does among them; and those of a piece of an
# evaluation: 30 ms at 480 MHz, one a cycle.
MOST=4 LONGEST=14400000

export NETWORK=$target/digits16
told=$(cd ../.. && cargo run -q --example flash_network "$@" -- examples/assets/digits16.safetensors --steps 10 \
    --section .weights --out "$NETWORK")
adds=$(sed -n 's/^an evaluation: \([0-9]*\) multiply-adds.*/\1/p' <<<"$told")
workspace=$(sed -n 's/^pub const WORKSPACE: usize = \([0-9]*\);/\1/p' "$NETWORK/network.rs")
mapfile -t host < <(cargo run -q --release --target-dir "$target" --features network --bin network)

rows=()
measure() { # CORE TARGET MACHINE
    local elf out line evaluations=0 per
    elf=$(build network "$2" --features network)
    out=$(count "$3" "$elf") || die "$2 on $3 failed: ${out:-no output}"
    mapfile -t out <<<"$out"
    [ ${#out[@]} = ${#host[@]} ] || die "$2 drew ${#out[@]} images, not ${#host[@]}"
    for line in "${!host[@]}"; do
        [ "${out[line]%% stack=*}" = "${host[line]}" ] ||
            die "$2 gives another image than the host: ${out[line]}, not ${host[line]}"
        evaluations=$((evaluations + $(field steps "${host[line]}")))
    done
    per=$(insns denoise $((evaluations * adds)))
    awk -v per="$per" -v most=$MOST 'BEGIN { exit !(per <= most) }' ||
        die "$2: $per instructions for a multiply-add, more than $MOST"
    [ "$(longest denoise)" -le $LONGEST ] || die "$2: a piece of $(longest denoise) instructions, more than $LONGEST"
    printf -v line '%-10s %-11s %9s %9s %9s %9s %9s %9s %9s %9s' "$1" "$3" \
        "$(sections "$elf" '\.vector_table|\.text|\.rodata|\.data')" "$(sections "$elf" '\.weights')" \
        "$(sections "$elf" '\.data|\.bss|\.uninit')" $((4 * workspace)) "$(field stack "${out[-1]}")" \
        "$(insns denoise $((evaluations * 1000000)))" "$per" \
        "$(awk -v longest="$(longest denoise)" 'BEGIN { printf "%.1f", longest / 1000000 }')"
    rows+=("$line")
}
measure Cortex-M7 thumbv7em-none-eabihf mps2-an500
measure Cortex-M55 thumbv8m.main-none-eabihf mps3-an547

echo "digits16 from flash: bytes of code, of weights in f16, of static memory, of the workspace in it, and of stack; then"
echo "millions of instructions of an evaluation, instructions for each of its $adds multiply-adds, and millions of the longest piece."
echo "After one step and after ten every image has the host's bits: $(field hash "${host[0]}") and $(field hash "${host[-1]}")."
printf '%-10s %-11s %9s %9s %9s %9s %9s %9s %9s %9s\n' \
    core machine code weights ram workspace stack millions each longest
printf '%s\n' "${rows[@]}"
