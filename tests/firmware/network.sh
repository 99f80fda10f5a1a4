#!/bin/bash
# network.sh [CARGO_OPTIONS] : builds networks with their weights in flash for a Cortex-M7 and an M55, with core alone, draws a
# digit with each in QEMU, holds it to the host's bits after one step and after all, and prints what it costs
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"
. ./emulated.sh

# The most instructions of a piece of an evaluation: 30 ms at 480 MHz, one a cycle.
LONGEST=14400000

rows=()
# measure CORE TARGET MACHINE MOST : a row of what the network costs there, where a multiply-add takes no more than MOST instructions
measure() {
    local elf out line evaluations=0 per
    elf=$(build network "$2" --features network)
    out=$(count "$3" "$elf") || die "$model for $2 on $3 failed: ${out:-no output}"
    mapfile -t out <<<"$out"
    [ ${#out[@]} = ${#host[@]} ] || die "$model for $2 drew ${#out[@]} images, not ${#host[@]}"
    for line in "${!host[@]}"; do
        [ "${out[line]%% stack=*}" = "${host[line]}" ] ||
            die "$model for $2 gives another image than the host: ${out[line]}, not ${host[line]}"
        evaluations=$((evaluations + $(field steps "${host[line]}")))
    done
    per=$(insns denoise $((evaluations * adds)))
    [ "$(insns denoise 1 | cut -d . -f 1)" -le $(($4 * evaluations * adds)) ] ||
        die "$model for $2: $per instructions for a multiply-add, more than $4"
    [ "$(longest denoise)" -le $LONGEST ] ||
        die "$model for $2: a piece of $(longest denoise) instructions, more than $LONGEST"
    printf -v line '%-16s %-10s %9s %9s %9s %9s %9s %9s %9s %9s' "$model" "$1" \
        "$(sections "$elf" '\.vector_table|\.text|\.rodata|\.data')" "$(sections "$elf" '\.weights')" \
        "$(sections "$elf" '\.data|\.bss|\.uninit')" $((4 * workspace)) "$(field stack "${out[-1]}")" \
        "$(insns denoise $((evaluations * 1000000)))" "$per" \
        "$(awk -v longest="$(longest denoise)" 'BEGIN { printf "%.1f", longest / 1000000 }')"
    rows+=("$line")
}

# network FILE [OPTIONS...] : writes the network of a file as `flash_network` does with these options, and draws with it on the
# host
network() {
    local told
    model=$(basename "$1" .safetensors)
    export NETWORK=$target/$model
    told=$("$programs/flash_network" "../../$1" "${@:2}" --section .weights --out "$NETWORK")
    adds=$(sed -n 's/^an evaluation: \([0-9]*\) multiply-adds.*/\1/p' <<<"$told")
    workspace=$(sed -n 's/^pub const WORKSPACE: usize = \([0-9]*\);/\1/p' "$NETWORK/network.rs")
    mapfile -t host < <(cargo run -q --release --target-dir "$target" --features network --bin network)
}

# measured : a row of what is the same on every core
measured() {
    rows+=("  $adds multiply-adds; host's bits after 1 and all steps: $(field hash "${host[0]}") and $(field hash "${host[-1]}")")
}

(cd ../.. && cargo build -q --example flash_network "$@")
network examples/assets/digits16.safetensors --steps 10
measure Cortex-M7 thumbv7em-none-eabihf mps2-an500 4
measure Cortex-M55 thumbv8m.main-none-eabihf mps3-an547 4
measured
# A small one, in which what is no product has a larger share.
network examples/firmware/digits16_4_steps.safetensors
measure Cortex-M7 thumbv7em-none-eabihf mps2-an500 6
measured

echo "Networks from flash: bytes of code, of weights in f16, of static memory, of the workspace in it, and of stack; then"
echo "millions of instructions of an evaluation, instructions for each of its multiply-adds, and millions of the longest piece."
printf '%-16s %-10s %9s %9s %9s %9s %9s %9s %9s %9s\n' \
    network core code weights ram workspace stack millions each longest
printf '%s\n' "${rows[@]}"
