#!/bin/bash
# run.sh : links the job without libstd and without an allocator, runs it, compares the image with
# the host's, and proves that a program which does allocate would not have linked.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"

die() {
    echo "no_alloc: $*" >&2
    exit 1
}

if [ "$(uname -sm)" != "Linux x86_64" ]; then
    echo "no_alloc: skipped, the program is written for x86-64 Linux"
    exit
fi
target=$(realpath -m "${CARGO_TARGET_DIR:-../../target}")/no_alloc
mkdir -p "$target"

run() { # DIRECTORY
    (cd "$1" && cargo run -q --release --target-dir "$target")
}
host=$(run ../firmware)
alone=$(run .) || die "the program without libstd failed: $alone"
[ "$alone" = "$host" ] || die "another image without libstd: $alone, not $host"

if cargo build -q --release --target-dir "$target" --features use-alloc 2>"$target/refusal"; then
    die "a program that allocates linked, so this test proves nothing"
fi
reason='no global memory allocator found'
grep -q "$reason" "$target/refusal" || die "use-alloc failed for another reason: $(cat "$target/refusal")"
echo "without an allocator: $alone"
echo "with alloc::vec it is refused, as it must be: $reason"
