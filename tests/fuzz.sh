#!/bin/bash
# fuzz.sh TARGET : runs a fuzz target that is built for $FUZZ_SECONDS, or three, from the corpus beside it; what it says is
# told in one piece, as others run beside it
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")/fuzz
code=0
{
    echo "fuzzing: $1"
    cargo +nightly fuzz run --target-dir "$folder" "$1" "$folder/corpus/$1" -- \
        -max_total_time="${FUZZ_SECONDS:-3}" -timeout=10 -print_final_stats=1 -verbosity=0
} >"$folder/$1.txt" 2>&1 || code=$?
cat "$folder/$1.txt"
exit $code
