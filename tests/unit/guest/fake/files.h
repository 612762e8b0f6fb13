/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * files.h: what guest/fs asks of the kernel, faked: pages that may run out, locks that know who holds them, a console.
 */
#pragma once
#include "guest.h"

#define FAKE_FILES_DATE 1700000000000000000ull /* when `now` is 0 */

extern struct fake_files {
    size_t pages_left;  /* that mem_pages() may give out yet */
    size_t pages_out;   /* that it has given out */
    int locks;          /* that are held */
    char console[4096]; /* what was written there */
    size_t console_len;
    const char *typed; /* what can be read there */
    u64 now;
    bool no_chance; /* the machine has no random numbers */
} fake_files;

/* As many pages as anybody wants; nothing is held. What was given out stays so. */
void fake_files_reset(void);

/* An archive in the making: entries are put behind one another. */
struct archive {
    u8 data[64 * KiB];
    size_t bytes;
};

#define ARCHIVE_FILE 0100644u
#define ARCHIVE_DIR  0040755u
#define ARCHIVE_LINK 0120777u

/* links: how many names the inode has. Returns the offset of the header. */
size_t archive_add_linked(struct archive *a, const char *name, u32 mode, const void *data, size_t n,
                          u32 inode, u32 links);
size_t archive_add(struct archive *a, const char *name, u32 mode, const char *text);
void archive_end(struct archive *a);
/* Makes a copy of just this size the next boot module, so that no byte outside may be touched. */
void archive_boot(const void *data, size_t bytes, const char *name);
/* No boot modules any more. */
void archive_unboot(void);
