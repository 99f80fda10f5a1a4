#!/bin/bash
# run.sh [CARGO_OPTIONS] : the door in C inside a game engine: a scene of Godot 3 draws a sprite of each class a little in
# each frame, without a window and in one, and what its textures have are the pixels of `sample`. Then the node for
# Godot 4, which no package has: it is built, and all of it that is not Godot's is tested, also against `sample`
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/../.."

die() {
    echo "godot: $*" >&2
    exit 1
}

if [ "$(uname -s)" != Linux ]; then
    echo "godot: skipped, its engine is unpacked from Debian's packages"
    exit
fi
# Where the check of the door in C builds the same.
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
built=$target/c/cargo game=$target/godot/game
godot=$(tests/godot/unpacked.sh)

cargo rustc -q --lib --release --features ffi --crate-type cdylib,staticlib --target-dir "$built"
rm -rf "$game"
mkdir -p "$game/home"/{.cache,.config,.local/share}
cp tests/godot/godot3/* "$built/release/libiddpm.so" "$game"
gcc -std=c11 -Iinclude -Wall -Wextra -Werror -pedantic -shared -fPIC -fvisibility=hidden -Wl,-rpath,'$ORIGIN' \
    -o "$game/libgdnative.so" "$game/gdnative.c" "$game/libiddpm.so"

# Behind the head of an array are the pixels, one image after another.
cargo build -q --example sample "$@"
export IDDPM_MODEL=$PWD/examples/assets/sprites32.safetensors
"$target/debug/examples/sample" --checkpoint "$IDDPM_MODEL" --backend cpu --seed 7 --count 12 --out "$game/sample.npz" >/dev/null
unzip -p "$game/sample.npz" arr_0.npy | tail -c $((12 * 32 * 32 * 4)) >"$game/sample.rgba"

# play COMMAND... : runs the scene with a version of Godot, and compares its sprites with sample's
play() {
    rm -f "$game"/sprites.rgba
    HOME=$game/home LANG=en LD_LIBRARY_PATH=$godot/usr/lib/$(uname -m)-linux-gnu \
        timeout 60 "$@" --path "$game" >"$game/said.txt" 2>&1 ||
        die "$1: $(cat "$game/said.txt")"
    cmp "$game/sprites.rgba" "$game/sample.rgba" || die "$1 has other sprites than sample"
    grep 'sprites in' "$game/said.txt"
}
play "$godot/usr/bin/godot3-server"
file "$game/sprite.png" | grep -q '32 x 32, 8-bit/color RGBA'

Xvfb -displayfd 3 -screen 0 800x600x24 -nolisten tcp 3>"$game/display" 2>"$game/xvfb.txt" &
display=$!
trap 'kill $display' EXIT
for _ in $(seq 100); do [ -s "$game/display" ] || sleep 0.1; done
DISPLAY=:$(<"$game/display") play "$godot/usr/bin/godot3" --audio-driver Dummy
file "$game/window.png" | grep -q '664 x 264'

# What a node does over frames needs no engine; that the library is one that Godot loads, its symbols say.
cd examples/godot
export CARGO_TARGET_DIR=$target/godot
cargo clippy -q --all-targets -- -D warnings
cargo build -q
entry=$(sed -n 's/^entry_symbol = "\(.*\)"$/\1/p' project/addons/iddpm/iddpm.gdextension)
nm -D --defined-only "$target/godot/debug/libiddpm_godot.so" | grep -q " T $entry\$" || die "the library has no $entry"
IDDPM_SAMPLE=$game/sample.rgba cargo test -q -- --include-ignored
