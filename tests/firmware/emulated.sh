# emulated.sh : sourced by the checks of firmware: what they say of a program, and how they run it in QEMU

tests=$PWD
target=$(realpath -m "${CARGO_TARGET_DIR:-../../target}")/firmware
# The crate's own.
programs=$(dirname "$target")/debug/examples
unpacked=$(./unpacked.sh)
mkdir -p "$target"

die() {
    echo "firmware: $*" >&2
    exit 1
}

# field NAME LINE : the value of NAME=VALUE in LINE
field() {
    sed -n "s/.*\b$1=\([^ ]*\).*/\1/p" <<<"$2"
}

# emulate MACHINE ELF [ARGUMENTS...] : the firmware's output; its exit code is the program's
emulate() {
    local system=arm
    [ "$1" != virt ] || system=riscv32
    LD_LIBRARY_PATH=$unpacked/usr/lib/x86_64-linux-gnu:$unpacked/lib/x86_64-linux-gnu \
        timeout 120 "$unpacked/usr/bin/qemu-system-$system" -M "$1" -kernel "$2" "${@:3}" \
        -display none -serial none -monitor none -semihosting-config enable=on,target=native
}

# sections ELF PATTERN : bytes in the allocated sections whose names match
sections() {
    readelf -SW "$1" | sed 's/^ *\[ *[0-9]*\] *//' |
        awk -v names="^($2)\$" '$1 ~ names && $7 ~ /A/ { print $5 }' |
        { sum=0; while read -r size; do sum=$((sum + 0x$size)); done; echo $sum; }
}

# build PROGRAM TARGET ARGUMENTS... : builds a program of this package with core alone, and prints its path
build() {
    local program=$1 triple=$2 elf=$target/$2-$1.elf
    shift 2
    # What is below this level defmt leaves out of the program.
    DEFMT_LOG=debug ./cargo-core.sh build -q --release --target "$triple" --target-dir "$target" --bin "$program" "$@"
    cp "$target/$triple/release/$program" "$elf"
    echo "$elf"
}

# count MACHINE ELF : the firmware's output; what it executed in each phase is counted
count() {
    local plugin=$target/insncount.so
    [ "$plugin" -nt insncount.c ] || gcc -shared -fPIC -O2 -Wall -Wextra -o "$plugin" insncount.c
    emulate "$1" "$2" -plugin "$plugin,out=$target/insns"
}

# insns PHASE PER : instructions of a phase, divided
insns() {
    awk -v phase="$1" -v per="$2" '$1 == phase { printf "%.1f", $2 / per }' "$target/insns"
}

# longest PHASE : instructions of the longest time that a phase lasted without a word
longest() {
    awk -v phase="$1" '$1 == phase { print $3 }' "$target/insns"
}
