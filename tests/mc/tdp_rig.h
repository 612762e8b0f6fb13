/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_rig.h: the product's tree in small: tables of two entries, a few pages, and a CPU that walks it as hardware does.
 *
 * The walker remembers tables and translations until the next flush, sets accessed and dirty bits by locked operations,
 * and is in the guest during a walk: flush_all() waits for it to leave and then empties its memory, in one step. That
 * this is what the real one achieves is t_flush.c's claim; RIG_OWN_FLUSH leaves it to the program. The format is NPT's,
 * or with RIG_S2 stage 2's.
 */
#pragma once
#define TDP_INDEX_BITS 1u
#define TDP_ROOTS      2
#ifdef RIG_S2
#include "tdp_s2.c"
#define RIG_OPS  tdp_s2
#define HW_VALID S2_VALID
#else
#include "tdp_npt.c"
#define RIG_OPS  tdp_npt
#define HW_VALID NPT_P
#endif
#include "tdp.c"
#include "tdp_root.c"
#define place nx_place /* it and tdp_root.c each have one */
#include "nx.c"
#undef place
#include "epoch.c"
#include "mc.h"

#define CPUS   4u
#define PAGES  10u /* for tables; hpa of page i is (i + 1) << 12 */
#define LEVELS 4u
#define GFNS   4u /* that the walker goes to: two tables of leaves */

static u64 page[PAGES][TDP_ENTRIES];
static u32 page_state[PAGES]; /* ghost */
enum { PAGE_SPARE, PAGE_USED, PAGE_FREED };

static struct epoch epoch;
static struct tdp tdp;
static struct tdp_cache cache[CPUS];

/* ---- What the tree says and wants ---- */

static u32 told[GFNS]; /* how often a page was told dirty */
static u32 flushes;

/* The walker: its paging-structure cache, its TLB; and whether it is in the guest. */
static u32 in_guest;
static hpa_t psc[LEVELS]; /* [l]: the table of level l on the way to gfn 0 and 1 */
static struct {
    u64 pfn; /* 0: none */
    bool write, dirty;
} tlb[GFNS];

static u32 frame_freed;    /* bit per pfn below 32: its owner has it back */
static bool written[GFNS]; /* the guest wrote there since it was last told dirty or harvested */

void tdp_dirtied(struct vm *vm, gfn_t start, u64 pages)
{
    (void)vm;
    for (u64 g = start.v; g < start.v + pages && g < GFNS; g++)
        told[g]++;
}

static void forget_translations(void)
{
    for (u32 i = 0; i < LEVELS; i++)
        psc[i].v = 0;
    for (u32 i = 0; i < GFNS; i++)
        tlb[i].pfn = 0;
}

#ifndef RIG_OWN_FLUSH
void flush_all(struct vm *vm)
{
    (void)vm;
    while (at_load(&in_guest))
        at_relax();
    forget_translations();
    flushes++;
}

void flush_roots(struct vm *vm)
{
    flush_all(vm);
}
#endif

unsigned port_cpu(void)
{
    return mc_self();
}

unsigned port_cpu_count(void)
{
    return CPUS;
}

void port_panic(const char *invariant, const char *file, int line)
{
    (void)file;
    (void)line;
    mc_stop(invariant);
}

void *port_map(hpa_t at)
{
    return page[at.v / PAGE_SIZE - 1];
}

bool port_frame_alloc(hpa_t *out)
{
    for (u32 i = 0; i < PAGES; i++)
        if (page_state[i] == PAGE_SPARE) {
            page_state[i] = PAGE_USED;
            out->v = (i + 1) * PAGE_SIZE;
            return true;
        }
    return false;
}

/* H-C-8: no CPU may remember the table. Whoever still reads it finds a leaf that maps a frame of others. */
#define FRAME_OF_OTHERS 31u
#define OTHERS \
    ((u64)FRAME_OF_OTHERS << 12 | fmt.leaf[0] | fmt.present | fmt.write | fmt.may_write | fmt.accessed)
void port_frame_free(hpa_t at)
{
    u32 i = (u32)(at.v / PAGE_SIZE - 1);

    mc_check(page_state[i] == PAGE_USED, "a table is freed twice");
    page_state[i] = PAGE_FREED;
    for (u32 l = 0; l < LEVELS; l++)
        mc_check(psc[l].v != at.v, "a table is freed that a CPU may still walk");
    for (u32 k = 0; k < TDP_ENTRIES; k++)
        page[i][k] = OTHERS;
}

/* ---- The walker ---- */

static void use(u64 gfn, bool write)
{
    mc_check(tlb[gfn].pfn != FRAME_OF_OTHERS && !(frame_freed & 1u << tlb[gfn].pfn),
             "the guest uses a freed frame");
    if (write)
        written[gfn] = true;
}

enum hw_result { HW_DONE, HW_FAULT, HW_AGAIN };

/* If the leaf *slot allows the access, set what hardware sets. */
static enum hw_result hw_leaf(u64 *slot, u64 seen, u64 gfn, u32 level, bool write)
{
    u64 want = seen | fmt.accessed | (write ? fmt.dirty : 0);

