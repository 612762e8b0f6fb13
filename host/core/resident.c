/* SPDX-License-Identifier: BSD-2-Clause */
/* resident.c: find the next resident page. */
#include "resident.h"
#include "vm.h"

bool resident_next(struct slot *s, gfn_t *gfn, gfn_t end)
{
    const u64 *map = resident_map(s);
    u64 i = gfn->v - s->base.v, stop = end.v - s->base.v;

    while (i < stop) {
        u64 rest = at_load(&map[i / 64]) >> (i % 64);

        if (rest) {
            i += (u64)__builtin_ctzl(rest);
            break;
        }
        i = ROUND_DOWN(i, 64) + 64;
    }
    gfn->v = s->base.v + MIN(i, stop);
    return i < stop;
}

struct slot *slot_from(struct vm *vm, gfn_t gfn)
{
    struct slot *next = NULL;

    const struct slots *set = at_load_acq(&vm->slots);

    for (unsigned i = 0; i < set->count; i++) {
        struct slot *s = set->at[i];

        if (s != set->invalid && gfn.v < s->base.v + s->pages && (!next || s->base.v < next->base.v))
            next = s;
    }
    return next;
}

struct slot *resident_find(struct vm *vm, gfn_t *gfn, gfn_t end)
{
    struct slot *s;

    while ((s = slot_from(vm, *gfn)) && s->base.v < end.v) {
        gfn->v = MAX(gfn->v, s->base.v);
        if (resident_next(s, gfn, (gfn_t){MIN(end.v, s->base.v + s->pages)}))
            return s;
        if (gfn->v == end.v)
            break;
    }
    *gfn = end;
    return NULL;
}
