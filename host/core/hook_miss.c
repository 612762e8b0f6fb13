/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_miss.c: the pages that the test hook keeps, and when each wait for one ends. */
#include "hook.h"
#include "guestmem.h"
#include "vm.h"
#include "port.h"
#include "abi/kvm_hypercall.h"

#define US 1000ull /* in ns */

/* Lock held. */
static struct hook_page *find(struct hook *h, gfn_t gfn)
{
    for (unsigned i = 0; h->count && i < HOOK_MISSING_MAX; i++)
        if (h->missing[i].state != MISS_NONE && h->missing[i].gfn.v == gfn.v)
            return &h->missing[i];
    return NULL;
}

/* An entry for the page. NULL: as many pages are missing as may be. Lock held. */
static struct hook_page *take(struct vm *vm, gfn_t gfn)
{
    struct hook_page *p = vm->hook->missing;

    if (vm->hook->count >= MIN(HOOK_MISSING_MAX, vm->pager.frames.count / HOOK_MISSING_SHARE))
        return NULL;
    while (p->state != MISS_NONE)
        p++;
    vm->hook->count++;
    *p = (struct hook_page){.gfn = gfn, .state = MISS_TAKING, .due = TIME_NEVER};
    return p;
}

static void drop(struct hook *h, struct hook_page *p)
{
    p->state = MISS_NONE;
    h->count--;
}

/* True: CPU 0 must look earlier than it meant to. Lock held. */
static bool set_due(struct hook *h, struct hook_page *p, u32 delay)
{
    bool sooner;

    p->due = port_now() + delay * US;
    sooner = p->due < h->next;
    if (sooner)
        at_store(&h->next, p->due);
    return sooner;
}

/* The wait begins. As set_due(). */
static bool await(struct hook *h, struct hook_page *p)
{
    p->state = MISS_AWAITED;
    return p->delay != HOOK_HOLD && set_due(h, p, p->delay);
}

/* The wait is over. From here on the page is the pager's, unless the attempt failed: then it is its next user's. */
static void end(struct vm *vm, struct hook_page *p)
{
    p->due = TIME_NEVER;
    if (p->fails) {
        p->state = MISS_FAILED;
        pager_give_up(vm, p->gfn);
    } else {
        pager_put_back(vm, p->gfn);
        drop(vm->hook, p);
    }
}

static void unlock(struct hook *h, bool sooner)
{
    spin_unlock(&h->lock);
    if (sooner)
        port_kick(0); /* also this CPU: the guest that it runs next must not run longer */
}

void hook_wanted(struct vm *vm, gfn_t gfn)
{
    struct hook *h = vm->hook;
    struct hook_page *p;
    bool sooner = false;

    spin_lock(&h->lock);
    p = find(h, gfn);
    if (p && p->state == MISS_UNTOUCHED) {
        sooner = await(h, p);
    } else if (p && p->state == MISS_FAILED) {
        p->fails = false;
        end(vm, p);
    }
    unlock(h, sooner);
}

u64 hook_work(struct vm *vm, u64 now)
{
    struct hook *h = vm->hook;
    u64 next = TIME_NEVER;

    if (now < at_load(&h->next))
        return at_load(&h->next);
    spin_lock(&h->lock);
    for (unsigned i = 0; i < HOOK_MISSING_MAX; i++) {
        struct hook_page *p = &h->missing[i];

        if (p->state == MISS_NONE)
            continue;
        if (p->due <= now)
            end(vm, p);
        else
            next = MIN(next, p->due);
    }
    at_store(&h->next, next);
    spin_unlock(&h->lock);
    return next;
}

/* Make an entry; PV_E… if the page needs none or gets none. */
static u32 reserve(struct vm *vm, gfn_t gfn, u32 delay, struct hook_page **p)
{
    u32 error = 0;

    spin_lock(&vm->hook->lock);
    *p = find(vm->hook, gfn);
    if (!*p) {
        *p = take(vm, gfn);
        error = *p ? 0 : PV_ENOMEM;
    } else if ((*p)->state == MISS_FAILED) {
        **p = (struct hook_page){.gfn = gfn, .state = MISS_UNTOUCHED, .delay = delay, .due = TIME_NEVER};
        *p = NULL; /* it is ASIDE already */
    } else {
        error = PV_EBUSY;
    }
    spin_unlock(&vm->hook->lock);
    return error;
}

enum outcome hook_miss(struct vcpu *v, gfn_t gfn, u32 delay, u32 *result)
{
    struct vm *vm = v->vm;
    struct hook_page *p = NULL;
    enum aside aside;
    bool sooner = false;
    u32 error = delay > HOOK_DELAY_MAX && delay != HOOK_HOLD ? PV_EINVAL : reserve(vm, gfn, delay, &p);

    *result = -error;
    if (error || !p)
        return OUTCOME_DONE;
    aside = pager_set_aside(vm, gfn);
    spin_lock(&vm->hook->lock);
    p->state = MISS_UNTOUCHED;
    p->delay = delay;
    if (aside != ASIDE_DONE)
        drop(vm->hook, p);
    else if (pager_awaited(vm, gfn)) /* since before there was anything that hook_wanted() could find */
        sooner = await(vm->hook, p);
    unlock(vm->hook, sooner);
    if (aside == ASIDE_NO_MEMORY)
        *result = -(u32)PV_EFAULT;
    if (aside != ASIDE_NOT_RESIDENT)
        return OUTCOME_DONE;
    guest_bring(v, gfn);
    return OUTCOME_AGAIN;
}

u32 hook_done(struct vm *vm, gfn_t gfn, u32 delay, bool fails)
{
    struct hook *h = vm->hook;
    struct hook_page *p;
    bool sooner = false;
    u32 error = 0;

    if (delay > HOOK_DELAY_MAX)
        return -(u32)PV_EINVAL;
    spin_lock(&h->lock);
    p = find(h, gfn);
    if (!p || p->state == MISS_FAILED) {
        error = PV_ENOENT;
    } else if (p->state == MISS_TAKING) {
        error = PV_EBUSY;
    } else {
        p->fails = fails;
        if (delay)
            sooner = set_due(h, p, delay);
        else
            end(vm, p);
    }
    unlock(h, sooner);
    return -error;
}

u32 hook_state(struct vm *vm, gfn_t gfn)
{
    struct hook_page *p;
    u32 state = HOOK_IS_PRESENT;

    if (!slot_find_any(vm, gfn))
        return -(u32)PV_EFAULT;
    spin_lock(&vm->hook->lock);
    p = find(vm->hook, gfn);
    if (p && p->state == MISS_AWAITED)
        state = HOOK_IS_AWAITED;
    else if (p && p->state != MISS_FAILED)
        state = HOOK_IS_MISSING;
    spin_unlock(&vm->hook->lock);
    return state;
}
