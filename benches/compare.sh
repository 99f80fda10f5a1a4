#!/usr/bin/env bash
# Times the network beside PyTorch on the same device, and writes the table into BENCHMARKS.md. On a GPU
# it runs the tests of what it times first, on that device, and stops where they fail.
#
#   benches/compare.sh [--train] [--cpu] [--small] [--quick] [--untested] [--rounds N] [--modes MODE,...] [CASE ...]
#
# Without options: on the GPU, one evaluation of the published models. --train: training steps instead.
# --cpu: the CPU executor, forward on 1 and 2 threads. --small: 32 channels, one image: what a software
# device can do. --quick: the first of these once, without PyTorch, and the table is printed, with where the time
# goes on a GPU, kernel by kernel: whether all of it works on a device. --untested: without the tests, where they have just run on this device, as in the second
# of several goes: times of kernels that are wrong say nothing. For each case first ours, then PyTorch, and
# all of it twice, so that drift shows. benches/pytorch/{forward,train_step}.py say which modes PyTorch has.
#
# Taken from the environment:
#   PYTHON            the Python that has PyTorch; python3 otherwise
#   IDDPM_BENCH       a benchmark that was built elsewhere (by `cargo bench --workspace --no-run` with the
#                     features below), for a machine without cargo or network
#   IDDPM_TESTS       the tests, likewise, separated by spaces: of `cargo test --workspace --no-run --features
#                     train`, the targets operations and gpu, or for --train the targets operations and train
#   IDDPM_LINES       the file of measurements, kept and added to: a comparison in several goes
set -euo pipefail
cd "$(dirname "$0")/.."

command="benches/compare.sh${*:+ $*}"
device=gpu train= tested=1 quick=
ours=() theirs=() cases=() rounds=2
while (($#)); do
    case $1 in
        --train) train=1 ;;
        --cpu) device=cpu theirs+=(--device cpu) ;;
        --small) ours+=(--small) ;;
        --quick) ours+=(--small) quick=1 rounds=1 ;;
        --untested) tested= ;;
        --rounds) rounds=$2 && shift ;;
        --modes) theirs+=(--modes "$2") && shift ;;
        -*) sed -n '2,/^set /s/^#[ ]\{0,1\}//p' "$0" && exit 2 ;;
        *) cases+=("$1") ;;
    esac
    shift
done

case $device${train:+-train} in
    gpu) bench=gpu features=gpu script=forward ;;
    cpu) bench=forward features=checkpoint,cpu,std script=forward ;;
    gpu-train) bench=train_step features=train script=train_step ours+=(--gpu) ;;
    cpu-train) bench=train_step features=train script=train_step ;;
esac

[[ -z $quick || $bench != gpu ]] || ours+=(--kernels)

python=${PYTHON:-python3}
[[ -n $quick ]] || "$python" -c 'import torch' || { echo "$python has no PyTorch: set PYTHON" >&2 && exit 1; }

run_bench() {
    if [[ -n ${IDDPM_BENCH:-} ]]; then
        "$IDDPM_BENCH" "${ours[@]}" "$@"
    else
        cargo bench --quiet --workspace --features "$features" --bench "$bench" -- "${ours[@]}" "$@"
    fi
}

# Each operation, then networks; of training, those tests that run on a GPU.
run_tests() {
    local target=${train:+train} filter=(${train:+gpu}) program
    : "${target:=gpu}"
    echo "== on this device: tests/operations, tests/$target"
    if [[ -n ${IDDPM_TESTS:-} ]]; then
        for program in $IDDPM_TESTS; do
            case ${program##*/} in
                train*) "$program" "${filter[@]}" ;;
                *) "$program" ;;
            esac || return
        done
    else
        cargo test --quiet --workspace --features train --test operations &&
            cargo test --quiet --workspace --features train --test "$target" -- "${filter[@]}"
    fi
}

if [[ $device == gpu && -n $tested ]]; then
    run_tests || { echo "the tests fail on this device: nothing is timed" >&2 && exit 1; }
fi
listed=$(run_bench --list)
((${#cases[@]})) || mapfile -t ${quick:+-n 1} cases <<<"$listed"
made=
if [[ -z ${IDDPM_LINES:-} ]]; then
    IDDPM_LINES=$(mktemp) made=$IDDPM_LINES
fi
IDDPM_LINES=$(realpath -m "$IDDPM_LINES") # cargo runs a benchmark in its package's folder
table=BENCHMARKS.md
if [[ -n $quick ]]; then
    table=$(mktemp)
fi
trap '[[ -z $made ]] || rm -f "$made"; [[ -z $quick ]] || rm -f "$table"' EXIT

for ((round = 1; round <= rounds; round++)); do
    for name in "${cases[@]}"; do
        echo "== round $round of $rounds: $name"
        run_bench --json "$IDDPM_LINES" "$name"
        [[ -n $quick ]] || "$python" "benches/pytorch/$script.py" "${theirs[@]}" "$IDDPM_LINES" "$name"
    done
done
"$python" benches/pytorch/tables.py "$IDDPM_LINES" "$table" --command "$command"
[[ -z $quick ]] || cat "$table"
