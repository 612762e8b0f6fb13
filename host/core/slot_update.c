/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slot_update.c: change what gfns mean while vCPUs run (SPEC B5).
 *
 * One updater at a time makes the next set beside the published one, swaps the pointer while no bracket is open, and
 * waits until no reader can see the old set. A slot that goes, or goes elsewhere, is INVALID in between: by then nobody
 * uses its pages, nobody can map them, and what is mapped is zapped and flushed.
 */
#include "slot.h"
#include "bracket.h"
#include "hw.h"
#include "dirty.h"
#include "pager_slot.h"
#include "resident.h"
#include "port.h"
#include "vm.h"

/* Nobody waits for another updater: that one waits for our pass to end. */
static bool update_begin(struct vm *vm)
{
    u32 nobody = 0;

    return at_cas(&vm->slot_table.updating, &nobody, 1);
}

static enum slot_error update_end(struct vm *vm, enum slot_error e)
{
    at_store_rel(&vm->slot_table.updating, 0);
    if (!e && at_load(&vm->state) != VM_SETUP)
        for (unsigned i = 0; i < vm->vcpus; i++)
            vcpu_request(vm->vcpu[i],
                         REQ_DONE); /* an APF slot may have come, or can be written again (A0-15) */
    return e;
}

/* B5-2: make `next` what gfns mean, and return when no reader goes by anything else. */
static void publish(struct vm *vm, const struct slots *next)
{
    struct slots *spare = &vm->slot_table.set[vm->slots == &vm->slot_table.set[0]];

    *spare = *next;
    inv_publish_begin(&vm->inv);
    at_store_rel(&vm->slots, spare); /* P10: pairs with slot_look() */
    inv_publish_end(&vm->inv);
    pass_wait(&vm->passes); /* P10 */
}

static enum slot_error check_range(struct vm *vm, gfn_t base, u64 pages, const struct slot *except)
{
    u64 limit = MIN(tdp_gfn_limit(&vm->tdp), BIT(hw_gpa_bits() - PAGE_SHIFT));
    const struct slots *set = vm->slots;

    if (!pages)
        return SLOT_ZERO;
    if (base.v >= limit || pages > limit - base.v) /* neither sum can wrap */
        return SLOT_BEYOND;
    for (unsigned i = 0; i < set->count; i++) {
        const struct slot *s = set->at[i];

        if (s != except && base.v < s->base.v + s->pages && s->base.v < base.v + pages)
            return SLOT_OVERLAP;
    }
    return SLOT_OK;
}

/* There is always one more than a set can have. */
static struct slot *unused(struct vm *vm)
{
    struct slot *s = vm->slot;

    while (s->pages)
        s++;
    check(s < vm->slot + ARRAY_SIZE(vm->slot), "a slot that no set has");
    return s;
}

static bool is_special(const struct slot *s)
{
    return s->read_only || s->id == SLOT_APIC_PAGE;
}

static unsigned count_of(const struct slots *set, enum slot_id id)
{
    unsigned n = 0;

    for (unsigned i = 0; i < set->count; i++)
        n += set->at[i]->id == id;
    return n;
}

static unsigned most_of(enum slot_id id)
{
    return id == SLOT_PUBLIC ? SLOT_MAX : id == SLOT_HOOK ? SLOT_HOOK_MAX : 1;
}

/* The lowest place in swap that no slot has: what a deleted one had is used again. */
static u64 swap_place(const struct slots *set, u64 bytes)
{
    u64 at = 0;

    for (unsigned i = 0; i < set->count;) {
        const struct slot *s = set->at[i++];

        if (at < s->swap_offset + s->pages * PAGE_SIZE && s->swap_offset < at + bytes) {
            at = s->swap_offset + s->pages * PAGE_SIZE;
            i = 0;
        }
    }
    return at;
}

/* B5-6: a new slot zaps nothing. */
static enum slot_error add(struct vm *vm, const struct slot *wanted)
{
    struct slots next = *vm->slots;
    enum slot_error e = check_range(vm, wanted->base, wanted->pages, NULL);
    u64 place, bytes = wanted->pages * PAGE_SIZE;
    struct slot *s;

    if (e)
        return e;
    if (count_of(&next, wanted->id) >= most_of(wanted->id))
        return SLOT_TOO_MANY;
    place = swap_place(&next, bytes);
    if (at_load(&vm->state) != VM_SETUP && place + bytes > vm->pager.swap->bytes)
        return SLOT_NO_SWAP;
    s = unused(vm);
    *s = *wanted;
    s->special = is_special(s);
    s->swap_offset = place;
    s->page = port_zalloc(resident_bytes(s->pages));
    if (!s->page) {
        s->pages = 0;
        return SLOT_NO_MEMORY;
    }
    vm->pager.swap_used = MAX(vm->pager.swap_used, place + bytes);
    next.at[next.count++] = s;
    next.generation += 2;
    publish(vm, &next);
    return SLOT_OK;
}

