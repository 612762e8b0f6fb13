/* SPDX-License-Identifier: BSD-2-Clause */
/* gpt.c: validate a GUID partition table and look a name up in it. */
#include "lib/gpt.h"
#include "lib/crc32.h"
#include "lib/str.h"

#define GPT_SIGNATURE     "EFI PART"
#define GPT_HEADER_MIN    92
#define GPT_ENTRY_MIN     128
#define GPT_ENTRIES_BYTES (64 * KiB) /* a bound for reading; the usual table has 16 KiB */
#define GPT_NAME_UNITS    36

struct gpt_header {
    u8 signature[8];
    u32 revision, header_size, header_crc, reserved;
    u64 my_lba, alternate_lba, first_usable, last_usable;
    u8 disk_guid[16];
    u64 entries_lba;
    u32 entries, entry_size, entries_crc;
} __attribute__((packed));

struct gpt_entry {
    u8 type[16], id[16];
    u64 first, last, attributes;
    u16 name[GPT_NAME_UNITS];
};

_Static_assert(sizeof(struct gpt_header) == GPT_HEADER_MIN, "GPT header");
_Static_assert(sizeof(struct gpt_entry) == GPT_ENTRY_MIN, "GPT entry");

static enum gpt_error read_header(const struct gpt_disk *d, u64 lba, struct gpt_header *h)
{
    u8 block[GPT_BLOCK_MAX];
    u64 bytes;
    u32 crc;

    if (!d->read(d->context, lba, block))
        return GPT_READ;
    memcpy(h, block, sizeof(*h));
    if (memcmp(h->signature, GPT_SIGNATURE, sizeof(h->signature)) || h->my_lba != lba ||
        h->header_size < GPT_HEADER_MIN || h->header_size > d->block_size)
        return GPT_NO_TABLE;
    crc = h->header_crc;
    memset(block + offsetof(struct gpt_header, header_crc), 0, sizeof(crc));
    if (crc32(0, block, h->header_size) != crc)
        return GPT_NO_TABLE;
    /* An entry is 128 * 2^n bytes, so none crosses a block. */
    if (h->entry_size < GPT_ENTRY_MIN || h->entry_size > d->block_size || h->entry_size & (h->entry_size - 1))
        return GPT_NO_TABLE;
    bytes = (u64)h->entries * h->entry_size;
    if (!h->entries || bytes > GPT_ENTRIES_BYTES || h->entries_lba >= d->blocks ||
        ROUND_UP(bytes, (u64)d->block_size) / d->block_size > d->blocks - h->entries_lba)
        return GPT_NO_TABLE;
    return GPT_OK;
}

static bool name_is(const struct gpt_entry *e, const char *name)
{
    unsigned i = 0;

    for (; i < GPT_NAME_UNITS && name[i]; i++)
        if (e->name[i] != (u8)name[i])
            return false;
    return !name[i] && (i == GPT_NAME_UNITS || !e->name[i]);
}

static bool entry_used(const struct gpt_entry *e)
{
    for (unsigned i = 0; i < sizeof(e->type); i++)
        if (e->type[i])
            return true;
    return false;
}

/* Reads all entries even after the name is found: only the whole table's checksum makes one believable. */
static enum gpt_error search(const struct gpt_disk *d, const struct gpt_header *h, const char *name,
                             struct gpt_partition *out)
{
    u64 left = (u64)h->entries * h->entry_size;
    enum gpt_error found = GPT_NO_NAME;
    u8 block[GPT_BLOCK_MAX];
    u32 crc = 0;

    for (u64 lba = h->entries_lba; left; lba++) {
        u32 n = (u32)MIN(left, (u64)d->block_size);

        if (!d->read(d->context, lba, block))
            return GPT_READ;
        crc = crc32(crc, block, n);
        for (u32 at = 0; at < n && found == GPT_NO_NAME; at += h->entry_size) {
            struct gpt_entry e;

            memcpy(&e, block + at, sizeof(e));
            if (!entry_used(&e) || !name_is(&e, name))
                continue;
            found = e.first <= e.last && e.last < d->blocks ? GPT_OK : GPT_RANGE;
            *out = (struct gpt_partition){.first = e.first, .blocks = e.last - e.first + 1};
        }
        left -= n;
    }
    return crc == h->entries_crc ? found : GPT_NO_TABLE;
}

static enum gpt_error find_at(const struct gpt_disk *d, u64 lba, const char *name, struct gpt_partition *out)
{
    struct gpt_header h;
    enum gpt_error e = read_header(d, lba, &h);

    return e ? e : search(d, &h, name, out);
}

enum gpt_error gpt_find(const struct gpt_disk *d, const char *name, struct gpt_partition *out)
{
    enum gpt_error first, second;

    if (d->blocks < 2 || d->block_size > GPT_BLOCK_MAX)
        return GPT_NO_TABLE;
    first = find_at(d, 1, name, out);
    if (first != GPT_NO_TABLE && first != GPT_READ)
        return first;
    second = find_at(d, d->blocks - 1, name, out);
    return second == GPT_NO_TABLE ? first : second;
}

const char *gpt_strerror(enum gpt_error e)
{
    switch (e) {
    case GPT_OK:
        return "no error";
    case GPT_READ:
        return "the disk cannot be read";
    case GPT_NO_TABLE:
        return "no GUID partition table";
    case GPT_NO_NAME:
        return "no partition of this name";
    case GPT_RANGE:
        return "the partition reaches beyond the disk";
    }
    return "unknown error";
}
