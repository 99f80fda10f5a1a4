#!/bin/bash
# unpacked.sh NAME PACKAGE... : prints the folder where these packages of Debian lie, with all of what they depend on that
# the machine lacks, and unpacks them into it where they do not yet
#
# Nothing is installed, which could remove what is there. The folder is in a cache and keeps the list that it was unpacked
# of: another list under the same name is unpacked anew. Who asks while another unpacks it waits for that. Wants apt; with $APT_CONFIG it is apt as that file sets it up, and
# its lists of packages are fetched too.
set -euo pipefail
shopt -s inherit_errexit

folder=${IDDPM_CACHE:-$HOME/.cache/iddpm}/$1
shift
mkdir -p "$(dirname "$folder")"
exec 9>"$folder.lock"
flock 9
if [ "$(cat "$folder/packages.txt" 2>/dev/null)" != "$*" ]; then
    new=$folder.$$ debs=$folder.$$.debs
    trap 'rm -rf "$new" "$debs"' EXIT
    mkdir -p "$new" "$debs/partial"
    echo "unpacking $* into $folder" >&2
    options=(-y -qq --no-install-recommends -o APT::Sandbox::User=root -o Debug::NoLocking=1)
    [ -z "${APT_CONFIG:-}" ] || apt-get "${options[@]}" update
    apt-get "${options[@]}" -o Dir::Cache::archives="$debs" --download-only install "$@" >/dev/null
    for deb in "$debs"/*.deb; do
        # Without texts, and without the sources of a compiler whose `core` is what is built: a gigabyte of no use here.
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$new" --no-wildcards-match-slash \
            --exclude='./usr/share/doc' --exclude='./usr/share/man' \
            --exclude='./usr/src/rustc-*/src' --exclude='./usr/src/rustc-*/compiler'
    done
    echo "$*" >"$new/packages.txt"
    rm -rf "$folder"
    mv -T "$new" "$folder"
    rm -rf "$debs"
    trap - EXIT
fi
echo "$folder"
