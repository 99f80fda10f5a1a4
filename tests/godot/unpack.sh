#!/bin/bash
# unpack.sh : prints the folder where Godot 3 lies, with and without windows, and unpacks it there where it does not yet
#
# Debian and Ubuntu have no Godot 4. What Godot needs and the machine lacks is unpacked beside it.
set -euo pipefail
shopt -s inherit_errexit

cache=${IDDPM_CACHE:-$HOME/.cache/iddpm}/godot
if [ ! -d "$cache" ]; then
    new=$cache.$$ debs=$cache.$$.debs
    trap 'rm -rf "$new" "$debs"' EXIT
    mkdir -p "$new" "$debs/partial"
    echo "unpacking godot3 and godot3-server into $cache" >&2
    apt-get install -y -qq --download-only --no-install-recommends -o APT::Sandbox::User=root \
        -o Dir::Cache::archives="$debs" -o Debug::NoLocking=1 godot3 godot3-server >/dev/null
    for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$new"; done
    mv -T "$new" "$cache"
    rm -rf "$debs"
    trap - EXIT
fi
echo "$cache"
