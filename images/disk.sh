#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# disk.sh: make the GPT disk the host reads its module from and swaps to, and where it may save a VM:
# `images/disk.sh FILE OUT.img [SWAP_MIB [SAVE_MIB [MORE_FILE…]]]`.
#
#     1 MiB   data: FILE's bytes, padded to whole pages   1 MiB aligned   swap   save   data1 data2 …   1 MiB backup GPT
#
# FILE may be empty: then there is no data. OUT.img is kept while the files stay the same (path, size, time of change),
# and appears only when it is complete.
set -eu
PATH=$PATH:/usr/sbin:/sbin

[ $# -ge 2 ] || { echo "usage: images/disk.sh FILE OUT.img [SWAP_MIB [SAVE_MIB [MORE_FILE…]]]" >&2; exit 1; }
out=$2 swap_mib=${3:-256} save_mib=${4:-0}
files=("$1" "${@:5}")
die() { echo "disk: $*" >&2; exit 1; }

key="swap $swap_mib save $save_mib"
for file in "${files[@]}"; do
    [ -n "$file" ] || continue
    [ -f "$file" ] || die "no file '$file'"
    [ -r "$file" ] || die "may not read '$file'"
    [ -s "$file" ] || die "'$file' is empty"
    key+=" $(realpath "$file") $(stat -Lc '%s %.Y %i' "$file")"
done
[ ! -f "$out" ] || [ "$key" != "$(cat "$out.key" 2>/dev/null)" ] || exit 0

mib=$((1 << 20))
sectors_per_mib=$((mib / 512))
end=1 # MiB in use
parts=()

# partition NUMBER NAME SECTORS TYPE
partition() {
    parts+=(-n "$1:$((end * sectors_per_mib)):+$3" -c "$1:$2" -t "$1:$4")
    end=$((end + ($3 + sectors_per_mib - 1) / sectors_per_mib))
}

# data NUMBER NAME FILE
data() {
    local bytes
    [ -n "$3" ] || return 0
    bytes=$(stat -Lc %s "$3")
    copies+=("$end" "$3")
    partition "$1" "$2" $(((bytes + 4095) / 4096 * 8)) 8300
}

copies=() # MiB and file, in turn
data 1 data "${files[0]}"
partition 2 swap $((swap_mib * sectors_per_mib)) 8200
[ "$save_mib" = 0 ] || partition 3 save $((save_mib * sectors_per_mib)) 8300
for ((i = 1; i < ${#files[@]}; i++)); do
    data $((i + 3)) "data$i" "${files[i]}"
done

rm -f "$out.key"
tmp=$out.tmp.$$
trap 'rm -f "$tmp"' EXIT
trap 'exit 130' INT TERM HUP

truncate -s $((end + 1))M "$tmp" || die "cannot create '$tmp'"
sgdisk -o -a 8 "${parts[@]}" "$tmp" >/dev/null || die "sgdisk could not partition '$tmp'"
for ((i = 0; i < ${#copies[@]}; i += 2)); do
    file=${copies[i + 1]}
    megabytes=$(($(stat -Lc %s "$file") / mib))
    [ $megabytes -lt 256 ] || echo "disk: copying $megabytes MiB"
    dd if="$file" of="$tmp" bs=1M seek="${copies[i]}" conv=notrunc,sparse status=none ||
        die "could not copy '$file'; is the disk full?"
done
mv "$tmp" "$out"
echo "$key" >"$out.key"
