/* SPDX-License-Identifier: BSD-2-Clause */
/* apic_move.c: where is the APIC-access page now? */
#include "apic_move.h"
#include "apic_page.h"
#include "con.h"
#include "port.h"
#include "vm.h"

/* Nobody deletes it. NULL: there is none. */
static struct slot *slot_of(struct vm *vm)
{
    struct slot *s;

    return slot_by_id(vm, SLOT_APIC_PAGE, &s) == SLOT_USABLE ? s : NULL;
}

void apic_move_init(struct vm *vm)
{
    if (slot_of(vm))
        vm->apic_move.left = vm->config.apic_moves;
    vm->tested |= vm->apic_move.left > 0;
}

/* Let others run into the bracket. One waits for its end, or time is up: they may all be asleep. */
static bool stay_open(struct vm *vm)
{
    u64 end = port_now() + APIC_MOVE_OPEN;

    while (port_cpu_count() > 1 && !at_load(&vm->bracket_awaited) && port_now() < end)
        at_relax();
    return at_load(&vm->bracket_awaited);
}

/* The page, unmapped in an open bracket, goes to that frame. The frame that is free then. */
static u32 change_frame(struct vm *vm, struct slot *s, u32 frame)
{
    u64 word = at_load(&s->page->word);

    if ((word & PAGE_STATE) != PAGE_RESIDENT || !page_take(s, s->base, word))
        return frame;
    vm->apic_move.strays += apic_page_mend(port_map(pager_hpa(vm, word)));
    return pager_move_page(vm, s, s->base, frame);
}

/* Unmap first, take afterwards: meanwhile the page's word is as it was, and only the bracket says what will be. */
static bool move_in_bracket(struct vm *vm, gfn_t gfn, gfn_t next)
{
    u32 frame = framepool_get(&vm->pager.frames, gfn), left;
    struct inv_bracket b = {.who = "APIC page"};
    struct slot *s;

    if (frame == FRAME_NONE)
        return false;
    bracket_enter(vm, &b);
    s = slot_of(vm);
    pager_unmap_in(vm, &b, gfn, next);
    vm->apic_move.open += stay_open(vm);
    left = change_frame(vm, s, frame);
    bracket_end(vm, &b);
    pager_frame_release(vm, left);
    return left != frame;
}

static void step(struct vm *vm, struct apic_move *m)
{
    gfn_t gfn = APIC_PAGE_GFN, next = {gfn.v + 1};
    u64 turn = m->turn++;
    bool moved;

    if (turn % APIC_MOVE_EVICT == APIC_MOVE_EVICT - 1) {
        m->evictions += pager_evict_range(vm, gfn, next);
        return;
    }
    moved = turn % 2 ? pager_migrate_range(vm, gfn, next) : move_in_bracket(vm, gfn, next);
    if (!moved) /* nobody brings it back if no local APIC has its registers there now */
        pager_load(vm, slot_of(vm), gfn, NULL);
    m->moves += moved;
    m->left -= moved;
    m->absent += !moved;
}

u64 apic_move_work(struct vm *vm, u64 now)
{
    struct apic_move *m = &vm->apic_move;

    if (now >= m->next) {
        step(vm, m);
        m->next = port_now() + APIC_MOVE_PERIOD;
    }
    return m->left ? m->next : TIME_NEVER;
}

void apic_move_report(struct vm *vm)
{
    const struct apic_move *m = &vm->apic_move;
    u64 reloads = 0, turned_away = 0;

    if (!m->turn)
        return;
    for (unsigned i = 0; i < vm->vcpus; i++) {
        reloads += at_load(&vm->vcpu[i]->apic_page.reloads);
        turned_away += at_load(&vm->vcpu[i]->apic_page.turned_away);
    }
    con_host("vm%u: APIC page: %lu moves, %lu evictions, %lu times absent; %lu reloads, %lu turned away, %lu "
             "brackets"
             " waited for; %lu stray words",
             vm->id, m->moves, m->evictions, m->absent, reloads, turned_away, m->open, m->strays);
}
