#!/bin/bash
# network.sh : builds a network with its weights in flash for a Cortex-M7 and an M55, with core alone, draws a digit with
# it in QEMU, holds it to the host's bits after one step and after ten, and prints what it costs
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"
. ./emulated.sh

# The most instructions that a multiply-add may take, all else that an evaluation does among them.
MOST=4

export NETWORK=$target/digits16
host_run() {
    cargo run -q --release --target-dir "$target" --features files "$@"
}
about=$(host_run --bin network_files -- "$NETWORK")
adds=$(field multiply_adds "$about")
mapfile -t host < <(host_run --bin network)

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
    printf -v line '%-10s %-11s %9s %9s %9s %9s %9s %9s %9s' "$1" "$3" \
        "$(sections "$elf" '\.vector_table|\.text|\.rodata|\.data')" "$(sections "$elf" '\.weights')" \
        "$(sections "$elf" '\.data|\.bss|\.uninit')" "$(field workspace "$about")" "$(field stack "${out[-1]}")" \
        "$(insns denoise $((evaluations * 1000000)))" "$per"
    rows+=("$line")
}
measure Cortex-M7 thumbv7em-none-eabihf mps2-an500
measure Cortex-M55 thumbv8m.main-none-eabihf mps3-an547

echo "digits16 from flash: bytes of code, of weights in f16, of static memory, of the workspace in it, and of stack; then"
echo "millions of instructions of an evaluation, and instructions for each of its $adds multiply-adds."
echo "After one step and after ten every image has the host's bits: $(field hash "${host[0]}") and $(field hash "${host[-1]}")."
printf '%-10s %-11s %9s %9s %9s %9s %9s %9s %9s\n' core machine code weights ram workspace stack millions each
printf '%s\n' "${rows[@]}"
