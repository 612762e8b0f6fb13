/* SPDX-License-Identifier: BSD-2-Clause */
/* slot.h: a memory slot: a range of guest physical memory, where its pages come from, and the state of each. */
#pragma once
#include "lib/types.h"
#include "store.h"
#include "abi/testhook.h"

struct ticket;
struct vm;

/*
 * The state of one guest page, in one word. Whoever wins the compare-exchange owns the change; the frame moves with it.
 *
 *   ABSENT --fault--> LOADING --read or zeroed--> RESIDENT --victim--> EVICTING --written, or clean--> ABSENT
 *
 * EVICTING goes back to RESIDENT if somebody waits for the page by the time its write to swap has ended.
 * RESIDENT --test hook--> ASIDE --test hook--> RESIDENT: the page stays in its frame, and is nobody's meanwhile.
 */
enum page_state { PAGE_ABSENT, PAGE_LOADING, PAGE_RESIDENT, PAGE_EVICTING, PAGE_ASIDE };

#define PAGE_STATE   0x07ull
#define PAGE_DIRTY   0x08ull  /* differs from what the slot or swap would give */
#define PAGE_SWAPPED 0x10ull  /* swap, not the slot's source, has its last clean contents */
#define PAGE_REF     0x20ull  /* loaded or used by the host since the hand passed */
#define PAGE_AGE     0xc0ull  /* generations without use, up to AGE_MAX */
#define PAGE_AT_HAND 0x100ull /* ASIDE, and whoever wants it may get it without a wait */
/* bits 63:12: the pool frame that holds it, except when ABSENT */
#define PAGE_AGE_OF(word) (((word)&PAGE_AGE) >> 6)
#define PAGE_AGED(age)    ((u64)(age) << 6)
#define PAGE_FRAME(word)  ((u32)((word) >> PAGE_SHIFT))
#define FRAME_WORD(frame) ((u64)(frame) << PAGE_SHIFT)

struct page {
    u64 word;
    struct ticket *waiters; /* tickets to finish when LOADING, EVICTING or ASIDE ends */
};

/*
 * Private slots: no guest may move or delete them, or is told that they are RAM. The core finds them by name and not by
 * gfn, but for those of the test hook, which has several.
 */
enum slot_id { SLOT_PUBLIC, SLOT_APIC_PAGE, SLOT_HOOK, SLOT_IDS };

/* Never changes while a set points to it, but for what the pages are in. */
struct slot {
    gfn_t base;
    u64 pages; /* 0: not in use */
    enum slot_id id;
    bool read_only;      /* nobody writes to it, neither the guest nor the host for it */
    bool special;        /* read-only, or memory for some vCPUs only: the APIC page. As slot_update.c finds */
    const char *name;    /* for messages */
    struct store *store; /* a module's bytes; NULL = anonymous, zero on first touch */
    u64 swap_offset;     /* every page has its place in swap: no allocation that could fail later */
    struct page *page;   /* stays where it is when the slot moves; behind them the map of resident.h */
    u64 *log;            /* of dirty.c: a bit for each page; NULL until a log is kept; by atomics */
};

#define SLOT_MAX      8                              /* public ones */
#define SLOT_HOOK_MAX (HOOK_WINDOW_MAX + 1)          /* of the test hook */
#define SLOTS         (SLOT_MAX + 1 + SLOT_HOOK_MAX) /* all that a set can have */

/*
 * A slot set: what gfns mean, as of one moment. Published through one pointer and never changed while a reader can see
 * it; slot_update.c makes the next one. A reader is a CPU in a pass (pass.h). Two look-ups of one pass may see
 * different sets; what was looked up stays usable until the pass ends.
 */
struct slots {
    u64 generation; /* of the set; odd while an update is in progress (B5-4). Nothing is tagged with it yet. */
    const struct slot *invalid; /* being deleted or moved: its gfns may not be used now (B5-3). NULL: none */
    unsigned count;
    struct slot *at[SLOTS];
};

/* The sets and slots of a VM. */
struct slot_table {
    struct slots set[2]; /* the published one and the next */
    u32 updating;        /* 1: somebody makes it */
};

void slots_init(struct vm *vm);

enum slot_kind {
    SLOT_NONE,    /* not memory */
    SLOT_INVALID, /* being deleted or moved: try again */
    SLOT_USABLE,
};

/* The slot that contains gfn, and whether it may be used. NULL for SLOT_NONE. */
enum slot_kind slot_look(struct vm *vm, gfn_t gfn, struct slot **s);
/* The slot if it may be used, else NULL. */
struct slot *slot_find(struct vm *vm, gfn_t gfn);
/* The slot, be it INVALID: for those that finish what they began with one of its pages. NULL: not memory. */
struct slot *slot_find_any(struct vm *vm, gfn_t gfn);
/*
 * The same, for an address that the guest names to the host: the APIC page is a device's there, whatever lies behind it
 * (A0-37).
 */
struct slot *slot_find_ram(struct vm *vm, gfn_t gfn);
/* The private slot of this name. */
enum slot_kind slot_by_id(struct vm *vm, enum slot_id id, struct slot **s);

static inline struct page *slot_page(struct slot *s, gfn_t gfn)
{
    return &s->page[gfn.v - s->base.v];
}

enum slot_error {
    SLOT_OK,
    SLOT_ZERO,      /* no pages */
    SLOT_BEYOND,    /* ends beyond what the TDP tables, or guest physical addresses, can reach */
    SLOT_OVERLAP,   /* with another slot */
    SLOT_TOO_MANY,  /* SLOT_MAX, or a second one of a private name */
    SLOT_NO_MEMORY, /* for the states of its pages */
    SLOT_NO_SWAP,   /* while the VM runs: no room left in swap. The launcher checks for itself */
    SLOT_MISSING,   /* no slot begins there */
    SLOT_BUSY,      /* pages of it are being read, written or waited for, or another update is in progress */
};

/*
 * Change the slots of a VM, running or not (B5). On any error nothing has changed. No lock held; the caller keeps no
 * slot or page that it looked up before: it waits for all readers but itself. Once it is done, all vCPUs look again
 * whether events can be delivered (A0-15).
 */
enum slot_error slot_add(struct vm *vm, const char *name, gfn_t base, u64 pages,
                         struct store *store) must_check;
enum slot_error slot_add_private(struct vm *vm, enum slot_id id, gfn_t base) must_check;
/* A page of the test hook; and: it appears at `to` from now on, and can be written or not. Its contents stay. */
enum slot_error slot_add_hook(struct vm *vm, gfn_t base, bool read_only, struct store *store) must_check;
enum slot_error slot_change_hook(struct vm *vm, gfn_t base, gfn_t to, bool read_only) must_check;
/* The slot that begins at base, its pages and what was written to them. */
enum slot_error slot_delete(struct vm *vm, gfn_t base) must_check;
/* What used the private slot does so no more: it does not come back (B7-2). */
enum slot_error slot_delete_private(struct vm *vm, enum slot_id id) must_check;
/* The slot's pages appear at `to` instead; the old and the new place may overlap. */
enum slot_error slot_move(struct vm *vm, gfn_t base, gfn_t to) must_check;

/* The VM has ended. */
void slot_free_all(struct vm *vm);
