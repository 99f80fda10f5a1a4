#!/bin/bash
# run.sh [CARGO_OPTIONS] : the page in a Chromium without a window: on WebGPU, in software here, and where the browser has
# none, it draws what `sample` draws, gives it for download, and answers all the while; and it is small enough to be
# downloaded
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
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
build=$target/web site=$target/web/site
mkdir -p "$build"

cargo run -q --manifest-path examples/web/build/Cargo.toml -- "$site"
size=$(gzip -9c "$site/iddpm_web_bg.wasm" | wc -c)
[ "$size" -le $MOST ] || die "the wasm has $size bytes compressed, over $MOST"

cargo build -q --example sample "$@"

# page BACKEND STEPS DEVICE FLAG... : the page on that backend, in Chromium with these flags, beside what `sample` draws:
# behind the head of an array are the pixels
page() {
    local backend=$1 steps=$2
    "$target/debug/examples/sample" --backend cpu --class sword --seed 7 --steps "$steps" --count 1 \
        --out "$build/$backend.npz" >/dev/null
    unzip -p "$build/$backend.npz" arr_0.npy | tail -c $((32 * 32 * 4)) >"$build/$backend.rgba"
    node tests/web/check.mjs "$site" "$build/$backend" "$build/$backend.rgba" $CLOSE \
        "?backend=$backend&class=sword&seed=7&steps=$steps" "${@:3}"
}
# Software takes seconds for a step.
page gpu 3 "BrowserWebGpu; asked for" --enable-unsafe-webgpu
page cpu 15 "the CPU (asked for)" --enable-unsafe-webgpu
page best 15 "the CPU (" --disable-features=WebGPU
echo "$size bytes of wasm, compressed"
