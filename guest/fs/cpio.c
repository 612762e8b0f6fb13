/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpio.c: newc archives: a header of hexadecimal digits, a name, the data; each begins at a multiple of 4 bytes.
 *
 * Source: Linux's Documentation/driver-api/early-userspace/buffer-format.rst. Of an entry only its header and its name
 * are touched: checksums (070702) are not verified, because that would read every page of the module.
 */
#include "cpio.h"
#include "lib/percent.h"
#include "lib/str.h"

#define HEADER_BYTES 110u
#define MAGIC_BYTES  6u
#define DIGITS       8u
#define ALIGN        4u
#define TRAILER      "TRAILER!!!"

enum field {
    INODE,
    MODE,
    UID,
    GID,
    LINKS,
    MTIME,
    FILE_BYTES,
    DEVICE_MAJOR,
    DEVICE_MINOR,
    RDEVICE_MAJOR,
    RDEVICE_MINOR,
    NAME_BYTES,
    CHECKSUM,
    FIELDS
};

_Static_assert(MAGIC_BYTES + FIELDS * DIGITS == HEADER_BYTES, "newc header");

bool cpio_is(const u8 *data, u64 bytes)
{
    return bytes >= MAGIC_BYTES &&
           (!memcmp(data, "070701", MAGIC_BYTES) || !memcmp(data, "070702", MAGIC_BYTES));
}

static enum cpio_result bad(struct cpio *c, u64 at, const char *wrong)
{
    c->at = at;
    c->wrong = wrong;
    return CPIO_BAD;
}

/* The offset of the first byte that is no digit; 0 if all are. */
static u64 read_fields(const u8 *header, u32 *field)
{
    for (u32 i = 0; i < FIELDS; i++) {
        field[i] = 0;
        for (u32 j = 0; j < DIGITS; j++) {
            u32 at = MAGIC_BYTES + i * DIGITS + j, v = hex_digit((char)header[at]);

            if (v >= 16)
                return at;
            field[i] = field[i] << 4 | v;
        }
    }
    return 0;
}

/* After TRAILER!!! come zeros, and perhaps another archive. */
static bool skip_padding(struct cpio *c)
{
    u64 end = c->at + MIN(c->bytes - c->at, CPIO_PADDING_MAX);

    while (c->at < end && !c->data[c->at])
        c->at++;
    return c->at < end;
}

enum cpio_result cpio_next(struct cpio *c, struct cpio_entry *e)
{
    const u8 *header;
    u64 start, left, wrong, data;
    u32 field[FIELDS];

    if (!c->begun && !skip_padding(c))
        return CPIO_END;
    header = c->data + c->at;
    start = c->at;
    left = c->bytes - start;
    if (c->begun && !left)
        return bad(c, start, "the archive ends without " TRAILER);
    if (!cpio_is(header, left))
        return bad(c, start, c->begun ? "no header of an entry" : "neither an archive nor zeros follow");
    if (left < HEADER_BYTES)
        return bad(c, start, "the archive ends inside a header");
    wrong = read_fields(header, field);
    if (wrong)
        return bad(c, start + wrong, "not a hexadecimal digit");
    if (!field[NAME_BYTES] || field[NAME_BYTES] > CPIO_NAME_MAX)
        return bad(c, start, "no name can be so long");
    data = MIN(ROUND_UP(start + HEADER_BYTES + field[NAME_BYTES], (u64)ALIGN), c->bytes);
    if (HEADER_BYTES + field[NAME_BYTES] > left || field[FILE_BYTES] > c->bytes - data)
        return bad(c, start, "the entry is longer than the module");
    if (header[HEADER_BYTES + field[NAME_BYTES] - 1])
        return bad(c, start + HEADER_BYTES, "the name is not terminated");
    *e = (struct cpio_entry){
        .inode = field[INODE],
        .mode = field[MODE],
        .links = field[LINKS],
        .mtime = field[MTIME],
        .device_major = field[DEVICE_MAJOR],
        .device_minor = field[DEVICE_MINOR],
        .name = (const char *)header + HEADER_BYTES,
        .data = c->data + data,
        .bytes = field[FILE_BYTES],
        .offset = start,
    };
    c->at = MIN(ROUND_UP(data + field[FILE_BYTES], (u64)ALIGN), c->bytes);
    c->begun = strcmp(e->name, TRAILER);
    return c->begun ? CPIO_ENTRY : CPIO_TRAILER;
}
