#!/bin/bash
# package.sh : the crate as it is published: nothing that its README names or its texts link to is missing, and the
# README's first command draws there
#
# It lies outside of the repository, as a user's does, in one folder, so that what it is built of is built once.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
repository=$PWD
export CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
folder=${IDDPM_CACHE:-$HOME/.cache/iddpm}/package
# What the README says is in the repository alone.
ABSENT=" ci.sh examples/assets/paper/paper.md benches fuzz examples/firmware examples/firmware/digits16_4_steps.safetensors examples/studio examples/godot examples/godot/build.sh examples/godot/project examples/web examples/web/build/Cargo.toml examples/web/fish "

die() {
    echo "package: $*" >&2
    exit 1
}

cargo package -q -p iddpm --allow-dirty --no-verify
rm -rf "$folder"
mkdir -p "$folder"
# As new, or what was built of another package of this time would be taken for it.
tar -xzmf "$(ls -t "$CARGO_TARGET_DIR"/package/iddpm-*.crate | head -n 1)" -C "$folder" --strip-components 1
cd "$folder"

links=0
while IFS=: read -r text link; do
    [ -e "$(dirname "$text")/$link" ] || die "$text links to $link, which is not in the package"
    links=$((links + 1))
done < <(find . -name '*.md' -exec grep -oHP '\]\(\K(?!https?:)[^)#]+' {} +)
[ $links -gt 0 ] || die "no link was found: this check looks for them in another way than they are written"

for word in $(grep -oE '[A-Za-z0-9_./-]+' README.md | sed 's:^\./::; s:[./]*$::' | sort -u); do
    if [ -e "$repository/$word" ] && [ ! -e "$word" ] && [[ "$ABSENT" != *" $word "* ]] &&
        git -C "$repository" ls-files --error-unmatch "$word" >/dev/null 2>&1; then
        die "the README names $word, which is not in the package"
    fi
done

command=$(grep -m 1 -o '^cargo run --example sample [^#]*[^# ]' README.md)
# shellcheck disable=SC2086 # its words
${command/run/run -q} -- --steps 2 --count 1 --out drawn.png
file drawn.png | grep -q 'PNG image data' || die "'$command' drew no picture"
echo "$(find . -type f | wc -l) files, $links links; '$command' draws"
