#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# disk.sh: make the GPT disk the host reads its module from and swaps to, and where it may save a VM:
# `images/disk.sh FILE OUT.img [SWAP_MIB [SAVE_MIB]]`.
#
#     1 MiB     data: FILE's bytes, padded to whole pages     1 MiB aligned     swap     save     1 MiB backup GPT
#
# OUT.img is kept while FILE stays the same (path, size, time of change), and appears only when it is complete.
set -eu
PATH=$PATH:/usr/sbin:/sbin

[ $# -ge 2 ] || { echo "usage: images/disk.sh FILE OUT.img [SWAP_MIB [SAVE_MIB]]" >&2; exit 1; }
file=$1 out=$2 swap_mib=${3:-256} save_mib=${4:-0}
die() { echo "disk: $*" >&2; exit 1; }

[ -f "$file" ] || die "no file '$file'"
[ -r "$file" ] || die "may not read '$file'"
bytes=$(stat -Lc %s "$file")
[ "$bytes" -gt 0 ] || die "'$file' is empty"

key="$(realpath "$file") $(stat -Lc '%s %.Y %i' "$file") swap $swap_mib save $save_mib"
[ ! -f "$out" ] || [ "$key" != "$(cat "$out.key" 2>/dev/null)" ] || exit 0

mib=$((1 << 20))
sectors_per_mib=$((mib / 512))
data_mib=$(((bytes + mib - 1) / mib))
data_sectors=$(((bytes + 4095) / 4096 * 8))
swap_first=$(((1 + data_mib) * sectors_per_mib))
save_first=$((swap_first + swap_mib * sectors_per_mib))
save=()
[ "$save_mib" = 0 ] || save=(-n "3:$save_first:+$((save_mib * sectors_per_mib))" -c 3:save -t 3:8300)

rm -f "$out.key"
tmp=$out.tmp.$$
trap 'rm -f "$tmp"' EXIT
trap 'exit 130' INT TERM HUP

truncate -s $((data_mib + swap_mib + save_mib + 2))M "$tmp" || die "cannot create '$tmp'"
sgdisk -o -a 8 -n 1:$sectors_per_mib:+$data_sectors -c 1:data -t 1:8300 \
    -n 2:$swap_first:+$((swap_mib * sectors_per_mib)) -c 2:swap -t 2:8200 "${save[@]}" "$tmp" >/dev/null ||
    die "sgdisk could not partition '$tmp'"
[ "$bytes" -lt $((256 * mib)) ] || echo "disk: copying $data_mib MiB"
dd if="$file" of="$tmp" bs=1M seek=1 conv=notrunc,sparse status=none || die "could not copy '$file'; is the disk full?"
mv "$tmp" "$out"
echo "$key" >"$out.key"
