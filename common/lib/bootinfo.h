/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bootinfo.h: what a boot loader hands over, in one form whatever the protocol.
 *
 * Everything small is copied, so that the loader's own structures may be overwritten; modules stay where they are. The
 * readers trust no length, count or address: all must lie inside the memory window they are given.
 */
#pragma once
#include "lib/types.h"

#define BOOT_CMDLINE_MAX 2048 /* bytes, terminator included */
#define BOOT_MODULES_MAX 4
#define BOOT_RANGES_MAX  128

struct boot_module {
    u64 start, end; /* physical */
    char cmdline[BOOT_CMDLINE_MAX];
};

/* Whole pages: RAM is cut to the pages it fills, anything else widened to those it touches. */
struct boot_range {
    u64 start, end;
    bool ram;
};

struct boot_info {
    char cmdline[BOOT_CMDLINE_MAX];
    struct boot_module module[BOOT_MODULES_MAX];
    unsigned modules;
    struct boot_range range[BOOT_RANGES_MAX];
    unsigned ranges;
    u64 rsdp; /* physical address of the ACPI root pointer; 0 = not told */
};

enum boot_error {
    BOOT_OK,
    BOOT_MAGIC,     /* the structure's own magic or size is wrong */
    BOOT_TRUNCATED, /* something reaches beyond the structure or the memory */
    BOOT_CMDLINE,   /* a command line is longer than BOOT_CMDLINE_MAX */
    BOOT_MODULES,   /* too many, or one that ends before it starts */
    BOOT_RANGES,    /* too many */
    BOOT_NO_MEMMAP, /* no RAM described */
};

const char *boot_strerror(enum boot_error e);

/* Physical memory as the reader may look at it: physical address p is at base + p, for p < bytes. */
struct boot_window {
    uintptr_t base;
    u64 bytes;
};

/* n bytes at a physical address, or NULL if they are not all inside. */
const void *boot_at(const struct boot_window *w, u64 paddr, u64 n);

/* For the readers of each protocol. */
enum boot_error boot_add_range(struct boot_info *b, u64 start, u64 size, bool ram) must_check;
enum boot_error boot_add_module(struct boot_info *b, u64 start, u64 end, struct boot_module **out) must_check;
/* A string of at most `room` readable bytes. */
enum boot_error boot_copy_cmdline(char to[BOOT_CMDLINE_MAX], const char *from, u64 room) must_check;
bool boot_has_ram(const struct boot_info *b);
