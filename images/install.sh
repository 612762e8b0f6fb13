#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# install.sh: what strangers use goes below $DESTDIR$PREFIX, or leaves it: `images/install.sh install|uninstall`.
#
# Headers of the ABI, a pkg-config file, the conformance image in both forms, its manual page.
set -u
cd "$(dirname "$0")/.." || exit 1

die() { echo "$verb: $*" >&2; exit 1; }

verb=${1-}
prefix=${PREFIX-/usr/local}
root=${DESTDIR-}$prefix
headers=(common/abi/*.h common/abi/conf.def)
images=(build/guest-conf.elf build/guest-conf.elf32)

# Lines of what is installed: from where, to where below the prefix.
list() {
    local f
    for f in "${headers[@]}"; do printf '%s\t%s\n' "$f" "include/faultline/${f##*/}"; done
    for f in "${images[@]}"; do printf '%s\t%s\n' "$f" "lib/faultline/${f##*/}"; done
    printf '%s\t%s\n' docs/faultline-conf.7 share/man/man7/faultline-conf.7
    printf '%s\t%s\n' - share/pkgconfig/faultline-abi.pc
}

pc() {
    cat <<END
prefix=$prefix
includedir=\${prefix}/include
conf_image=\${prefix}/lib/faultline/guest-conf.elf
conf_image32=\${prefix}/lib/faultline/guest-conf.elf32

Name: faultline-abi
Description: the ABI of KVM's asynchronous page faults and other paravirtual features, as headers
Version: 1
Cflags: "-I\${includedir}"
END
}

put() {
    local from=$1 to=$2 why
    if ! why=$(mkdir -p -- "${to%/*}" 2>&1); then
        die "cannot make ${to%/*}: ${why##*: }"
    fi
    if [ "$from" = - ]; then
        why=$(pc 2>&1 >"$to") 2>/dev/null && chmod 644 -- "$to" && return
    else
        why=$(install -m 644 -- "$from" "$to" 2>&1) && return
    fi
    die "cannot write $to: ${why##*: }"
}

take() {
    local why
    why=$(rm -f -- "$1" 2>&1) || die "cannot remove $1: ${why##*: }"
}

case $prefix in /*) ;; *) die "PREFIX must begin with /, and is '$prefix'" ;; esac
case $prefix in *[$'\n\t"$#\\']*) die "PREFIX holds what a pkg-config file cannot say: '$prefix'" ;; esac

case $verb in
install)
    while IFS=$'\t' read -r from _; do
        [ "$from" = - ] || [ -f "$from" ] || die "$from is missing: build it first (make install does)"
    done < <(list)
    while IFS=$'\t' read -r from to; do put "$from" "$root/$to" || exit 1; done < <(list)
    echo "installed below $root"
    ;;
uninstall)
    while IFS=$'\t' read -r _ to; do take "$root/$to" || exit 1; done < <(list)
    for folder in include/faultline lib/faultline; do
        [ ! -d "$root/$folder" ] || rmdir -- "$root/$folder" 2>/dev/null || die "$root/$folder has files of others"
    done
    ;;
*) die "usage: images/install.sh install|uninstall" ;;
esac
