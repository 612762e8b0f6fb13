/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager.h: the owner of guest memory (the primary MMU): brings pages in, takes them back, within a fixed set of frames.
 *
 * Nothing here sleeps. A page that is not there yet is waited for by a ticket.
 */
#pragma once
#include "slot.h"
#include "framepool.h"
#include "pager_age.h"
#include "pager_io.h"
#include "ticket.h"

struct vm;

#define EVICT_WRITES 32 /* writes in flight from which reclaim waits for the store */
#define STARVED_MAX  (VCPU_MAX * TICKETS + 1)

/* Pages that are LOADING and have no frame, oldest first. Each has a ticket; guest_load() has one page at a time. */
struct pager_starved {
    struct spinlock lock;
    u32 count, head;
    gfn_t gfn[STARVED_MAX];
};

struct pager {
    struct framepool frames; /* all the memory this VM may have resident */
    struct store *swap;
    u64 swap_used; /* bytes given to slots */
    struct pager_ios io;
    struct pager_starved starved;
    struct aging aging;
    u32 low; /* free frames below which reclaim starts; at least 1 */
};

/* `frames` is the resident limit. False: the machine has not that much memory. */
bool pager_init(struct vm *vm, u64 frames, struct store *swap) must_check;
void pager_free(struct vm *vm);

/* If the page is resident, its frame. No lock: the answer is only good under inv_retry(). */
bool pager_resident(struct vm *vm, struct slot *s, gfn_t gfn, pfn_t *pfn);
/* The largest leaf that can map gfn: 1 if all pages of its 2 MiB are resident and side by side, else 0. As above, and
 * good only if inv_retry_range() is false for all of them (B3-10). */
unsigned pager_level(struct vm *vm, struct slot *s, gfn_t gfn);
/* Loading it takes no time: a page never touched whose source is zero, or one that the test hook let go. */
bool pager_is_quick(struct slot *s, gfn_t gfn);
/* The frame that a page word names. */
hpa_t pager_hpa(struct vm *vm, u64 word);

/*
 * Bring the page in, or wait for whoever does. t (may be NULL) is finished when there is nothing more to wait for: the
 * page is resident, or (the store takes no more now) the access is to be tried again. A page for which no frame is free
 * starves: it is LOADING, and its read starts when a frame is released. Without t that must not last: the caller waits.
 */
void pager_load(struct vm *vm, struct slot *s, gfn_t gfn, struct ticket *t);

/* Take pages back while free frames are few. A bounded slice; true if there is more to do. Any CPU, no locks held. */
bool pager_reclaim(struct vm *vm);
/* Take every resident page of [start, end) back, or BATCH_MAX of them; returns how many. For FL_HC_EVICT. */
unsigned pager_evict_range(struct vm *vm, gfn_t start, gfn_t end);
/* Unmap [start, end), whose pages stay where they are; its empty tables go back to the machine. For FL_HC_UNMAP. */
void pager_unmap_range(struct vm *vm, gfn_t start, gfn_t end);
/* The same in the caller's bracket, which was entered, and is open afterwards. */
void pager_unmap_in(struct vm *vm, struct inv_bracket *b, gfn_t start, gfn_t end);
/*
 * Move the resident pages of [start, end) to other frames, BATCH_MAX of them or as many as there are free frames;
 * returns how many. The guest notices nothing. No locks held. For FL_HC_MIGRATE.
 */
unsigned pager_migrate_range(struct vm *vm, gfn_t start, gfn_t end);
/* Bring the pages of gfn's block to the places reserved for them. True: all are there, one leaf could map them. */
bool pager_gather_block(struct vm *vm, gfn_t gfn);

/*
 * For the test hook: the page, if it is RESIDENT, becomes ASIDE, as an eviction would begin; who wants it waits by
 * ticket, and hook_wanted() is told. Then it is the hook's alone, until pager_put_back() makes it RESIDENT. No locks
 * held.
 */
enum aside { ASIDE_DONE, ASIDE_NO_MEMORY, ASIDE_NOT_RESIDENT };
enum aside pager_set_aside(struct vm *vm, gfn_t gfn) must_check;
void pager_put_back(struct vm *vm, gfn_t gfn);
/* The wait for the page, which is ASIDE and stays so, is over: whoever wants it next may get it without one. */
void pager_give_up(struct vm *vm, gfn_t gfn);
/* Does anybody wait for the page? */
bool pager_awaited(struct vm *vm, gfn_t gfn);

/* Give back an EVICTING page's frame, by way of swap if the page is dirty. No locks held. */
void pager_put_page(struct vm *vm, struct slot *s, gfn_t gfn);

/* The rest is between the pager's files. */

/* A free frame for the page, taking others back if need be; FRAME_NONE: none at present. */
u32 pager_frame(struct vm *vm, gfn_t gfn);
/* Give a frame back, to a page that starves if there is one. */
void pager_frame_release(struct vm *vm, u32 frame);
/* The page, LOADING and the caller's, waits for a frame. */
void pager_starve(struct vm *vm, gfn_t gfn);
/* Give free frames to pages that starve. */
void pager_feed(struct vm *vm);
/* The page, LOADING and the caller's, gets this frame and its contents. */
void pager_fill(struct vm *vm, struct slot *s, gfn_t gfn, u32 frame);
/* The page, EVICTING, unmapped and the caller's, becomes ASIDE. */
void pager_lay_aside(struct slot *s, gfn_t gfn);
/* The page, EVICTING, unmapped and the caller's, goes on in this frame. Returns the one that it leaves. */
u32 pager_move_page(struct vm *vm, struct slot *s, gfn_t gfn, u32 frame) must_check;
