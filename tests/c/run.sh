#!/bin/bash
# run.sh [CARGO_OPTIONS] : the door in C from C, C++ and C#: headers and programs without a warning, the same picture as
# `sample` draws, a shared library that gives out nothing else, and no fault, leak, undefined step or race that the
# compilers' sanitizers see
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/../.."

die() {
    echo "c: $*" >&2
    exit 1
}

if [ "$(uname -s)" != Linux ]; then
    echo "c: skipped, it looks into libraries as Linux has them"
    exit
fi
# The most bytes of a stripped shared library without GPUs.
MOST=3000000
STRICT=(-Iinclude -Wall -Wextra -Werror -pedantic)
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
build=$target/c
rm -rf "$build/programs"
mkdir -p "$build"

# As users build it, both at once.
cargo rustc -q --lib --release --features ffi --crate-type cdylib,staticlib --target-dir "$build/cargo"
static=$build/cargo/release/libiddpm.a shared=$build/cargo/release/libiddpm.so

gcc -std=c11 "${STRICT[@]}" tests/c/header.c -o "$build/header_c" "$shared"
g++ -std=c++17 "${STRICT[@]}" -x c++ tests/c/header.c -x none -o "$build/header_cpp" "$shared"
for program in header_c header_cpp; do
    LD_LIBRARY_PATH=$(dirname "$shared") "$build/$program" || die "$program: a drawing is of another size there"
done

