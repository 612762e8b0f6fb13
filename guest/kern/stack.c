/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack.c: stacks: pages that go back when their thread is over, but for some of the usual size, which are kept.
 *
 * What makes a stack dear is its guard: the pages may have been anybody's before, so every CPU has to forget them. One
 * that is kept still has its guard. Taking a guard away needs nobody's attention: what is absent is in no TLB (SDM
 * vol. 3A, 4.10.4.3), and whoever gets the pages next may touch them at once.
 */
#include "stack.h"
#include "call.h"
#include "guest.h"
#include "mem.h"
#include "spin.h"
#include "tls.h"

#define STACKS_KEPT 16
#define STACK_LEAST (8 * KiB) /* an interrupt and the scheduler have to fit beside the program */

static struct {
    struct spin lock;
    unsigned n;
    u8 *guard[STACKS_KEPT];
} kept;

/* Thread-local variables lie on the stack; a page of them is taken from it, what is more comes on top. */
static size_t room_for_tls(void)
{
    return MAX(tls_room(), PAGE_SIZE) - PAGE_SIZE;
}

static size_t usual_bytes(void)
{
    return ROUND_UP(THREAD_STACK + room_for_tls(), PAGE_SIZE);
}

static u8 *take_kept(void)
{
    u8 *guard = NULL;
    bool on = irq_lock(&kept.lock);

    if (kept.n)
        guard = kept.guard[--kept.n];
    irq_unlock(&kept.lock, on);
    return guard;
}

static bool keep(u8 *guard)
{
    bool room, on = irq_lock(&kept.lock);

    room = kept.n < STACKS_KEPT;
    if (room)
        kept.guard[kept.n++] = guard;
    irq_unlock(&kept.lock, on);
    return room;
}

static void guard_seen(void *guard)
{
    karch_guard_seen(guard, STACK_GUARD);
}

static u8 *make_new(size_t bytes)
{
    u8 *guard = mem_pages(bytes / PAGE_SIZE + STACK_GUARD_PAGES);

    if (!guard)
        return NULL;
    karch_guard(guard, STACK_GUARD);
    if (cpu_count() > 1)
        cpu_call_all(guard_seen, guard);
    return guard;
}

bool stack_make(struct stack *s, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return false;
    s->bytes = bytes ? ROUND_UP(MAX(bytes, STACK_LEAST) + room_for_tls(), PAGE_SIZE) : usual_bytes();
    s->guard = s->bytes == usual_bytes() ? take_kept() : NULL;
    if (!s->guard)
        s->guard = make_new(s->bytes);
    return s->guard;
}

void stack_give(struct stack *s)
{
    if (s->bytes != usual_bytes() || !keep(s->guard)) {
        karch_unguard(s->guard, STACK_GUARD);
        mem_pages_free(s->guard, s->bytes / PAGE_SIZE + STACK_GUARD_PAGES);
    }
    s->guard = NULL;
}
