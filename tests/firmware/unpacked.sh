#!/bin/bash
# unpacked.sh : prints the folder where what the firmware is built with and run in lies: a compiler of Rust with the sources
# of its core, clang, which is half the size of GCC for Arm, and QEMU for Arm and RISC-V
exec "$(dirname "$0")/../unpacked.sh" firmware rustc-web rust-web-src cargo-web clang qemu-system-arm qemu-system-misc
