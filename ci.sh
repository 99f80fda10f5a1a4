#!/bin/bash
# ci.sh          : sets the machine up, then runs every check
# ci.sh NAME...  : runs the named checks only: also the campaign, which is among the tests, by itself, and `oldest`
#
# Each check is a function of this file. The first failure ends the run; a summary names it.
set -euo pipefail
shopt -s inherit_errexit
# Tests send signals: none is ignored, as nohup and others have it, which no shell takes back.
if [ "${1:-}" != --signals ]; then
    exec env --default-signal "$(realpath "$0")" --signals "$@"
fi
shift
cd "$(dirname "$0")"

CHECKS=(fmt clippy features test mesa26 examples studio c godot web no_alloc firmware cross package fuzz_smoke docs bench_build)
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
# Nothing here is built twice with a change between; a panic says its line without debug information too.
export CARGO_TARGET_DIR CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_RELEASE_DEBUG=0 PATH=$HOME/.cargo/bin:$PATH

# features_of : the crate's features but for those in the arguments, from its manifest
features_of() {
    sed -n '/^\[features\]/,/^\[dep/s/^\([a-z_]*\) = .*/\1/p' Cargo.toml | while read -r name; do
        case " default $* " in *" $name "*) ;; *) echo "$name" ;; esac
    done
}

# Installs what a fresh Debian or Ubuntu lacks; does nothing where all is there.
setup() {
    local sudo=() packages=(gcc g++ cmake mono-mcs mono-runtime libsdl2-dev chromium nodejs xvfb x11-apps xdotool unzip binutils file curl ca-certificates mesa-vulkan-drivers libvulkan1 libgl1 libgl1-mesa-dri)
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    export DEBIAN_FRONTEND=noninteractive
    "${sudo[@]}" apt-get update -qq # also for the packages that the firmware's check unpacks
    if ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
        "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    fi
    if ! command -v cargo >/dev/null; then
        curl -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal
    fi
    cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
    cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
    rustup toolchain list | grep -q '^nightly' || rustup toolchain install nightly --profile minimal
    rustup target add wasm32-unknown-unknown x86_64-pc-windows-gnu aarch64-unknown-linux-musl \
        s390x-unknown-linux-gnu 2>/dev/null
    cargo fuzz --version >/dev/null 2>&1 || cargo install cargo-fuzz --locked
    fetch &
}

# What later checks unpack, while those before them use the processor. Where it fails, they say so.
fetch() {
    local unpack
    for unpack in tests/{firmware,cross,godot}/unpacked.sh; do
        "$unpack" >/dev/null || true
    done
}