declared=$(grep -ohE '\biddpm_[a-z_]+\(' include/*.h | tr -d '(' | sort -u)
defined=$(nm -D --defined-only "$shared" | awk '{ print $3 }' | sort)
[ "$defined" = "$declared" ] || die "header and library differ: $(diff <(echo "$declared") <(echo "$defined"))"

strip -o "$build/stripped.so" "$shared"
size=$(stat -c %s "$build/stripped.so")
[ "$size" -le $MOST ] || die "the stripped shared library has $size bytes, over $MOST"

cmake -S examples/c -B "$build/programs" -DIDDPM_LIBRARY="$static" >/dev/null
cmake --build "$build/programs" >/dev/null
(cd "$build/programs" && ./sprite 2>/dev/null && ./sprite_cpp && ./frames | tail -n 1)
cmp "$build/programs/sprite.pam" "$build/programs/sprite_cpp.pam"

# The window on a display of its own: what it shows in the end has each opaque pixel of the sprite 12 x 12 times. Colours
# are "count red green blue"; what xwd takes of a window ends with its pixels, blue, green, red and a byte of none.
pixels=$((32 * 32 * 4))
bytes() {
    od -An -v -tu1 -w4
}
Xvfb -displayfd 3 -screen 0 640x480x24 -nolisten tcp 3>"$build/display" 2>"$build/xvfb.txt" &
display=$!
trap 'kill $display 2>/dev/null || true' EXIT
for _ in $(seq 100); do [ -s "$build/display" ] || sleep 0.1; done
export DISPLAY=:$(<"$build/display")
"$build/programs/window" 2>"$build/window.txt" &
window=$!
tail -c $pixels "$build/programs/sprite.pam" | bytes | awk '$4 == 255 { print $1, $2, $3 }' | sort | uniq -c \
    >"$build/sprite.colours"
shown=
for _ in $(seq 40); do
    sleep 0.5
    xwd -name iddpm -silent >"$build/window.xwd" 2>>"$build/window.txt" || continue
    tail -c $((144 * pixels)) "$build/window.xwd" | bytes | awk '{ print $3, $2, $1 }' | sort | uniq -c \
        >"$build/window.colours"
    shown=$(awk '{ colour = $2 " " $3 " " $4 } NR == FNR { seen[colour] = $1; next } seen[colour] < 144 * $1 { lacks++ }
        END { if (FNR > 32 && !lacks) print FNR }' "$build/window.colours" "$build/sprite.colours")
    [ -z "$shown" ] || break
done
kill $window $display
wait $window 2>/dev/null || true
[ -n "$shown" ] || die "the window does not show the sprite: $(cat "$build/window.txt")"
echo "the window shows the $shown colours of the sprite"

# in_mono PROGRAM ARGUMENTS : in the folder of what is built, beside the shared library
in_mono() {
    (cd "$build" && LD_LIBRARY_PATH=$(dirname "$shared") mono "$@")
}
binding=(examples/csharp/{Native,Drawing,Iddpm}.cs)
mcs -warnaserror -out:"$build/sprite.exe" "${binding[@]}" examples/csharp/Sprite.cs
mcs -warnaserror -out:"$build/calls.exe" "${binding[@]}" tests/c/calls.cs
mcs -warnaserror -out:"$build/unity.exe" "${binding[@]}" examples/unity/*.cs tests/c/unity_engine.cs
model=$PWD/examples/assets/sprites32.safetensors
in_mono sprite.exe "$model"
cmp "$build/programs/sprite.pam" "$build/sprite_cs.pam"
if in_mono sprite.exe "$model" dragon 2>"$build/refused.txt"; then
    die "there is no class of that name"
fi
grep -q '^class "dragon": ' "$build/refused.txt"
in_mono calls.exe "$model"
in_mono unity.exe "$(dirname "$model")"
cmp <(tail -c $pixels "$build/programs/sprite.pam") "$build/sprite_unity.rgba"

# Behind the head of an array and that of a picture are the same pixels.
cargo build -q --example sample "$@"
"$target/debug/examples/sample" --checkpoint "$model" --backend cpu --class sword --seed 7 --count 1 --out "$build/sword.npz" >/dev/null
cmp <(unzip -p "$build/sword.npz" arr_0.npy | tail -c $pixels) <(tail -c $pixels "$build/programs/sprite.pam") ||
    die "another sword than sample's"

# watch COMPILER FILE PROGRAM : a program with the sanitizers in it, each of whose words is the end
watch() {
    $1 "${STRICT[@]}" -g -fsanitize=address,undefined -fno-sanitize-recover=all \
        -DIDDPM_SPRITES="\"$PWD/examples/assets/sprites32.safetensors\"" "$2" "$static" -lm -lpthread -ldl -o "$3"
}
watch "gcc -std=c11" examples/c/sprite.c "$build/watched_sprite"
watch "gcc -std=c11" examples/c/frames.c "$build/watched_frames"
watch "g++ -std=c++17" examples/c/sprite.cpp "$build/watched_sprite_cpp"
watch "g++ -std=c++17" tests/c/calls.cpp "$build/watched_calls_cpp"
export ASAN_OPTIONS=detect_leaks=1
(cd "$build" && ./watched_sprite 2>watched.txt) || die "sprite: $(cat "$build/watched.txt")"
cmp "$build/sprite.pam" "$build/programs/sprite.pam"
(cd "$build" && ./watched_sprite_cpp 2>watched.txt) || die "sprite_cpp: $(cat "$build/watched.txt")"
"$build/watched_frames" >/dev/null
"$build/watched_calls_cpp" "$model" 2>"$build/watched.txt" || die "calls: $(cat "$build/watched.txt")"

# Threads under ThreadSanitizer: the compiler's own runtime looks at C and Rust. It does not see into the standard library,
# which is built without it: what its `Once` has put in order is none of the races.
cat >"$build/not_races.txt" <<<'race:std::sys::sync::once'
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer" \
    cargo +nightly rustc -q --lib --features ffi --crate-type staticlib --target "$host" --target-dir "$build/threads"
runtime=$(rustc +nightly --print sysroot)/lib/rustlib/$host/lib/librustc-nightly_rt.tsan.a
gcc -std=c11 "${STRICT[@]}" -g -fsanitize=thread -c tests/c/threads.c -o "$build/threads.o"
gcc "$build/threads.o" "$build/threads/$host/debug/libiddpm.a" -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive \
    -lm -lpthread -ldl -lrt -o "$build/threads_watched"
TSAN_OPTIONS=suppressions=$build/not_races.txt "$build/threads_watched" "$model" 2>"$build/watched.txt" ||
    die "threads: $(cat "$build/watched.txt")"
echo "$(wc -w <<<"$declared") functions, $size bytes of stripped shared library, the sword of sample"
