#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# deps.sh: see that Debian's packages for the named purposes are installed: `images/deps.sh run|grub|test …`.
#
# Root gets what is missing by apt-get; anybody else gets the command to type. Silent when there is nothing to do.
set -u

declare -A packages=(
    [build]='make gcc binutils libc6-dev'
    [run]='make gcc binutils libc6-dev python3 xz-utils newlib-source meson ninja-build qemu-system-x86 gdisk'
    [sql]='tcl sqlite3'
    [grub]='grub-common grub-pc-bin xorriso mtools'
    [bochs]='bochs bochs-term bochsbios vgabios'
    [conf]='gcc libc6-dev python3 qemu-system-x86'
    [test]='bzip2 libcmocka-dev nbdkit pkg-config groff-base cpio'
)

say() { echo "deps: $*"; }
die() { echo "deps: $*" >&2; exit 1; }

wanted=()
for purpose in "$@"; do
    [ -n "${packages[$purpose]-}" ] || die "no purpose '$purpose'; there are: ${!packages[*]}"
    read -ra list <<<"${packages[$purpose]}"
    wanted+=("${list[@]}")
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    die "this is no Debian system; install what these Debian 12 packages hold, then build with DEPS=no: ${wanted[*]}"
fi

installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null)
missing=()
for package in "${wanted[@]}"; do
    [[ $'\n'$installed$'\n' == *$'\n'"installed $package"$'\n'* ]] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    die "packages are missing. Type this, then try again:
    sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}"
fi

# apt VERB ARGS…: its milestones on the terminal, all of it in build/deps.log.
apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@" 2>&1 | tee -a build/deps.log |
        grep --line-buffered -E '^(Get:|Unpacking|Setting up|E:|Err:)' | cut -c1-110
    return "${PIPESTATUS[0]}"
}

# A package that the lists do not know, or that has moved on since they were fetched, needs fresh lists.
mkdir -p build
say "installing ${missing[*]} (log in build/deps.log)"
if ! apt-cache show "${missing[@]}" >/dev/null 2>&1 || ! apt install --no-install-recommends "${missing[@]}"; then
    say "fetching new package lists"
    apt update || say "some lists could not be fetched; trying with those there are"
    apt install --no-install-recommends "${missing[@]}" ||
        die "could not install ${missing[*]}; the whole log is build/deps.log"
fi
say "installed ${missing[*]}"