fmt() {
    local manifest
    for manifest in Cargo.toml {benches,fuzz,tests}/Cargo.toml tests/*/Cargo.toml \
        examples/{firmware,studio,godot,web,web/build,c/firmware/library}/Cargo.toml; do
        cargo fmt --check --manifest-path "$manifest"
    done
}

# A newcomer's first commands too, with the features they name and no others: what the tests of all features need would
# hide what they lack. With a GPU the package's check builds the first.
clippy() {
    cargo clippy --workspace --all-targets -- -D warnings
    cargo clippy --workspace --all-targets --all-features -- -D warnings
    cargo clippy --example sample --features run -- -D warnings
    cargo clippy --example trajectory --features std -- -D warnings
}

# Each feature alone, and none: imports go one way, and no feature leans on another. Then all that
# are for microcontrollers where nothing but core exists, on a core without atomic swaps.
features() {
    local feature
    for feature in '' $(features_of); do
        echo "feature: ${feature:-none}"
        cargo clippy -q --lib --no-default-features --features "$feature" -- -D warnings
    done
    echo "the network alone, on every core"
    cargo clippy -q --lib --features std,cpu -- -D warnings
    echo "training on the processor: without wgpu"
    [ -z "$(cargo tree -q -e normal --features train_cpu -i wgpu 2>/dev/null)" ]
    echo "all that need no heap, on core alone"
    tests/firmware/cargo-core.sh check -q --lib --target thumbv6m-none-eabi \
        --target-dir "$CARGO_TARGET_DIR/firmware" --features "$(features_of std alloc checkpoint data gpu run ffi train_cpu train evaluate torch | xargs)"
}

# defmt needs a target's logger to link: the firmware has one. Without std the network runs in plain loops.
# The campaign goes on for so many seconds a part. Browsers' compiler of WGSL judges where there is one.
test() {
    cargo test -q --workspace
    cargo test -q --workspace --features alloc,cpu --test golden_unet
    CAMPAIGN_SECONDS=${CAMPAIGN_SECONDS:-3} cargo test -q --workspace --features "$(features_of defmt | xargs)"
    if command -v tint >/dev/null; then
        cargo test -q --lib --features "$(features_of defmt | xargs)" -- --ignored tint
    else
        echo "no tint here: what browsers read was judged by naga alone"
    fi
}

# Among the tests; by itself it prints its counts: kills, signals, second writers, broken files and hostile
# values. CAMPAIGN_SECONDS=3600 ./ci.sh campaign goes on for hours.
campaign() {
    CAMPAIGN_SECONDS=${CAMPAIGN_SECONDS:-3} cargo test -q --workspace --features "$(features_of defmt | xargs)" \
        --test campaign -- --nocapture --test-threads=1
}

# software_vulkan : the description of Mesa's driver on the processor
software_vulkan() {
    find /usr/share/vulkan/icd.d -name 'lvp_icd*.json' | head -n 1
}

# What a newcomer runs, and that a table printed for flash is the one that was tested. As the tests have built them: alone
# they would be built of other features of what they need.
examples() {
    local out=$CARGO_TARGET_DIR/trajectory.png built=$CARGO_TARGET_DIR/debug/examples
    cargo build -q --workspace --examples --features "$(features_of defmt | xargs)"
    "$built/trajectory" --out "$out" --steps 10 --count 2
    file "$out" | grep -q 'PNG image data'
    "$built/flash_table" | diff tests/flash_table/cosine_4000_10.rs -
    out=$CARGO_TARGET_DIR/samples.png
    "$built/sample" --out "$out" --steps 10 --count 10
    file "$out" | grep -q 'PNG image data'
    # Where the only device is software, it is the processor, and it is said why.
    VK_DRIVER_FILES=$(software_vulkan) WGPU_BACKEND=vulkan "$built/sample" --out "$out" --steps 2 --count 1 |
        grep '^running on the CPU (.* is software, which is slower), '
    "$built/frames" --steps 4 | grep 'frames; milliseconds'
}

# The GPU tests once more, on a driver with more features.
mesa26() {
    tests/mesa26.sh --features "$(features_of defmt | xargs)"
}

# As the tests have built it, whose part is the window without a screen.
studio() {
    tests/studio/run.sh --workspace --features "$(features_of defmt | xargs)"
}

# These three, and `firmware`, beside `sample` as the tests have built it.
c() {
    tests/c/run.sh --workspace --features "$(features_of defmt | xargs)"
}

godot() {
    tests/godot/run.sh --workspace --features "$(features_of defmt | xargs)"
}

web() {
    tests/web/run.sh --workspace --features "$(features_of defmt | xargs)"
}

no_alloc() {
    tests/no_alloc/run.sh
}

firmware() {
    tests/firmware/run.sh --workspace --features "$(features_of defmt | xargs)"
}

# Pages, whose pointers have 32 bits, and Windows are compiled for; on 64-bit Arm and on a machine with the other
# order of bytes the library runs as well, and must write what it writes here.
cross() {
    local features unpacked
    features=$(features_of defmt | xargs)
    unpacked=$(tests/cross/unpacked.sh)
    PATH=$unpacked/usr/bin:$PATH cargo clippy -q --lib --target wasm32-unknown-unknown --target x86_64-pc-windows-gnu \
        --features "$features" -- -D warnings
    echo "wasm32-unknown-unknown and x86_64-pc-windows-gnu: compiles with $features"
    tests/cross/run.sh
}

package() {
    tests/package.sh
}

# The compiler that the manifest says is enough, for all that a user of the crate builds, which the window is not. In no
# list: it takes a compiler's download and minutes, and changes only with what the crate depends on.
oldest() {
    local version
    version=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml).0
    rustup toolchain list | grep -q "^$version-" || rustup toolchain install "$version" --profile minimal
    cargo "+$version" check -q -p iddpm --lib --examples --features "$(features_of | xargs)" \
        --target-dir "$CARGO_TARGET_DIR/oldest"
}

# Every target for some seconds from the kept corpus, whose folder is left as it is; each has one thread, so there are as
# many at once as there are cores.
fuzz_smoke() {
    rm -rf "$CARGO_TARGET_DIR/fuzz/corpus"
    mkdir -p "$CARGO_TARGET_DIR/fuzz"
    cp -r fuzz/corpus "$CARGO_TARGET_DIR/fuzz"
    cargo +nightly fuzz build --target-dir "$CARGO_TARGET_DIR/fuzz"
    cargo fuzz list | xargs -P "$(nproc)" -I {} tests/fuzz.sh {}
}

# As cargo doc builds it, and that the compiler of docs.rs still takes what is for it alone.
docs() {
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --all-features
    RUSTDOCFLAGS="-D warnings --cfg docsrs" cargo +nightly doc --no-deps --features std \
        --target-dir "$CARGO_TARGET_DIR/docsrs"
}

# Built as the tests are, which have built most of it: a release build takes minutes, and proves no more.
bench_build() {
    cargo build -q --workspace --benches --features "$(features_of defmt | xargs)"
}

if [ $# = 0 ]; then
    set -- setup "${CHECKS[@]}"
fi
for check; do
    case " setup campaign oldest ${CHECKS[*]} " in
        *" $check "*) ;;
        *) echo "ci.sh: no check is named $check, only: setup campaign oldest ${CHECKS[*]}" >&2 && exit 2 ;;
    esac
done

passed=() check=
summary() {
    local code=$?
    echo
    [ ${#passed[@]} = 0 ] || printf 'passed  %s\n' "${passed[@]}"
    [ $code = 0 ] || echo "FAILED  $check (exit $code)"
    exit $code
}
trap summary EXIT
for check; do
    echo "== $check"
    SECONDS=0
    "$check"
    echo "== $check: $SECONDS s"
    passed+=("$(printf '%-12s %4d s' "$check" "$SECONDS")")
done
