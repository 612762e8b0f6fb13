#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# iso.sh: put host and guest on a CD that GRUB boots: `images/iso.sh HOST GUEST OUT.iso HOST_ARGS GUEST_ARGS`.
#
# With '' as GUEST, HOST is a multiboot or multiboot2 image that boots alone. The arguments go into a GRUB script: they
# may hold what needs no quoting there (see `encode` in machine.py).
set -eu

[ $# -eq 5 ] || { echo "usage: images/iso.sh HOST GUEST OUT.iso HOST_ARGS GUEST_ARGS" >&2; exit 1; }
host=$1 guest=$2 out=$3 host_args=$4 guest_args=$5
die() { echo "iso: $*" >&2; exit 1; }

for args in "$host_args" "$guest_args"; do
    [[ $args =~ ^[A-Za-z0-9_.,:=%@+/~\ -]*$ ]] || die "'$args' holds a character that GRUB would not pass on"
done
for image in "$host" ${guest:+"$guest"}; do
    [ -f "$image" ] || die "no file '$image'"
done

work=$(mktemp -d)
tree=$work/tree
trap 'rm -rf "$work" "$out.tmp"' EXIT
trap 'exit 130' INT TERM HUP

mkdir -p "$tree/boot/grub"
cp "$host" "$tree/boot/host.elf"
template=grub-alone.cfg multiboot=multiboot
grub-file --is-x86-multiboot2 "$host" && multiboot=multiboot2
if [ -n "$guest" ]; then
    cp "$guest" "$tree/boot/guest.elf"
    template=grub.cfg
fi
config=$(cat "$(dirname "$0")/$template")
config=${config/@MULTIBOOT@/$multiboot}
config=${config/@HOST_ARGS@/"$host_args"}
config=${config/@GUEST_ARGS@/"$guest_args"}
echo "$config" >"$tree/boot/grub/grub.cfg"
said=$(TMPDIR="$work" grub-mkrescue -o "$out.tmp" "$tree" 2>&1) || die "grub-mkrescue failed: $said"
mv "$out.tmp" "$out"
