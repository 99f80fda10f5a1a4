#!/bin/bash
# example.sh [CARGO_OPTIONS] : examples/firmware as the README has it: a network is written for flash, the firmware is built,
# and what a Cortex-M7 draws in QEMU is what `sample` draws
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"
. ./emulated.sh

# The most that a value of a pixel, of 255, may be from the host's: its fast path has another order of sums.
CLOSE=1
root=$(realpath ../..)
digits=$root/examples/firmware/digits16_4_steps.safetensors

(cd "$root" && cargo build -q --example flash_network --example sample "$@")
told=$("$programs/flash_network" "$digits" --out "$root/examples/firmware/network")
# There, its own settings hold: where its memory is, and for which processor it is built.
(cd "$root/examples/firmware" && "$tests/cargo-core.sh" build -q --release --target-dir "$target")
firmware=$target/thumbv7em-none-eabihf/release/iddpm-firmware
nm "$firmware" >"$target/symbols.txt"
! grep panicking "$target/symbols.txt" || die "the example has what ends a program by a panic"
emulate mps2-an500 "$firmware" >"$target/digit.pgm" || die "the example failed: $(head -c 200 "$target/digit.pgm")"

"$programs/sample" --checkpoint "$digits" --backend cpu --class 3 --seed 7 --count 1 \
    --out "$target/digit.npz" >/dev/null
# Behind the head of an array are the pixels.
worst=$(paste <(tail -n +2 "$target/digit.pgm" | tr -s ' \n' '\n' | grep .) \
    <(unzip -p "$target/digit.npz" arr_0.npy | tail -c 256 | od -An -tu1 -v -w1) |
    awk '{ apart = $1 - $2; if (apart < 0) apart = -apart; if (apart > worst) worst = apart } END { print NR == 256 ? worst + 0 : "no" }')
[ "$worst" != no ] && [ "$worst" -le $CLOSE ] || die "the picture is $worst of 255 from sample's"
echo "examples/firmware: a digit on a Cortex-M7, at most $worst of 255 from sample's"
echo "$told"
