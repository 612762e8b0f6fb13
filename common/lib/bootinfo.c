/* SPDX-License-Identifier: BSD-2-Clause */
/* bootinfo.c: the parts of reading boot information that both protocols share. */
#include "lib/bootinfo.h"

const char *boot_strerror(enum boot_error e)
{
    switch (e) {
    case BOOT_OK:
        return "no error";
    case BOOT_MAGIC:
        return "wrong magic or size";
    case BOOT_TRUNCATED:
        return "reaches beyond its end or beyond memory";
    case BOOT_CMDLINE:
        return "command line too long";
    case BOOT_MODULES:
        return "too many modules, or one ends before it starts";
    case BOOT_RANGES:
        return "too many memory ranges";
    case BOOT_NO_MEMMAP:
        return "no memory map";
    }
    return "unknown error";
}

const void *boot_at(const struct boot_window *w, u64 paddr, u64 n)
{
    if (!paddr || n > w->bytes || paddr > w->bytes - n)
        return NULL;
    return (const void *)(w->base + (uintptr_t)paddr);
}

enum boot_error boot_add_range(struct boot_info *b, u64 start, u64 size, bool ram)
{
    u64 end = start + size < start ? ~PAGE_MASK : start + size;

    if (ram) {
        start = start > ~PAGE_MASK ? ~PAGE_MASK : ROUND_UP(start, PAGE_SIZE);
        end = ROUND_DOWN(end, PAGE_SIZE);
    } else {
        start = ROUND_DOWN(start, PAGE_SIZE);
        end = end > ~PAGE_MASK ? ~PAGE_MASK : ROUND_UP(end, PAGE_SIZE);
    }
    if (start >= end)
        return BOOT_OK;
    if (b->ranges == BOOT_RANGES_MAX)
        return BOOT_RANGES;
    b->range[b->ranges++] = (struct boot_range){start, end, ram};
    return BOOT_OK;
}

enum boot_error boot_add_module(struct boot_info *b, u64 start, u64 end, struct boot_module **out)
{
    if (b->modules == BOOT_MODULES_MAX || end < start)
        return BOOT_MODULES;
    *out = &b->module[b->modules++];
    (*out)->start = start;
    (*out)->end = end;
    (*out)->cmdline[0] = 0;
    return BOOT_OK;
}

enum boot_error boot_copy_cmdline(char to[BOOT_CMDLINE_MAX], const char *from, u64 room)
{
    for (u64 i = 0; i < BOOT_CMDLINE_MAX; i++) {
        if (i == room)
            return BOOT_TRUNCATED;
        to[i] = from[i];
        if (!from[i])
            return BOOT_OK;
    }
    return BOOT_CMDLINE;
}

bool boot_has_ram(const struct boot_info *b)
{
    for (unsigned i = 0; i < b->ranges; i++)
        if (b->range[i].ram)
            return true;
    return false;
}