    if (!(seen & HW_VALID) || (write && !tdp_writable(seen)))
        return HW_FAULT;
    if (want != seen && !at_cas(slot, &seen, want))
        return HW_AGAIN;
    tlb[gfn].pfn = tdp_pfn(seen) + (gfn & ((1u << level) - 1));
    tlb[gfn].write = tdp_writable(seen);
    tlb[gfn].dirty = want & fmt.dirty;
    use(gfn, write);
    return HW_DONE;
}

/* One walk, from the lowest table that is remembered; those for gfns 0 and 1 are. */
static enum hw_result hw_walk(u64 gfn, bool write)
{
    u32 level = LEVELS - 1;
    u64 *table = port_map((hpa_t){at_load(&tdp.root[0].table.v)});

    for (u32 l = 0; gfn < 2 && l < LEVELS - 1; l++)
        if (psc[l].v) {
            level = l;
            table = port_map(psc[l]);
            break;
        }
    for (;; level--) {
        u64 *slot = &table[gfn >> level & 1], e = at_load(slot);

        if (!(e & HW_VALID) || !tdp_is_table(e, level))
            return hw_leaf(slot, e, gfn, level, write);
        mc_check((e & fmt.table) == fmt.table, "C2-6: hardware would have to set a bit in a table's entry");
        table = tdp_table(e);
        if (gfn < 2)
            psc[level - 1] = pfn_hpa((pfn_t){tdp_pfn(e)});
    }
}

/* False: a fault. */
static inline bool hw_access(u64 gfn, bool write)
{
    enum hw_result r = HW_DONE;

    at_xchg(&in_guest, 1);
    if (tlb[gfn].pfn && (!write || (tlb[gfn].write && tlb[gfn].dirty)))
        use(gfn, write);
    else
        while ((r = hw_walk(gfn, write)) == HW_AGAIN)
            ;
    at_store_rel(&in_guest, 0);
    return r == HW_DONE;
}

/* ---- Setting up ---- */

static inline struct tdp_root *rig_start(void)
{
    for (u32 i = 0; i < PAGES; i++) {
        page_state[i] = PAGE_SPARE;
        for (u32 k = 0; k < TDP_ENTRIES; k++)
            page[i][k] = OTHERS; /* contents undefined */
    }
    for (u32 i = 0; i < CPUS; i++)
        cache[i] = (struct tdp_cache){0};
    for (u32 i = 0; i < GFNS; i++) {
        told[i] = 0;
        written[i] = false;
    }
    in_guest = flushes = frame_freed = 0;
    forget_translations();
    epoch_init(&epoch);
    tdp_init(&tdp, NULL, &RIG_OPS, &epoch);
    return tdp_root_get(&tdp, 0);
}

/* Pages for this many tables; more than that are not needed. */
static inline void rig_pages(u32 cpu, u32 n)
{
    while (cache[cpu].count < n)
        if (!port_frame_alloc(&cache[cpu].page[cache[cpu].count++]))
            mc_violation("the rig has too few pages");
}

/* Before the threads start: gfn gets frame pfn. */
static inline void rig_map(u64 gfn, u64 pfn, unsigned level)
{
    const struct tdp_map m = {.gfn = {gfn}, .pfn = {pfn}, .level = level, .access = ACCESS_WRITE};

    rig_pages(0, 3);
    read_lock(&tdp.lock);
    if (tdp_map(&tdp, &tdp.root[0], &m, &cache[0]) != TDP_OK)
        mc_violation("the rig cannot map");
    read_unlock(&tdp.lock);
    while (cache[0].count)
        page_state[cache[0].page[--cache[0].count].v / PAGE_SIZE - 1] = PAGE_SPARE;
}

/* How many pages the tree has given back. */
static inline u32 rig_freed(void)
{
    u32 n = 0;

    for (u32 i = 0; i < PAGES; i++)
        n += page_state[i] == PAGE_FREED;
    return n;
}

/* Their new owner finds in them what he has put there. */
static inline bool rig_freed_is_untouched(void)
{
    for (u32 i = 0; i < PAGES; i++)
        for (u32 k = 0; k < TDP_ENTRIES; k++)
            if (page_state[i] == PAGE_FREED && page[i][k] != OTHERS)
                return false;
    return true;
}

/* The entry for gfn at `level`. */
static inline u64 *rig_entry(u64 gfn, u32 level)
{
    u64 *table = port_map(tdp.root[0].table);

    for (u32 l = LEVELS - 1; l > level; l--)
        table = tdp_table(table[gfn >> l & 1]);
    return &table[gfn >> level & 1];
}

/* Is the page dirty, wherever its leaf is now? */
static inline bool rig_dirty(u64 gfn)
{
    u64 *slot = rig_entry(gfn, 1);

    if ((*slot & HW_VALID) && tdp_is_table(*slot, 1))
        slot = rig_entry(gfn, 0);
    return (*slot & HW_VALID) && (*slot & fmt.dirty);
}

/* The table of gfns 0 and 1 stands back for a fetch. */
static inline void rig_list_table(void)
{
    u64 *slot = rig_entry(0, 1);

    *slot |= fmt.nx_split;
    tdp.nx.on = true;
    mc_check(nx_reserve(&tdp.nx), "the list is full");
    nx_list(&tdp.nx, &tdp.root[0], (gfn_t){0});
}
