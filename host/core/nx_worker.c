/* SPDX-License-Identifier: BSD-2-Clause */
/* nx_worker.c: switch the NX mitigation on and off; give back in slices what it has cost. */
#include "nx_worker.h"
#include "vm.h"
#include "hw.h"
#include "port.h"

void nx_init(struct vm *vm)
{
    enum nx_mode mode = vm->config.nx;

    vm->nx_worker.ratio = vm->config.nx_ratio;
    vm->nx_worker.period = vm->config.nx_period;
    vm->tdp.nx.on = vm->tdp.nx.enforced = mode == NX_FORCE || (mode == NX_AUTO && hw_nx_needed());
}

enum nx_result nx_set(struct vm *vm, bool on)
{
    struct nx *n = &vm->tdp.nx;
    u32 idle = 0;

    if (on && vm->config.nx == NX_NEVER)
        return NX_REFUSED;
    if (!at_cas(&vm->nx_worker.switching, &idle, 1))
        return NX_BUSY;
    if (at_load(&n->on) != on) {
        at_store(&n->enforced, false);
        at_store(&n->on, on); /* whoever has the mapping lock after tdp_zap_all() has had it goes by this */
        tdp_zap_all(&vm->tdp);
        at_store(&n->enforced, on);
        port_kick(NX_CPU);
    }
    at_store_rel(&vm->nx_worker.switching, 0);
    return NX_DONE;
}

u64 nx_period(u32 ratio, u64 period)
{
    if (!ratio)
        return 0;
    return period ? period : NX_HOUR / MIN(ratio, NX_RATIO_MAX);
}

void nx_set_pace(struct vm *vm, u32 ratio, u64 period)
{
    struct nx_worker *w = &vm->nx_worker;
    u64 before = nx_period(at_load(&w->ratio), at_load(&w->period)), after = nx_period(ratio, period);

    at_store(&w->ratio, ratio);
    at_store(&w->period, period);
    if (after && (!before || after < before))
        port_kick(NX_CPU); /* it looks at the period anew */
}

/* One slice of the pass. A list that ends early ends the pass. */
static void slice(struct vm *vm, struct nx_worker *w, u64 now)
{
    u32 want = MIN(w->left, NX_BATCH);

    w->left = tdp_recover(&vm->tdp, want) == want ? w->left - want : 0;
    w->next_slice = now + NX_PAUSE;
}

u64 nx_work(struct vm *vm, u64 now)
{
    struct nx_worker *w = &vm->nx_worker;
    u32 ratio = at_load(&w->ratio), listed = at_load(&vm->tdp.nx.listed);
    u64 period = nx_period(ratio, at_load(&w->period));

    if (!period || !at_load(&vm->tdp.nx.on)) {
        w->left = 0;
        return TIME_NEVER;
    }
    if (!w->left && now - w->last >= period) {
        w->last = w->next_slice = now;
        w->left = (u32)(((u64)listed + ratio - 1) / ratio);
    }
    if (w->left && now >= w->next_slice)
        slice(vm, w, now);
    return w->left ? w->next_slice : w->last + period;
}
