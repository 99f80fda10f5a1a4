#!/bin/bash
# run.sh [CARGO_OPTIONS] : the studio as a program on a display of its own, on the processor and on the window's device in
# software, driven by keys and the mouse: what it shows and saves is the sprite of `sample`
#
# The pictures that it takes of the window lie in the target folder, under `studio`.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/../.."

die() {
    echo "studio: $*" >&2
    [ ! -e "${log:-}" ] || sed 's/^/  /' "$log" >&2
    exit 1
}

if [ "$(uname -s)" != Linux ]; then
    echo "studio: skipped, the display is X11's"
    exit
fi
repository=$PWD
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
out=$target/studio programs=$target/debug/examples
rm -rf "$out"
mkdir -p "$out"

cargo build -q --example studio --example sample "$@"

# The same device on every machine, also where there is a real one.
VK_DRIVER_FILES=$(find /usr/share/vulkan/icd.d -name 'lvp_icd*.json' | head -n 1)
export VK_DRIVER_FILES WGPU_BACKEND=vulkan NODEVICE_SELECT=1
width=1060 height=740
Xvfb -displayfd 3 -screen 0 ${width}x${height}x24 -nolisten tcp 3>"$out/display" 2>"$out/xvfb.txt" &
display=$! window=
trap 'kill $window $display 2>/dev/null || true' EXIT
for _ in $(seq 100); do [ -s "$out/display" ] || sleep 0.1; done
export DISPLAY=:$(<"$out/display")

# bytes : four of a pixel in each line
bytes() {
    od -An -v -tu1 -w4
}

# sprite BACKEND SEED : draws it by sample: a picture in a folder, and its opaque colours as "count red green blue"
sprite() {
    local drawn=$out/$1-$2
    [ ! -e "$drawn.colours" ] || return 0
    for to in "$drawn/" "$drawn.npz"; do
        "$programs/sample" --checkpoint examples/assets/sprites32.safetensors --backend "$1" --class sword --seed "$2" \
            --count 1 --out "$to" >"$drawn.txt"
    done
    unzip -p "$drawn.npz" arr_0.npy | tail -c $((32 * 32 * 4)) | bytes | awk '$4 == 255 { print $1, $2, $3 }' |
        sort | uniq -c >"$drawn.colours"
}

# shows BACKEND SEED NAME : waits until each opaque pixel of the sprite is in the window, 10 x 10 times at least; what xwd
# takes of a window ends with its pixels, blue, green, red and a byte of none
shows() {
    local picture=$out/$3
    sprite "$1" "$2"
    for _ in $(seq 60); do
        sleep 0.2
        xwd -name 'iddpm studio' -silent >"$picture.xwd" 2>>"$out/xwd.txt" || continue
        tail -c $((width * height * 4)) "$picture.xwd" | bytes | awk '{ print $3, $2, $1 }' | sort | uniq -c \
            >"$picture.colours"
        awk '{ colour = $2 " " $3 " " $4 } NR == FNR { seen[colour] = $1; next } seen[colour] < 100 * $1 { exit lacks = 1 }
            END { exit lacks || FNR < 32 }' "$picture.colours" "$out/$1-$2.colours" && return
    done
    die "the window does not show the sword of $1 and seed $2"
}

# says TEXT : waits for a line of the program's
says() {
    for _ in $(seq 600); do
        ! grep -qF -- "$1" "$log" || return 0
        kill -0 $window 2>/dev/null || die "it has ended"
        sleep 0.1
    done
    die "it does not say '$1'"
}

# open BACKEND NAME : the program in a folder of its own, where it saves
open() {
    log=$out/$2.txt
    mkdir "$out/$2"
    cd "$out/$2"
    "$programs/studio" --backend "$1" --class sword --seed 7 --milliseconds 200 >"$log" 2>&1 &
    window=$!
    cd "$repository"
}

close() {
    kill $window
    wait $window 2>/dev/null || true
    window=
}

# Where the only device is software it is the processor, and it is said why.
open auto processor
says 'is software, which is slower)'
shows cpu 7 first
# There is no window manager that would give it the keys.
xdotool search --name '^iddpm studio$' windowfocus --sync sleep 0.2 key n
says 'seed=8: 15 steps'
shows cpu 8 next
xdotool key ctrl+s
for _ in $(seq 100); do [ -s "$out/processor/sword-8.png" ] || sleep 0.1; done
cmp "$out/processor/sword-8.png" "$out"/cpu-8/*.png || die "it saves another sword than sample"
# Paints a line over the sword, and draws on it.
# The window sees where the mouse is once a frame, of which a busy machine has few.
xdotool key p sleep 0.5 mousemove 400 300 sleep 0.5 mousedown 1 sleep 0.5 mousemove 480 400 sleep 0.5 \
    mousemove 520 440 sleep 0.5 mouseup 1 sleep 0.5
xdotool key Return
says 'strength=0.6: 9 steps'
sleep 0.5
xwd -name 'iddpm studio' -silent >"$out/painted.xwd"
# The brush's red, over more of the window than its button.
red=$(tail -c $((width * height * 4)) "$out/painted.xwd" | bytes | grep -c ' 48  64 200 ') || true
[ "$red" -gt 2000 ] || die "$red pixels of the window are painted"
close

# The window's own device, in software: the same run within its frames.
open gpu device
says "(Cpu, Vulkan; the host's)"
says 'seed=7: 15 steps'
shows gpu 7 device
close
kill $display
echo "the window shows the swords of sample on the processor and on its own device, saves them, and is painted on"
