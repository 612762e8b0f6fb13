/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apf_table.c: the wait/wake table of asynchronous page faults (A4.3).
 *
 * A token that is ready before its thread waits leaves a MARKER for it. The host has at most 64 tokens out per CPU, so
 * the markers are counted out beforehand (A4-24). Lock order: bucket, then pool or scheduler.
 */
#include "apf_table.h"
#include "abi/kvm_apf.h"
#include "karch.h"
#include "spin.h"
#include "panic.h"
#include "percpu.h"
#include "thread.h"

struct node {
    struct node *next;
    u32 token;
    u32 cpu;               /* where it was inserted (A4-41) */
    struct thread *thread; /* NULL: a MARKER */
    bool halted;           /* the CPU halts instead of running others */
    u32 waiting;           /* cleared by the waker, which then lets go of the node */
};

static struct bucket {
    struct spin lock;
    struct node *first;
} buckets[APF_BUCKETS];

static struct {
    struct spin lock;
    unsigned used[MAX_CPUS]; /* so many of its nodes have ever been needed */
    struct node *free[MAX_CPUS];
    struct node node[MAX_CPUS][APF_PER_VCPU];
} markers;

static struct bucket *bucket_of(u32 token)
{
    return &buckets[(token ^ token >> APF_TOKEN_SEQ_SHIFT) % APF_BUCKETS];
}

/* The link that points to the token's node, or the last one, which is NULL. */
static struct node **find(struct bucket *b, u32 token)
{
    struct node **at = &b->first;

    while (*at && (*at)->token != token)
        at = &(*at)->next;
    return at;
}

static struct node *unlink_node(struct node **at)
{
    struct node *n = *at;

    *at = n->next;
    return n;
}

static struct node *marker_take(unsigned cpu)
{
    struct node *m;

    spin_get(&markers.lock);
    m = markers.free[cpu];
    if (m) {
        markers.free[cpu] = m->next;
    } else if (markers.used[cpu] < APF_PER_VCPU) {
        m = &markers.node[cpu][markers.used[cpu]++];
        m->cpu = cpu;
    }
    spin_put(&markers.lock);
    return m;
}

static void marker_give(struct node *m)
{
    spin_get(&markers.lock);
    m->next = markers.free[m->cpu];
    markers.free[m->cpu] = m;
    spin_put(&markers.lock);
}

/* The waiter owns the node again, and may be gone, as soon as `waiting` is clear. */
static void wake(struct node *n)
{
    struct thread *t = n->thread;
    bool halted = n->halted;
    u32 cpu = n->cpu;

    at_store_rel(&n->waiting, 0);
    if (!halted)
        sched_unpark(t);
    else if (cpu !=
             karch_cpu()->id) /* on this CPU the interrupt that brought us here ends the halt (A4-31) */
        karch_ipi(&cpus[cpu], KIRQ_RESCHED);
}

/* Enters n unless the token is known already: ready (then its MARKER is used up) or waited for (A0-26). */
static bool insert_waiter(struct node *n)
{
    struct bucket *b = bucket_of(n->token);
    struct node **at, *found;

    spin_get(&b->lock);
    at = find(b, n->token);
    found = *at;
    if (!found)
        *at = n;
    else if (!found->thread)
        marker_give(unlink_node(at));
    spin_put(&b->lock);
    return !found;
}

enum apf_wait apf_wait(u32 token)
{
    const struct percpu *c = karch_cpu();
    bool park = sched_may_park(c);
    struct node n = {.token = token, .cpu = c->id, .thread = c->current, .halted = !park, .waiting = 1};

    if (!insert_waiter(&n))
        return APF_NOT_NEEDED;
    while (at_load_acq(&n.waiting)) {
        if (park)
            sched_park(NO_DEADLINE);
        else
            karch_wait();
    }
    return park ? APF_WAITED : APF_HALT_WAITED;
}

void apf_ready(u32 token)
{
    struct bucket *b = bucket_of(token);
    struct node **at, *n;

    spin_get(&b->lock);
    at = find(b, token);
    n = *at;
    if (!n) {
        struct node *m = marker_take(karch_cpu()->id);

        if (!m)
            panic("the host reported more ready pages than it may have outstanding (A4-24)");
        m->token = token;
        m->next = NULL;
        *at = m;
    } else if (n->thread) {
        unlink_node(at);
    }
    spin_put(&b->lock);
    if (n && n->thread)
        wake(n);
}

/* Unlinks the bucket's nodes of this CPU that are of one kind, and gives each to `done`. */
static void remove_of(struct bucket *b, unsigned cpu, bool waiters, void (*done)(struct node *))
{
    struct node **at = &b->first;

    if (!at_load(at)) /* only this CPU adds nodes of its own */
        return;
    spin_get(&b->lock);
    while (*at) {
        if ((*at)->cpu == cpu && ((*at)->thread != NULL) == waiters)
            done(unlink_node(at));
        else
            at = &(*at)->next;
    }
    spin_put(&b->lock);
}

void apf_wake_cpu(unsigned cpu)
{
    for (unsigned i = 0; i < APF_BUCKETS; i++)
        remove_of(&buckets[i], cpu, true, wake);
}

void apf_forget_markers(unsigned cpu)
{
    for (unsigned i = 0; i < APF_BUCKETS; i++)
        remove_of(&buckets[i], cpu, false, marker_give);
}
