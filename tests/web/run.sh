#!/bin/bash
# run.sh [CARGO_OPTIONS] : the page in a Chromium without a window: on WebGPU, in software here, and where the browser has
# none, it draws what `sample` draws, gives it for download, and answers all the while; what it is taught is what `train`
# learns, and `sample` draws it; and it is small enough to be downloaded
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/../.."

die() {
    echo "web: $*" >&2
    exit 1
}

if [ "$(uname -s)" != Linux ]; then
    echo "web: skipped, Chromium is Debian's"
    exit
fi
# The most bytes of the page's wasm as servers send it.
MOST=3000000
# The most that a value of a pixel, of 255, may be from the desktop's: another order of sums, and no fused products there.
CLOSE=2
# The most that a loss may be from the desktop's, of itself: sums of some hundreds of roundings of 6e-8 each, in two orders.
SAME=1e-5
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
build=$target/web site=$target/web/site
mkdir -p "$build"

cargo run -q --manifest-path examples/web/build/Cargo.toml -- "$site"
size=$(gzip -9c "$site/iddpm_web_bg.wasm" | wc -c)
[ "$size" -le $MOST ] || die "the wasm has $size bytes compressed, over $MOST"

cargo build -q --example sample --example train "$@"
programs=$target/debug/examples

# drawn NAME OPTIONS... : one image by `sample`, as RGBA: behind the head of an array are the pixels
drawn() {
    "$programs/sample" --backend cpu --seed 7 --count 1 --out "$build/$1.npz" "${@:2}" >/dev/null
    unzip -p "$build/$1.npz" arr_0.npy | tail -c $((32 * 32 * 4)) >"$build/$1.rgba"
}

# page BACKEND STEPS DEVICE FLAG... : the page on that backend, in Chromium with these flags, beside what `sample` draws, in
# so many steps, or where that is empty in as many as it takes by itself
page() {
    local backend=$1 steps=$2
    drawn "$backend" --class sword ${steps:+--steps "$steps"}
    node tests/web/check.mjs "$site" "$build/$backend" "$build/$backend.rgba" $CLOSE \
        "?backend=$backend&class=sword&seed=7${steps:+&steps=$steps}" "${@:3}"
}
# Software takes seconds for a step.
page gpu "" "BrowserWebGpu; asked for" --enable-unsafe-webgpu
page cpu 15 "the CPU (asked for)" --enable-unsafe-webgpu
page best "" "the CPU (" --disable-features=WebGPU

# lesson BACKEND FLAG... : the page is taught fish as its swords in three steps, beside the same training by `train` with
# the options of a lesson (lesson.rs), and then a new class in one; it draws what `sample` draws with the network it gives
lesson() {
    local backend=$1 taught=$build/taught_$1
    node tests/web/lesson.mjs "$site" "$taught" "$build/pictures" "$build/run/log.jsonl" $SAME fish \
        "?backend=$backend&seed=7&steps=15" "${@:2}"
    drawn "sample_$backend" --checkpoint "$taught.safetensors" --class fish --steps 15
    node tests/web/near.mjs "$taught.rgba" "$build/sample_$backend.rgba" $CLOSE
}
rm -rf "$build"/{pictures,run}
mkdir "$build/pictures"
for number in {0..7}; do
    cp "examples/web/fish/fish_$number.png" "$build/pictures/sword_$number.png"
done
"$programs/train" --backend cpu --data "$build/pictures" --run "$build/run" --init examples/assets/sprites32.safetensors \
    --batch 8 --lr 3e-4 --lr-schedule constant --warm-up 20 --ema 0.99 --drop-labels 0.1 \
    --steps 3 --log-every 1 --sample-every 0 --save-every 0 >/dev/null 2>&1
lesson cpu --enable-unsafe-webgpu
echo "$size bytes of wasm, compressed"
