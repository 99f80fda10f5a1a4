#!/bin/bash
# mesa26.sh [CARGO_OPTIONS] : runs the GPU tests on Mesa 26's software Vulkan, newer than what Debian 12 installs
#
# The older driver of the machine has few features, this one many: the tests run on both.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")/mesa26
mkdir -p "$folder"/{lists/partial,cache}

# apt for a newer Debian on which nothing is installed, so that the C library comes too; from the mirror that this
# machine's own apt uses.
mirror=$(apt-get indextargets --format '$(SITE)' | grep -v security | head -n 1)
for suite in trixie trixie-backports; do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
done >"$folder/sources.list"
: >"$folder/status"
cat >"$folder/apt.conf" <<EOF
APT::Default-Release "trixie-backports";
Dir::Etc::sourcelist "$folder/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::Lists "$folder/lists";
Dir::State::status "$folder/status";
Dir::Cache "$folder/cache";
EOF
unpacked=$(APT_CONFIG=$folder/apt.conf tests/unpacked.sh mesa26 mesa-vulkan-drivers libc6 libstdc++6 libgcc-s1)

libraries=$unpacked/usr/lib/x86_64-linux-gnu
cat >"$folder/driver.json" <<EOF
{"file_format_version": "1.0.0", "ICD": {"library_path": "$libraries/libvulkan_lvp.so", "api_version": "1.4.0"}}
EOF
cat >"$folder/run" <<EOF
#!/bin/sh
export VK_DRIVER_FILES=$folder/driver.json VK_ICD_FILENAMES=$folder/driver.json
exec $libraries/ld-linux-x86-64.so.2 --library-path $libraries "\$@"
EOF
chmod +x "$folder/run"
export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER=$folder/run
# It has cooperative matrices, f16 and subgroups: without them the tests fail.
export IDDPM_TEST_EXPECT_MATRICES=1
[ $# != 0 ] || set -- --features train
# How a host treats a device that is lost, full or its own is the same on each, and how a run is cut, saved and shown; what of
# that goes by kernels is in `ways`.
cargo test -q --workspace "$@" --test gpu --test operations -- --skip ahead:: --skip door:: --skip failures:: --skip frames:: \
    --skip free_runs:: --skip host:: --skip polled:: --skip steered:: --skip textures::
# The golden networks are in f32, which the older driver has.
cargo test -q --workspace "$@" --test train gpu -- --skip golden
