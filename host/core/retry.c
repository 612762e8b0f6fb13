/* SPDX-License-Identifier: BSD-2-Clause */
/* retry.c: count the times a fault is turned away, and speak up for one that starves. */
#include "retry.h"
#include "bracket.h"
#include "vm.h"

void retry_count(struct vcpu *v)
{
    struct vm *vm = v->vm;

    stat_add(vm, tdp_retries, 1);
    if (++v->turned_away > at_load(&vm->stats.tdp_retries_max))
        at_store(&vm->stats.tdp_retries_max, (u64)v->turned_away);
    if (v->turned_away == RETRY_PATIENCE)
        at_add(&vm->inv.starving, 1);
    if (at_load(&vm->inv.no_hull))
        bracket_report(vm, "a fault", INV_NO_HULL);
}

void retry_end(struct vcpu *v)
{
    if (v->turned_away >= RETRY_PATIENCE)
        at_sub(&v->vm->inv.starving, 1);
    v->turned_away = 0;
}
