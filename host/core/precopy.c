/* SPDX-License-Identifier: BSD-2-Clause */
/* precopy.c: rounds over the dirty log, the pause, and the end. */
#include "precopy.h"
#include "vm.h"
#include "port.h"

#define PRECOPY_GAP 100000ull /* ns between two slices while the guest runs */

bool precopy_runs(const struct precopy *p)
{
    switch (at_load_acq(&p->state)) {
    case PRECOPY_COPYING:
    case PRECOPY_STOPPING:
    case PRECOPY_LAST:
    case PRECOPY_VERIFYING:
        return true;
    case PRECOPY_IDLE:
    case PRECOPY_DONE:
    case PRECOPY_FAILED:
        break;
    }
    return false;
}

static void to_start(struct precopy *p)
{
    p->slot = 0;
    p->at = p->first = p->n = 0;
}

/* At first every page counts as written. */
static void log_everything(struct vm *vm)
{
    struct slot *s;

    for (unsigned i = 0; (s = vm_slot(vm, i)); i++)
        dirty_mark(vm, s, s->base, s->pages);
}

static enum dirty_result start(struct vm *vm, const struct precopy_config *c)
{
    struct precopy *p = &vm->precopy;
    enum dirty_result r;

    if (precopy_runs(p) || precopy_reads_pending(p))
        return DIRTY_ALREADY_ON;
    if (!precopy_reads_init(p))
        return DIRTY_NO_MEMORY;
    r = dirty_start(vm, c->mode);
    if (r != DIRTY_OK)
        return r;
    log_everything(vm);
    c->sink->ops->begin(c->sink);
    p->config = *c;
    p->generation = at_load_acq(&vm->slots)->generation;
    p->report = (struct precopy_report){0};
    to_start(p);
    at_store_rel(&p->state, PRECOPY_COPYING);
    for (unsigned i = 0; i < port_cpu_count(); i++)
        port_kick(i); /* until now no loop had a reason to come by */
    return DIRTY_OK;
}

/* Nobody else is in there; as long as that is so. */
static bool enter(struct precopy *p)
{
    u32 nobody = 0;

    return at_cas(&p->owned, &nobody, 1);
}

static void leave(struct precopy *p)
{
    at_store_rel(&p->owned, 0);
}

enum dirty_result precopy_start(struct vm *vm, const struct precopy_config *c)
{
    enum dirty_result r;

    check(c->rounds && c->rounds <= PRECOPY_ROUNDS, "the number of rounds is bounded");
    if (!enter(&vm->precopy))
        return DIRTY_ALREADY_ON;
    r = start(vm, c);
    leave(&vm->precopy);
    return r;
}

bool precopy_last(struct precopy *p, enum precopy_state *state, struct precopy_report *report)
{
    bool known;

    if (!enter(p))
        return false;
    known = !precopy_runs(p);
    *state = at_load(&p->state);
    *report = p->report;
    leave(p);
    return known;
}

static void end(struct vm *vm, enum precopy_failure why)
{
    struct precopy *p = &vm->precopy;

    p->report.failure = why;
    if (dirty_stop(vm) == DIRTY_OFF && why == PRECOPY_NO_FAILURE)
        p->report.failure = PRECOPY_LOG_LOST;
    if (hold_on(&vm->hold))
        hold_end(vm);
    at_store_rel(&p->state, p->report.failure ? PRECOPY_FAILED : PRECOPY_DONE);
}

static void end_round(struct vm *vm)
{
    struct precopy *p = &vm->precopy;
    bool last =
        p->report.round[p->report.rounds] <= p->config.small || p->report.rounds + 1 == p->config.rounds;

    if (last && !hold_begin(vm))
        return; /* somebody else holds; look again later */
    to_start(p);
    p->report.rounds++;
    if (!last)
        return;
    p->held = port_now();
    at_store(&p->state, PRECOPY_STOPPING);
}

static void end_pause(struct vm *vm)
{
    struct precopy *p = &vm->precopy;

    p->report.pause_ns = port_now() - p->held;
    if (p->config.verify) {
        to_start(p);
        at_store(&p->state, PRECOPY_VERIFYING);
    } else {
        end(vm, PRECOPY_NO_FAILURE);
    }
}

