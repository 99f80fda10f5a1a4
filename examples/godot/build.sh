#!/bin/bash
# build.sh [OPTION...] : builds the library of the node and puts it and the model where the demo project looks for them:
# project/addons/iddpm, which is then all that another project needs. Options are cargo's: `--features gpu`.
set -euo pipefail
cd "$(dirname "$0")"

# As Godot names them.
case $(uname -m) in
    x86_64) machine=x86_64 ;;
    aarch64 | arm64) machine=arm64 ;;
    *) echo "build.sh: iddpm.gdextension names no library for $(uname -m)" >&2 && exit 1 ;;
esac
case $(uname -s) in
    Linux) built=libiddpm_godot.so named=libiddpm_godot.linux.$machine.so ;;
    Darwin) built=libiddpm_godot.dylib named=libiddpm_godot.macos.$machine.dylib ;;
    MINGW* | MSYS*) built=iddpm_godot.dll named=iddpm_godot.windows.$machine.dll ;;
    *) echo "build.sh: iddpm.gdextension names no library for $(uname -s)" >&2 && exit 1 ;;
esac

cargo build --release "$@"
addon=project/addons/iddpm
mkdir -p $addon/bin
cp "${CARGO_TARGET_DIR:-target}/release/$built" "$addon/bin/$named"
cp ../assets/sprites32.safetensors $addon
# What the editor writes when a project is opened: without it Godot knows of no extension.
mkdir -p project/.godot
echo res://addons/iddpm/iddpm.gdextension >project/.godot/extension_list.cfg
echo "$addon/bin/$named: $(wc -c <"$addon/bin/$named") bytes"
