/* SPDX-License-Identifier: BSD-2-Clause */
/* loop.c: one pass after the other; nothing in it waits except port_idle(). */
#include "loop.h"
#include "vm.h"
#include "hw.h"
#include "port.h"
#include "watchdog.h"

#define SLICE 2000000ull /* ns a vCPU runs while another one of this CPU wants to */

/* What one CPU knows about its vCPUs of one VM. */
struct loop {
    struct vm *vm;
    unsigned cpu;
    u64 *pass;            /* this CPU's, of vm->passes */
    struct vcpu *current; /* whose FPU state is loaded; NULL = none */
    u64 slice_end;        /* of current */
    u64 next_look;        /* CPU 0: when the watchdog looks again */
};

static bool mine(const struct loop *l, unsigned i)
{
    return l->vm->vcpu[i]->cpu == l->cpu;
}

/* Timers and requests of all our vCPUs; the time at which something of theirs is due next. */
static u64 serve(struct loop *l, u64 now)
{
    u64 due = TIME_NEVER;

    for (unsigned i = 0; i < l->vm->vcpus; i++) {
        struct vcpu *v = l->vm->vcpu[i];

        if (!mine(l, i))
            continue;
        lapic_poll(v, now);
        if (at_load(&v->pub.requests) && !hold_on(&l->vm->hold))
            vcpu_service(v);
        due = MIN(due, lapic_deadline(v));
    }
    return due;
}

/* With whom to begin looking for one to run: the current one until its slice ends, or whom it yields to. */
static unsigned first(struct loop *l, u64 now)
{
    struct vcpu *c = l->current, *to = c ? c->yield_to : NULL;

    if (to) {
        c->yield_to = NULL;
        return to->id;
    }
    return (c ? c->id : 0) + (now < l->slice_end ? 0 : 1);
}

/* The other runnable ones do not get this CPU now. */
static void pass_over(const struct loop *l, const struct vcpu *running, u64 now)
{
    for (unsigned i = 0; i < l->vm->vcpus; i++)
        if (mine(l, i) && l->vm->vcpu[i] != running && l->vm->vcpu[i]->state == VCPU_RUNNABLE)
            pv_steal_begin(l->vm->vcpu[i], now);
}

/* The vCPU to run: the first one that is runnable, in order. */
static struct vcpu *choose(struct loop *l, u64 now, u64 *due)
{
    unsigned n = l->vm->vcpus, start = first(l, now);
    struct vcpu *v = NULL;
    unsigned runnable = 0;

    for (unsigned k = 0; k < n; k++) {
        unsigned i = (start + k) % n;

        if (!mine(l, i) || l->vm->vcpu[i]->state != VCPU_RUNNABLE)
            continue;
        runnable++;
        if (!v)
            v = l->vm->vcpu[i];
    }
    if (v && (v != l->current || now >= l->slice_end))
        l->slice_end = now + SLICE;
    if (runnable > 1) {
        pass_over(l, v, now);
        *due = MIN(*due, l->slice_end);
    }
    if (v)
        hw_exit_on_spin(v, runnable > 1);
    return v;
}

static void let_go(struct loop *l)
{
    if (l->current)
        hw_put(l->current);
    l->current = NULL;
}

static void switch_to(struct loop *l, struct vcpu *v)
{
    if (v == l->current)
        return;
    if (l->current)
        hw_put(l->current);
    if (v)
        hw_load(v);
    l->current = v;
}

/*
 * While this CPU runs `running`, or sleeps (NULL), only an interrupt makes it look at its other vCPUs: let raisers
 * know. False: one of them has a request. *n is how many to bring back.
 */
static bool leave(const struct loop *l, const struct vcpu *running, unsigned *n)
{
    for (*n = 0; *n < l->vm->vcpus; ++*n)
        if (mine(l, *n) && l->vm->vcpu[*n] != running && !req_go(&l->vm->vcpu[*n]->pub, MODE_BLOCKED))
            return false; /* and this one did not go */
    return true;
}

static void come_back(const struct loop *l, const struct vcpu *running, unsigned n)
{
    while (n--)
        if (mine(l, n) && l->vm->vcpu[n] != running)
            req_back(&l->vm->vcpu[n]->pub);
}

/* Run v, or sleep if there is none, until `due`, an interrupt, or something else to do. */
static void spend(struct loop *l, struct vcpu *v, u64 due)
{
    unsigned n;

    if (leave(l, v, &n)) {
        if (v) {
            if (vcpu_run(v, due))
                l->slice_end = 0;
        } else {
            port_timer(due);
            pass_leave(l->pass);
            port_idle();
            pass_enter(l->pass);
        }
    }
    come_back(l, v, n);
}

/* Stopped, and every write the store had accepted has ended, unless the store will not answer. */
static bool finished(struct vm *vm, u64 now)
{
    if (at_load(&vm->state) != VM_STOPPED)
        return false;
    return !at_load(&vm->pager.io.inflight) || at_load(&vm->status) == VM_STATUS_STORE_TIMEOUT ||
           now > at_load(&vm->stopped) + vm->config.io_give_up;
}

static off_path u64 watch_tests(struct vm *vm, u64 now)
{
    u64 due = vm->hook ? hook_work(vm, now) : TIME_NEVER;

    return vm->apic_move.left ? MIN(due, apic_move_work(vm, now)) : due;
}

/* CPU 0 minds the store and what is there for tests, and gives huge pages back; returns when it wants to look again. */
static u64 watch(struct loop *l, u64 now)
{
    if (l->cpu)
        return TIME_NEVER;
    if (now >= l->next_look) {
        watchdog_look(l->vm, now);
        l->next_look = now + WATCHDOG_PERIOD;
    }
    if (l->vm->tested)
        return MIN(MIN(l->next_look, nx_work(l->vm, now)), watch_tests(l->vm, now));
    return MIN(l->next_look, nx_work(l->vm, now));
}

void loop_run(struct vm *vm)
{
    struct loop l = {.vm = vm, .cpu = port_cpu(), .pass = &vm->passes.cpu[port_cpu()].count};
    u64 now;

    while (now = port_now(), !finished(vm, now)) {
        struct vcpu *v;
        bool more;
        u64 due;

        pass_enter(l.pass);
        (void)store_poll();
        more = pager_reclaim(vm);
        (void)epoch_collect(vm->tdp.epoch);
        due = MIN(serve(&l, now), watch(&l, now));
        if (hold_news(&vm->hold, l.cpu)) {
            let_go(&l); /* whoever holds may want the registers of our vCPUs */
            hold_pass(&vm->hold, l.cpu);
        }
        due = MIN(due, precopy_work(vm, now));
        if (save_runs(&vm->save))
            due = MIN(due, save_work(vm, now));
        v = vm_may_run(vm) ? choose(&l, now, &due) : NULL;
        switch_to(&l, v ? v : l.current);
        if (v || !more)
            spend(&l, v, due);
        pass_leave(l.pass);
    }
    let_go(&l);
}
