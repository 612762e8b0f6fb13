/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pages.c: a file's pages, found by their number: nine bits of it for each level of tables.
 *
 *     levels 0:  root -> page 0          levels 1:  root -> table -> pages 0..511          and so on
 */
#include "pages.h"
#include "lib/str.h"
#include "mem.h"

#define FAN_BITS 9
#define FAN      (1u << FAN_BITS)

_Static_assert(FAN * sizeof(void *) == PAGE_SIZE, "a table is a page");

static void *page_new(struct pages *t)
{
    void *page = mem_pages(1);

    if (page) {
        memset(page, 0, PAGE_SIZE);
        t->held++;
    }
    return page;
}

/* Puts tables on top until page n fits below; false if memory is out. */
static bool rise(struct pages *t, u64 n)
{
    for (; n >> FAN_BITS * t->levels; t->levels++) {
        void **table;

        if (!t->root)
            continue;
        table = page_new(t);
        if (!table)
            return false;
        table[0] = t->root;
        t->root = table;
    }
    return true;
}

/* Page n of the file; NULL if there is none, or none can be made. */
static u8 *page_of(struct pages *t, u64 n, bool make)
{
    void **at = &t->root;

    if (n >> FAN_BITS * t->levels && !(make && rise(t, n)))
        return NULL;
    for (u32 level = t->levels;; level--) {
        if (!*at && make)
            *at = page_new(t);
        if (!*at || !level)
            return *at;
        at = (void **)*at + (n >> FAN_BITS * (level - 1)) % FAN;
    }
}

size_t pages_read(const struct pages *t, void *buf, size_t n, u64 offset)
{
    size_t part;

    if (offset >= t->bytes)
        return 0;
    n = MIN(n, t->bytes - offset);
    for (size_t done = 0; done < n; done += part) {
        u64 at = offset + done;
        const u8 *page = page_of((struct pages *)t, at / PAGE_SIZE, false);

        part = MIN(n - done, PAGE_SIZE - at % PAGE_SIZE);
        if (page)
            memcpy((u8 *)buf + done, page + at % PAGE_SIZE, part);
        else
            memset((u8 *)buf + done, 0, part);
    }
    return n;
}

s64 pages_write(struct pages *t, const void *buf, size_t n, u64 offset)
{
    size_t done = 0, part;

    if (offset >= PAGES_BYTES_MAX)
        return n ? -E_FBIG : 0;
    n = MIN(n, PAGES_BYTES_MAX - offset);
    for (; done < n; done += part) {
        u64 at = offset + done;
        u8 *page = page_of(t, at / PAGE_SIZE, true);

        if (!page)
            break;
        part = MIN(n - done, PAGE_SIZE - at % PAGE_SIZE);
        memcpy(page + at % PAGE_SIZE, (const u8 *)buf + done, part);
    }
    if (done)
        t->bytes = MAX(t->bytes, offset + done);
    return done || !n ? (s64)done : -E_NOSPC;
}

/* Frees the pages from number `first` on of what hangs at *at. */
static void drop(struct pages *t, void **at, u32 levels, u64 first)
{
    if (!*at)
        return;
    if (levels) {
        u64 each = BIT(FAN_BITS * (levels - 1)), from = first / each;

        for (u64 i = from; i < FAN; i++)
            drop(t, (void **)*at + i, levels - 1, i == from ? first % each : 0);
    }
    if (!first) {
        mem_pages_free(*at, 1);
        *at = NULL;
        t->held--;
    }
}

int pages_resize(struct pages *t, u64 bytes)
{
    if (bytes > PAGES_BYTES_MAX)
        return -E_FBIG;
    if (bytes < t->bytes || !bytes) { /* an empty file has tables if a write far out found no more memory */
        u64 first = (bytes + PAGE_SIZE - 1) / PAGE_SIZE;
        u8 *last = bytes % PAGE_SIZE ? page_of(t, bytes / PAGE_SIZE, false) : NULL;

        if (last)
            memset(last + bytes % PAGE_SIZE, 0, PAGE_SIZE - bytes % PAGE_SIZE);
        if (!(first >> FAN_BITS * t->levels))
            drop(t, &t->root, t->levels, first);
        if (!t->root)
            t->levels = 0;
    }
    t->bytes = bytes;
    return 0;
}