enum slot_error slot_add(struct vm *vm, const char *name, gfn_t base, u64 pages, struct store *store)
{
    const struct slot wanted = {.base = base, .pages = pages, .name = name, .store = store};

    return update_begin(vm) ? update_end(vm, add(vm, &wanted)) : SLOT_BUSY;
}

enum slot_error slot_add_private(struct vm *vm, enum slot_id id, gfn_t base)
{
    const struct slot wanted = {.base = base, .pages = 1, .id = id, .name = "private"};

    return update_begin(vm) ? update_end(vm, add(vm, &wanted)) : SLOT_BUSY;
}

enum slot_error slot_add_hook(struct vm *vm, gfn_t base, bool read_only, struct store *store)
{
    const struct slot wanted = {.base = base,
                                .pages = 1,
                                .id = SLOT_HOOK,
                                .read_only = read_only,
                                .name = "test hook",
                                .store = store};

    return update_begin(vm) ? update_end(vm, add(vm, &wanted)) : SLOT_BUSY;
}

/* The slot of this kind that begins at base. Updater only. */
static struct slot *begins_at(struct vm *vm, gfn_t base, enum slot_id id)
{
    struct slot *s = slot_find(vm, base);

    return s && s->id == id && s->base.v == base.v ? s : NULL;
}

/*
 * B5-3: INVALID; then nobody uses the slot or can map it; then nothing of it is mapped. BUSY: I/O holds pages of it
 * that had begun before. The slot is as it was then.
 */
static enum slot_error withdraw(struct vm *vm, const struct slot *s)
{
    struct slots next = *vm->slots;

    if (next.generation & 1)
        bracket_report(vm, s->name, INV_UPDATING);
    next.generation |= 1;
    next.invalid = s;
    publish(vm, &next);
    if (!pager_slot_busy(s)) {
        pager_unmap_range(vm, s->base, (gfn_t){s->base.v + s->pages});
        return SLOT_OK;
    }
    next.generation++;
    next.invalid = NULL;
    publish(vm, &next);
    return SLOT_BUSY;
}

/* Publish the set in which `to`, or nothing, has taken the place of `s`, which is INVALID; forget `s`. */
static void replace(struct vm *vm, struct slot *s, struct slot *to)
{
    struct slots next = {.generation = vm->slots->generation + 1};

    for (unsigned i = 0; i < vm->slots->count; i++) {
        if (vm->slots->at[i] != s)
            next.at[next.count++] = vm->slots->at[i];
        else if (to)
            next.at[next.count++] = to;
    }
    publish(vm, &next);
}

static enum slot_error delete (struct vm *vm, struct slot *s) {
    enum slot_error e = s ? withdraw(vm, s) : SLOT_MISSING;

    if (e) return e;
    replace(vm, s, NULL);
    pager_slot_drop(vm, s);
    port_zfree(s->page, resident_bytes(s->pages));
    port_zfree(s->log, DIRTY_LOG_BYTES(s->pages));
    *s = (struct slot){.pages = 0};
    return SLOT_OK;
}

enum slot_error slot_delete(struct vm *vm, gfn_t base)
{
    return update_begin(vm) ? update_end(vm, delete (vm, begins_at(vm, base, SLOT_PUBLIC))) : SLOT_BUSY;
}

enum slot_error slot_delete_private(struct vm *vm, enum slot_id id)
{
    struct slot *s;

    if (!update_begin(vm))
        return SLOT_BUSY;
    (void)slot_by_id(vm, id, &s);
    return update_end(vm, delete (vm, s));
}

static enum slot_error move(struct vm *vm, struct slot *s, gfn_t to, bool read_only)
{
    enum slot_error e = s ? check_range(vm, to, s->pages, s) : SLOT_MISSING;
    struct slot *moved;

    if (!e)
        e = withdraw(vm, s);
    if (e)
        return e;
    moved = unused(vm);
    *moved = *s;
    moved->base = to;
    moved->read_only = read_only;
    moved->special = is_special(moved);
    replace(vm, s, moved);
    *s = (struct slot){.pages = 0};
    return SLOT_OK;
}

enum slot_error slot_move(struct vm *vm, gfn_t base, gfn_t to)
{
    return update_begin(vm) ? update_end(vm, move(vm, begins_at(vm, base, SLOT_PUBLIC), to, false))
                            : SLOT_BUSY;
}

enum slot_error slot_change_hook(struct vm *vm, gfn_t base, gfn_t to, bool read_only)
{
    return update_begin(vm) ? update_end(vm, move(vm, begins_at(vm, base, SLOT_HOOK), to, read_only))
                            : SLOT_BUSY;
}

void slot_free_all(struct vm *vm)
{
    for (unsigned i = 0; i < ARRAY_SIZE(vm->slot); i++) {
        port_zfree(vm->slot[i].page, resident_bytes(vm->slot[i].pages));
        port_zfree(vm->slot[i].log, DIRTY_LOG_BYTES(vm->slot[i].pages));
        vm->slot[i] = (struct slot){.pages = 0};
    }
    vm->slots->count = 0;
}
