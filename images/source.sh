#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# source.sh: fetch the source that Debian's pool keeps of a program: `images/source.sh NAME`.
#
# Prints the path of the tarball, which stays in build/source. The mirrors asked are those that apt is set up with; what
# they give must have the checksum below. Exit status 3: no mirror has it.
set -eu

# name: sha256, path in the pool
declare -A sources=(
    [picolibc]='d1fc2a20f217472f8d9da084a519a25678e8d91852a41c7f3f1840d3508f7163 picolibc/picolibc_1.8.10.orig.tar.gz'
    [lua]='9fbf5e28ef86c69858f6d3d34eccc32e911c1a28b4120ff3e84aaa70cfbf1e30 lua5.4/lua5.4_5.4.7.orig.tar.gz'
    [wesnoth]='e15db3caf446d91d389fc275f10c1a9e7ca3c6176c3b8ce94f5ee4a7a0c81bd6 '\
'wesnoth-1.18/wesnoth-1.18_1.18.5.orig.tar.bz2'
    [sqlite]='aaa776260ab4dc976db34aa7891819484c8676b5b2783123ebc6301e2ca5d655 sqlite3/sqlite3_3.40.1.orig.tar.xz'
)
place=build/source
helper=/usr/lib/apt/apt-helper

die() { echo "source: $2" >&2; exit "$1"; }

[ $# = 1 ] && [ -n "${sources[$1]-}" ] || die 1 "usage: images/source.sh NAME, one of: ${!sources[*]}"
read -r sum path <<<"${sources[$1]}"
file=$place/${path##*/}

is_it() { echo "$sum  $1" | sha256sum --check --status 2>/dev/null; }

# Debian's own first; a mirror of which apt has no list yet is taken at its word.
mirrors() {
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' |
        sed -n 's/^Debian //p; s/^ *\(http.*\)/\1/p' | awk '!seen[$0]++'
}

if ! is_it "$file"; then
    [ -x $helper ] || die 3 "$1 comes from Debian's pool by apt, which this machine has not"
    mkdir -p $place
    for mirror in $(mirrors); do
        echo "source: fetching ${file##*/}" >&2
        rm -f "$file.part"
        if timeout 300 $helper -o APT::Sandbox::User=root -qq download-file "${mirror}pool/main/${path:0:1}/$path" \
            "$file.part" "SHA256:$sum" >&2; then
            mv "$file.part" "$file"
            break
        fi
    done
    is_it "$file" || die 3 "no mirror of Debian's has ${file##*/} with sha256 $sum"
fi
echo "$file"
