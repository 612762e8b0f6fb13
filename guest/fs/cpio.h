/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpio.h: read an archive in the format that initramfs tools write (newc), entry by entry, where it lies.
 *
 *     struct cpio c = {.data = …, .bytes = …};
 *     while (cpio_next(&c, &e) == CPIO_ENTRY)
 *         …e…
 */
#pragma once
#include "lib/types.h"

#define CPIO_PADDING_MAX (64 * KiB) /* zeros between two archives; more of them are the end */
#define CPIO_NAME_MAX    4096       /* with its NULs; Linux takes no longer ones */

struct cpio {
    const u8 *data;
    u64 bytes;
    u64 at;            /* the next header; after CPIO_BAD: where it is wrong … */
    const char *wrong; /* … and what */
    bool begun;        /* inside an archive, whose TRAILER!!! is to come */
};

struct cpio_entry {
    u32 inode, mode, links, mtime, device_major, device_minor;
    const char *name; /* terminated */
    const u8 *data;
    u64 bytes;
    u64 offset; /* of its header */
};

#define CPIO_MODE_TYPE 0170000u
#define CPIO_MODE_LINK 0120000u
#define CPIO_MODE_FILE 0100000u
#define CPIO_MODE_DIR  0040000u

/* CPIO_TRAILER: one archive is over, inode numbers have a new meaning. CPIO_END: so are all of them. */
enum cpio_result { CPIO_ENTRY, CPIO_TRAILER, CPIO_END, CPIO_BAD };

/* Does it begin like one? */
bool cpio_is(const u8 *data, u64 bytes);
enum cpio_result cpio_next(struct cpio *c, struct cpio_entry *e);
