/* SPDX-License-Identifier: BSD-2-Clause */
/* pv_precopy.c: a guest has its own memory copied while it runs, and asks how that went (abi/faultline.h). */
#include "pv.h"
#include "vm.h"
#include "guestmem.h"
#include "abi/kvm_hypercall.h"

#define FAILED(error) (-(u64)(error))
#define SMALL         32 /* pages that are worth a pause */

_Static_assert(PRECOPY_ROUNDS == FL_PRECOPY_ROUNDS_MAX, "what a guest may ask for");

static u64 start(struct vm *vm, enum tdp_log mode, u64 rounds)
{
    struct precopy_config c = {.sink = image_sink(&vm->image),
                               .verify = &vm->image,
                               .mode = mode,
                               .small = SMALL,
                               .rounds = rounds ? (unsigned)rounds : PRECOPY_ROUNDS};

    if (rounds > PRECOPY_ROUNDS)
        return FAILED(PV_EINVAL);
    switch (precopy_start(vm, &c)) {
    case DIRTY_OK:
        return 0;
    case DIRTY_NO_HARDWARE:
        return FAILED(PV_EOPNOTSUPP);
    case DIRTY_NO_MEMORY:
        return FAILED(PV_ENOMEM);
    case DIRTY_ALREADY_ON:
    case DIRTY_OFF:
        break;
    }
    return FAILED(PV_EBUSY);
}

static enum fl_precopy_state fl_state(enum precopy_state state)
{
    switch (state) {
    case PRECOPY_IDLE:
        return FL_PRECOPY_NEVER;
    case PRECOPY_DONE:
        return FL_PRECOPY_DONE;
    case PRECOPY_FAILED:
        return FL_PRECOPY_FAILED;
    case PRECOPY_COPYING:
    case PRECOPY_STOPPING:
    case PRECOPY_LAST:
    case PRECOPY_VERIFYING:
        break;
    }
    return FL_PRECOPY_RUNS;
}

static void fill_in(struct precopy *p, struct fl_precopy *out)
{
    struct precopy_report r;
    enum precopy_state state;

    *out = (struct fl_precopy){.size = sizeof(*out), .state = FL_PRECOPY_RUNS};
    if (!precopy_last(p, &state, &r))
        return;
    out->state = fl_state(state);
    out->rounds = r.rounds;
    out->first = r.round[0];
    for (unsigned i = 0; i < r.rounds; i++)
        out->running += r.round[i];
    out->paused = r.last;
    out->pause_ns = r.pause_ns;
    out->zero = r.kind[PRECOPY_ZERO];
    out->source = r.kind[PRECOPY_SOURCE];
    out->bytes = r.kind[PRECOPY_BYTES];
    out->mismatches = r.mismatches;
}

static enum outcome report(struct vcpu *v, struct exit *e)
{
    gpa_t to = {e->call.arg[1]};
    struct fl_precopy out;
    gfn_t at;

    e->call.ret = FAILED(PV_EINVAL);
    if ((to.v & 7) || (to.v & PAGE_MASK) > PAGE_SIZE - sizeof(out))
        return OUTCOME_DONE;
    fill_in(&v->vm->precopy, &out);
    e->call.ret = 0;
    switch (guest_write(v->vm, to, &out, sizeof(out), &at)) {
    case GUEST_OK:
        break;
    case GUEST_ABSENT:
        guest_bring(v, at);
        return OUTCOME_AGAIN;
    case GUEST_HOLE:
        e->call.ret = FAILED(PV_EFAULT);
    }
    return OUTCOME_DONE;
}

enum outcome pv_precopy(struct vcpu *v, struct exit *e)
{
    struct vm *vm = v->vm;

    switch (e->call.arg[0]) {
    case FL_PRECOPY_REPORT:
        return report(v, e);
    case FL_PRECOPY_START:
        e->call.ret = start(vm, dirty_best(&vm->tdp), e->call.arg[1]);
        return OUTCOME_DONE;
    case FL_PRECOPY_START_WRITE_PROTECT:
        e->call.ret = start(vm, TDP_LOG_WRITE_PROTECT, e->call.arg[1]);
        return OUTCOME_DONE;
    case FL_PRECOPY_START_DIRTY_BIT:
        e->call.ret = start(vm, TDP_LOG_DIRTY_BIT, e->call.arg[1]);
        return OUTCOME_DONE;
    }
    e->call.ret = FAILED(PV_EINVAL);
    return OUTCOME_DONE;
}
