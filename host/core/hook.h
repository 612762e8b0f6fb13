/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hook.h: the test hook of a VM (abi/testhook.h): a device by which the guest takes its own pages away and gets them
 * back when it wants.
 *
 * A missing page is ASIDE (slot.h) and in a bounded table; what waits for it are tickets, as for a read. When its time
 * comes, the page is put back as a read would end, by CPU 0 or by the vCPU that said DONE. A VM that ends while pages
 * are missing owes nobody anything. Source: abi/testhook.h; A0-33 … A0-37, A3-95.
 */
#pragma once
#include "exit.h"
#include "lib/lock.h"
#include "abi/testhook.h"

struct vm;
struct vcpu;

#define HOOK_MISSING_MAX   128 /* pages at once … */
#define HOOK_MISSING_SHARE 4   /* … and not more than one of so many that the VM may have resident */

enum miss_state {
    MISS_NONE,
    MISS_TAKING,    /* not yet ASIDE */
    MISS_UNTOUCHED, /* nobody waits for it */
    MISS_AWAITED,
    MISS_FAILED, /* missing no more, but its next user has to fetch it */
};

struct hook_page {
    gfn_t gfn;
    enum miss_state state;
    bool fails; /* when the wait ends */
    u32 delay;  /* us from the first touch on, or HOOK_HOLD */
    u64 due;    /* ns; TIME_NEVER: no end is in sight */
};

struct hook {
    u32 page, value, result; /* the ports, by atomics */
    u64 since, idle;         /* ns: when it was made, and vCPU time that had been idle until then */
    struct spinlock lock;    /* guards what follows; a leaf of the lock order */
    unsigned count;          /* pages in use */
    u64 next;                /* the earliest that is due; read without the lock, too */
    struct hook_page missing[HOOK_MISSING_MAX];
};

/* Add the device, and its memory if no slots were restored. Set-up time. False: no memory, or no place for it. */
bool hook_make(struct vm *vm) must_check;
void hook_free(struct vm *vm);

/* An access to one of its ports. The VM has it. Owner only. */
enum outcome hook_io(struct vcpu *v, struct exit *e) off_path;

/* Somebody wants a page that is ASIDE. Any CPU. */
void hook_wanted(struct vm *vm, gfn_t gfn) off_path;

/* Put back what is due; returns when it wants to be called again (ns). Any CPU; CPU 0 does. */
u64 hook_work(struct vm *vm, u64 now) off_path;

/* The rest is between hook.c, hook_miss.c and hook_window.c. Results as the device reports them. */

/* The page goes missing. OUTCOME_AGAIN: it has to be brought in first. */
enum outcome hook_miss(struct vcpu *v, gfn_t gfn, u32 delay, u32 *result);
/* The wait for the page ends `delay` us from now, successfully or not. */
u32 hook_done(struct vm *vm, gfn_t gfn, u32 delay, bool fails);
u32 hook_state(struct vm *vm, gfn_t gfn);

/* Add the slots. */
bool hook_window_make(struct vm *vm) must_check;
u32 hook_window(u32 pages);
u32 hook_rom(void);
/* Pages of the window: may they be written; are they there. OUTCOME_AGAIN: pages are on their way. */
enum outcome hook_protect(struct vm *vm, gfn_t gfn, u32 on, u32 *result);
enum outcome hook_hole(struct vm *vm, gfn_t gfn, u32 on, u32 *result);
