#!/bin/bash
# mesa26.sh [CARGO_OPTIONS] : runs the GPU tests on Mesa 26's software Vulkan, newer than what Debian 12 installs
#
# Its packages and the C library they want are unpacked under the target folder, nothing is installed.
# The older driver of the machine has few features, this one many: the tests run on both.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")/mesa26
libraries=$folder/root/usr/lib/x86_64-linux-gnu

# unpack : fetches from the mirror that this machine's own apt uses, with lists of its own
unpack() {
    local state=$folder/apt mirror key=/usr/share/keyrings/debian-archive-keyring.gpg package options
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    : >"$state/status"
    mirror=$(apt-get indextargets --format '$(SITE)' | grep -v security | head -n 1)
    for suite in trixie trixie-backports; do
        echo "deb [signed-by=$key] $mirror $suite main"
    done >"$state/sources.list"
    options=(-qq -y --no-install-recommends
        -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::State::Lists="$state/lists" -o Dir::State::status="$state/status"
        -o Dir::Cache="$state/cache" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
        -o Debug::NoLocking=1 -o APT::Sandbox::User=root)
    apt-get "${options[@]}" update
    apt-get "${options[@]}" --download-only -t trixie-backports install \
        mesa-vulkan-drivers libc6 libstdc++6 libgcc-s1 >/dev/null
    for package in "$state"/cache/archives/*.deb; do
        dpkg-deb -x "$package" "$folder/root"
    done
    rm -rf "$state"
}

if [ ! -x "$folder/run" ]; then
    rm -rf "$folder"
    unpack
    cat >"$folder/driver.json" <<EOF
{"file_format_version": "1.0.0", "ICD": {"library_path": "$libraries/libvulkan_lvp.so", "api_version": "1.4.0"}}
EOF
    cat >"$folder/run" <<EOF
#!/bin/sh
export VK_DRIVER_FILES=$folder/driver.json VK_ICD_FILENAMES=$folder/driver.json
exec $libraries/ld-linux-x86-64.so.2 --library-path $libraries "\$@"
EOF
    chmod +x "$folder/run"
fi
export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER=$folder/run
# It has cooperative matrices, f16 and subgroups: without them the tests fail.
export IDDPM_TEST_EXPECT_MATRICES=1
[ $# != 0 ] || set -- --features train
# How a host treats a device that is lost, full or its own is the same on each.
cargo test -q --workspace "$@" --test gpu --test operations -- --skip door:: --skip failures:: --skip host:: --skip polled::
# The golden networks are in f32, which the older driver has.
cargo test -q --workspace "$@" --test train gpu -- --skip golden