/* The next page whose bit was taken. False: there is none among those. */
static bool next_taken(struct precopy *p)
{
    while (p->at < p->first + p->n) {
        u64 i = p->at - p->first, word = p->bits[i / 64] >> (i % 64);

        if (word) {
            p->at += (u64)__builtin_ctzll(word);
            return true;
        }
        p->at += 64 - i % 64;
    }
    p->at = p->first + p->n;
    return false;
}

/* Take the bits of the next pages of the slot, or go on to the next slot. */
static enum precopy_failure next_batch(struct vm *vm, struct slot *s)
{
    struct precopy *p = &vm->precopy;

    p->first += p->n;
    p->n = MIN(DIRTY_BATCH, s->pages - p->first);
    p->at = p->first;
    if (p->n)
        return dirty_collect(vm, s, p->first, p->n, p->bits) == DIRTY_OK ? PRECOPY_NO_FAILURE
                                                                         : PRECOPY_LOG_LOST;
    p->slot++;
    p->at = p->first = 0;
    return PRECOPY_NO_FAILURE;
}

static enum precopy_failure copy_some(struct vm *vm, struct slot *s, u64 *count)
{
    struct precopy *p = &vm->precopy;

    for (unsigned i = 0; i < PRECOPY_SLICE; i++) {
        if (!next_taken(p))
            return next_batch(vm, s);
        switch (precopy_put_page(vm, s, (gfn_t){s->base.v + p->at})) {
        case PUT_LATER:
            return PRECOPY_NO_FAILURE;
        case PUT_FAILED:
            return PRECOPY_SINK_FULL;
        case PUT_DONE:
            p->at++;
            ++*count;
        }
    }
    return PRECOPY_NO_FAILURE;
}

/* A round ends when all that it began to read has been put: a page is on one way at a time. */
static enum precopy_failure copy(struct vm *vm, bool last)
{
    struct precopy *p = &vm->precopy;
    struct slot *s = vm_slot(vm, p->slot);

    if (s)
        return copy_some(vm, s, last ? &p->report.last : &p->report.round[p->report.rounds]);
    if (!precopy_reads_over(p))
        return PRECOPY_NO_FAILURE;
    if (last)
        end_pause(vm);
    else
        end_round(vm);
    return PRECOPY_NO_FAILURE;
}

static void advance(struct vm *vm)
{
    struct precopy *p = &vm->precopy;
    enum precopy_state state = at_load(&p->state);
    enum precopy_failure why = PRECOPY_NO_FAILURE;

    if (at_load(&vm->state) == VM_STOPPED)
        why = PRECOPY_VM_ENDED;
    else if (at_load_acq(&vm->slots)->generation != p->generation)
        why = PRECOPY_LOG_LOST;
    else if (precopy_read_failed(p))
        why = PRECOPY_STORE_ERROR;
    else if (state != PRECOPY_VERIFYING && !precopy_reads_put(p))
        why = PRECOPY_SINK_FULL;
    if (why) {
        end(vm, why);
        return;
    }
    if (state == PRECOPY_COPYING || state == PRECOPY_LAST)
        why = copy(vm, state == PRECOPY_LAST);
    else if (state == PRECOPY_STOPPING && hold_still(&vm->hold))
        at_store(&p->state, PRECOPY_LAST);
    else if (state == PRECOPY_VERIFYING && precopy_verify(vm))
        end(vm, PRECOPY_NO_FAILURE);
    if (why)
        end(vm, why);
}

u64 precopy_work(struct vm *vm, u64 now)
{
    struct precopy *p = &vm->precopy;

    if (!precopy_runs(p))
        return TIME_NEVER;
    if (enter(p)) {
        if (precopy_runs(p))
            advance(vm);
        leave(p);
    }
    if (!precopy_runs(p))
        return TIME_NEVER;
    return hold_on(&vm->hold) ? now : now + PRECOPY_GAP;
}

void precopy_free(struct vm *vm)
{
    for (unsigned i = 0; i < PRECOPY_READS; i++)
        if (vm->precopy.read[i].frame.v)
            port_frame_free(vm->precopy.read[i].frame);
}
