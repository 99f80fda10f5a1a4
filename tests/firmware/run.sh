#!/bin/bash
# run.sh [CARGO_OPTIONS] : builds the sampler's job for three microcontrollers with core alone, runs it on them in QEMU,
# compares the image with the host's bit for bit, and prints what it costs; then a network from flash
# (network.sh), both in C (c.sh), firmwares without a word, for size (silent.sh), and the firmware to copy (example.sh)
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"
. ./emulated.sh

host=$(cargo run -q --release --target-dir "$target")

rows=() lines=()
measure() { # CORE TARGET MACHINE
    local elf out steps pixels row line
    elf=$(build firmware "$2")
    out=$(count "$3" "$elf") || die "$2 on $3 failed: ${out:-no output}"
    [ "$(field hash "$out")" = "$(field hash "$host")" ] ||
        die "$2 gives another image than the host: $out, not $host"
    steps=$(field steps "$out") pixels=$(($(field elements "$out") * $(field steps "$out")))
    line="firmware target=$2 machine=$3"
    line+=" flash=$(sections "$elf" '\.vector_table|\.text|\.rodata|\.data')"
    line+=" ram=$(sections "$elf" '\.data|\.bss|\.uninit') stack=$(field stack "$out")"
    line+=" table=$(insns table 1) next=$(insns next "$steps")"
    line+=" apply=$(insns apply $pixels) noise=$(insns noise $pixels) denoise=$(insns denoise $pixels)"
    printf -v row '%-10s %-10s' "$1" "$3"
    for name in flash ram stack table next apply noise denoise; do
        printf -v row '%s %10s' "$row" "$(field $name "$line")"
    done
    rows+=("$row") lines+=("$line hash=$(field hash "$out")")
}
measure Cortex-M0 thumbv6m-none-eabi microbit
measure Cortex-M4F thumbv7em-none-eabihf mps2-an386
measure Cortex-M55 thumbv8m.main-none-eabihf mps3-an547

echo "Bytes of the whole firmware, then instructions executed: to build the table of steps, for the"
echo "numbers of one step, and for each element in each step. Every image has the host's bits."
printf '%-10s %-10s' core machine
printf ' %10s' flash ram stack table next apply noise denoise
printf '\n'
printf '%s\n' "${rows[@]}" "${lines[@]}"

# defmt opens its stream with a zero byte, ends each frame with one, and writes no others. The
# library logs every step, the firmware its report.
elf=$(build firmware thumbv7em-none-eabihf --features defmt)
emulate mps2-an386 "$elf" >"$target/defmt.log" || die "the defmt build failed on mps2-an386"
frames=$(($(tr -cd '\0' <"$target/defmt.log" | wc -c) - 1)) steps=$(field steps "$host")
[ "$frames" -eq $((steps + 1)) ] || die "defmt logged $frames frames, not $((steps + 1))"
echo "defmt on mps2-an386: $frames frames logged, one for each step and the report"

./network.sh "$@"
export NETWORK=$target/digits16_4_steps
./c.sh
./silent.sh
./example.sh "$@"
