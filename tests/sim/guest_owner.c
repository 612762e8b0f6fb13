/* SPDX-License-Identifier: BSD-2-Clause */
/* guest_owner.c: what guests have the owner of their memory do to it, and what the guests must know of that. */
#include "guest.h"
#include "pages.h"
#include "seen.h"
#include "swarm.h"
#include "world.h"
#include "abi/faultline.h"
#include "abi/kvm_hypercall.h"

#define TABLE_PAGES 512ull

static enum { IN_PLACE, CHANGING, DELETED } module_state;

void owner_reset(void)
{
    module_state = IN_PLACE;
}

bool owner_has_module(void)
{
    return module_state != DELETED;
}

bool owner_module_in_place(void)
{
    return module_state == IN_PLACE;
}

static bool chance(u32 rate)
{
    return rng_chance(&machine.rng, rate);
}

static u64 below(u64 n)
{
    return rng_below(&machine.rng, n);
}

/* A range of memory to be thrown out or unmapped, where some guest works: a few pages, or all that tables map. */
static struct insn on_range(const struct vcpu *v, u32 call)
{
    gfn_t first = player_guess(v->vm->vcpu[below(v->vm->vcpus)]);
    u64 pages = pages_span(1 + (unsigned)below(8));

    if (!below(3)) {
        first.v = ROUND_DOWN(first.v, TABLE_PAGES);
        pages = TABLE_PAGES << below(3);
    }
    return (struct insn){.kind = INSN_CALL, .nr = call, .arg = {gfn_gpa(first).v, pages * PAGE_SIZE}};
}

/* A slot is moved to where it is: it is INVALID for a moment, and nobody may notice. */
static struct insn renew_slot(void)
{
    u64 at = below(2) ? 0 : gfn_gpa(pages_module_at()).v;

    return (struct insn){.kind = INSN_CALL, .nr = FL_HC_SLOT_MOVE, .arg = {at, at}};
}

/* The module goes elsewhere, be it one page further, or for good, while nobody is on his way to it. */
static struct insn move_module(const struct vcpu *v)
{
    static const u64 places[] = {0, 1, 3, 0x200, 0x201, 0x4000};
    gpa_t from = gfn_gpa(pages_module_at()),
          to = gfn_gpa((gfn_t){MODULE_GFN + places[below(ARRAY_SIZE(places))]});
    bool used = module_state != IN_PLACE;

    for (unsigned i = 0; i < v->vm->vcpus; i++)
        used |= guest[i].in_module;
    if (used)
        return (struct insn){.kind = INSN_PAUSE};
    module_state = CHANGING;
    return (struct insn){.kind = INSN_CALL,
                         .nr = below(4) ? FL_HC_SLOT_MOVE : FL_HC_SLOT_DELETE,
                         .arg = {from.v, to.v},
                         .of_module = true};
}

static struct insn use_apic_page(void)
{
    static const u32 call[] = {FL_HC_EVICT, FL_HC_MIGRATE, FL_HC_UNMAP};

    if (below(2))
        return (struct insn){
            .kind = INSN_ACCESS, .page = APIC_PAGE, .access = below(2) ? ACCESS_READ : ACCESS_WRITE};
    return (struct insn){.kind = INSN_CALL,
                         .nr = call[below(ARRAY_SIZE(call))],
                         .arg = {gfn_gpa((gfn_t){APIC_GFN}).v, PAGE_SIZE}};
}

static struct insn switch_nx(void)
{
    u64 on = below(2), period = below(2);

    return (struct insn){.kind = INSN_CALL, .nr = FL_HC_NX, .arg = {on, (u64)swarm.nx_ratio << 32 | period}};
}

struct insn owner_errand(struct vcpu *v)
{
    if (chance(swarm.evict))
        return on_range(v, FL_HC_EVICT);
    if (chance(swarm.unmap))
        return on_range(v, FL_HC_UNMAP);
    if (chance(swarm.migrate))
        return on_range(v, FL_HC_MIGRATE);
    if (chance(swarm.renew))
        return renew_slot();
    if (chance(swarm.move))
        return move_module(v);
    if (chance(swarm.nx_switch))
        return switch_nx();
    if (chance(swarm.apic))
        return use_apic_page();
    return (struct insn){.kind = INSN_NONE};
}

/* A module that was deleted comes again, with its first contents; another update may have to end before. */
void owner_mend(struct vm *vm)
{
    if (module_state != DELETED)
        return;
    module_state = CHANGING;
    if (slot_add(vm, "data", pages_module_at(), pages_span(swarm.module), &world.module.store) == SLOT_OK)
        module_state = IN_PLACE;
    else
        module_state = DELETED;
}

static void module_changed(const struct insn *i, bool done)
{
    module_state = IN_PLACE;
    if (!done)
        return;
    pages_module_moved(gpa_gfn((gpa_t){i->arg[1]}));
    if (i->nr != FL_HC_SLOT_DELETE)
        return;
    seen[SEEN_SLOT_DELETED]++;
    pages_module_deleted();
    module_state = DELETED;
}

void owner_called(const struct insn *i, u64 ret)
{
    if (i->nr == FL_HC_NX)
        seen[SEEN_NX_SWITCH] += !ret;
    if (i->nr == FL_HC_SLOT_MOVE) {
        seen[SEEN_SLOT_BUSY] += ret == -(u64)PV_EBUSY;
        seen[i->of_module ? SEEN_SLOT_MOVED : SEEN_SLOT_RENEWED] += !ret;
    }
    if (i->of_module)
        module_changed(i, !ret);
}
