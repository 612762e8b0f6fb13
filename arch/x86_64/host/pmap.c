/* SPDX-License-Identifier: BSD-2-Clause */
/* pmap.c: build the host's page tables: an identity map in 2 MiB pages where rights allow, 4 KiB pages elsewhere. */
#include "pmap.h"
#include "cpu.h"
#include "lib/bootinfo.h"
#include "lib/str.h"
#include "page.h"
#include "port.h"

#define LARGE        (1ull << PT_SHIFT(2))
#define IDENTITY_END (1ull << 47) /* the lower canonical half */

extern u8 image_start[], text_end[], rodata_end[], image_end[], boot_stack_guard[];

static u64 *root;

static const u64 rights[] = {
    [PMAP_TEXT] = PTE_P,
    [PMAP_RODATA] = PTE_P | PTE_NX,
    [PMAP_DATA] = PTE_P | PTE_RW | PTE_NX,
    [PMAP_MMIO] = PTE_P | PTE_RW | PTE_NX | PTE_PCD | PTE_PWT,
};

static u64 *table_new(void)
{
    hpa_t frame;

    if (!port_frame_alloc(&frame))
        return NULL;
    return memset(port_map(frame), 0, PAGE_SIZE);
}

/* Replaces a 2 MiB leaf by a table of 512 pages that map the same. */
static bool split(u64 *leaf)
{
    u64 *t = table_new();

    if (!t)
        return false;
    for (unsigned i = 0; i < PT_ENTRIES; i++)
        t[i] = (*leaf & ~(u64)PTE_PS) + i * PAGE_SIZE;
    *leaf = (uintptr_t)t | PTE_P | PTE_RW;
    return true;
}

/* The entry of `level` for an address, tables above it made on the way. NULL: no frames. */
static u64 *entry(u64 at, int level)
{
    u64 *t = root;

    for (int l = 4; l > level; l--) {
        u64 *e = &t[pt_index(at, l)];

        if (*e & PTE_PS && !split(e))
            return NULL;
        if (!*e) {
            u64 *below = table_new();

            if (!below)
                return NULL;
            *e = (uintptr_t)below | PTE_P | PTE_RW;
        }
        t = (u64 *)(uintptr_t)(*e & PTE_ADDR);
    }
    return &t[pt_index(at, level)];
}

/* A table below a level-2 entry shows that someone wanted 4 KiB rights there: go page by page. */
static bool map(u64 start, u64 end, enum pmap_kind kind)
{
    if (end > IDENTITY_END || start > end)
        return false;
    for (u64 at = ROUND_DOWN(start, PAGE_SIZE); at < end;) {
        bool whole = !(at & (LARGE - 1)) && end - at >= LARGE;
        u64 *e = entry(at, 2);

        if (!e)
            return false;
        if (whole && (!*e || *e & PTE_PS)) {
            *e = at | rights[kind] | PTE_PS;
            at += LARGE;
            continue;
        }
        e = entry(at, 1);
        if (!e)
            return false;
        *e = at | rights[kind];
        at += PAGE_SIZE;
    }
    return true;
}

static bool map_image(void)
{
    return map((uintptr_t)image_start, (uintptr_t)text_end, PMAP_TEXT) &&
           map((uintptr_t)text_end, (uintptr_t)rodata_end, PMAP_RODATA) && pmap_guard(boot_stack_guard);
}

bool pmap_init(const struct boot_info *b)
{
    root = table_new();
    if (!root)
        return false;
    for (unsigned i = 0; i < b->ranges; i++) {
        const struct boot_range *r = &b->range[i];
        /* Page 0 stays away: a null pointer faults. */
        u64 start = MAX(r->start, PAGE_SIZE);

        if (r->ram && r->end > start && !map(start, r->end, PMAP_DATA))
            return false;
    }
    /* QEMU puts modules next to the end of RAM, where a page may be RAM in part only. */
    for (unsigned i = 0; i < b->modules; i++)
        if (!map(b->module[i].start, b->module[i].end, PMAP_DATA))
            return false;
    if (!map_image())
        return false;
    write_cr3((uintptr_t)root);
    return (uintptr_t)root < 4 * GiB;
}

hpa_t pmap_root(void)
{
    return (hpa_t){(uintptr_t)root};
}

bool pmap_mmio(hpa_t at, u64 bytes)
{
    return map(at.v, at.v + bytes, PMAP_MMIO);
}

bool pmap_guard(const void *page)
{
    u64 *e = entry((uintptr_t)page, 1);

    if (!e)
        return false;
    *e = 0;
    invlpg(page);
    return true;
}
