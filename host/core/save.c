/* SPDX-License-Identifier: BSD-2-Clause */
/* save.c: the steps of a save, from the guest's standing still to the header, and what becomes of the VM then. */
#include "save.h"
#include "vm.h"
#include "con.h"
#include "hw.h"
#include "port.h"
#include "pv.h"
#include "lib/str.h"

#define TELL_NS 2000000000ull /* how it goes is told that often */

void save_offer(struct vm *vm, struct store *to)
{
    vm->save.to = to;
}

static void free_images(struct save *s)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (s->index[i])
            port_zfree(s->index[i], SAVED_INDEX_BYTES(s->header->slot[i].pages));
    memset(s->index, 0, sizeof(s->index));
    if (s->map)
        port_zfree(s->map, SAVED_MAP_BYTES(s->map_end));
    if (s->state)
        port_zfree(s->state, ROUND_UP(sizeof(*s->state), PAGE_SIZE));
    if (s->header)
        port_zfree(s->header, PAGE_SIZE);
    s->map = NULL;
    s->state = NULL;
    s->header = NULL;
}

void save_free(struct vm *vm)
{
    free_images(&vm->save);
    save_io_free(&vm->save);
}

/* What is known before anything has moved. */
static enum save_error prepare(struct vm *vm)
{
    struct save *s = &vm->save;

    s->header = port_zalloc(PAGE_SIZE);
    s->state = port_zalloc(ROUND_UP(sizeof(*s->state), PAGE_SIZE));
    if (!s->header || !s->state || !save_io_init(s))
        return SAVE_NO_MEMORY;
    s->next = SAVED_FIRST;
    s->map_end = 0;
    if (s->to->bytes / PAGE_SIZE < SAVED_FIRST + SAVED_PAGES(sizeof(*s->state)))
        return SAVE_SMALL;
    return SAVE_OK;
}

static enum save_error begin(struct vm *vm)
{
    struct save *s = &vm->save;
    enum save_error e = prepare(vm);

    if (!e && !hold_begin(vm))
        e = SAVE_BUSY;
    if (e) {
        free_images(s);
        return e;
    }
    s->error = SAVE_OK;
    s->slot = 0;
    s->at = s->pages = 0;
    s->began = s->told = port_now();
    return SAVE_OK;
}

enum save_error save_start(struct vcpu *v, const struct exit *e, enum save_mode mode, u32 status,
                           bool apf_first)
{
    struct vm *vm = v->vm;
    struct save *s = &vm->save;
    u32 nobody = 0;
    enum save_error error = SAVE_OK;

    if (!s->to)
        return SAVE_NOWHERE;
    if (!at_cas(&s->owned, &nobody, 1))
        return SAVE_BUSY;
    if (at_load(&s->step) != SAVE_IDLE || precopy_runs(&vm->precopy))
        error = SAVE_BUSY;
    else
        error = begin(vm);
    if (!error) {
        s->mode = mode;
        s->status = status;
        s->asker = v;
        s->exit = *e;
        s->header->apf_first = apf_first;
        at_store_rel(&s->step, SAVE_STOPPING);
    }
    at_store_rel(&s->owned, 0);
    return error;
}

/* All writes of memory are known to the page words, as nothing is mapped any more. */
static enum save_error stand_still(struct vm *vm)
{
    struct save *s = &vm->save;
    enum save_error e;
    struct slot *slot;

    if (precopy_runs(&vm->precopy)) /* it began while we asked the guest to stop */
        return SAVE_BUSY;
    if (save_runs_from_it(vm)) {
        s->map = saved_map(&vm->saved);
        if (!s->map)
            return SAVE_NO_MEMORY;
        s->map_end = vm->saved.header.end;
    }
    save_describe_vm(vm);
    e = save_describe_slots(vm);
    for (unsigned i = 0; !e && (slot = vm_slot(vm, i)); i++)
        pager_unmap_range(vm, slot->base, (gfn_t){slot->base.v + slot->pages});
    s->slot = 0;
    s->at = 0;
    return e;
}

static void tell(struct vm *vm, u64 now)
{
    struct save *s = &vm->save;
    u64 all = 0;

    if (now < s->told + TELL_NS) /* a pass may have begun before the save did */
        return;
    s->told = now;
    for (unsigned i = 0; i < s->header->slots; i++)
        all += s->header->slot[i].pages;
    con_host("vm%u: saving to partition %s: %lu of %lu pages", vm->id, s->to->name, s->pages, all);
}

static void end(struct vm *vm)
{
    struct save *s = &vm->save;

    con_host("vm%u: saved to partition %s: %lu pages of memory, %lu of the partition, %lu ms", vm->id,
             s->to->name, s->pages, s->header->end, (port_now() - s->began) / 1000000);
    if (s->mode == SAVE_KEEP) {
        at_store(&s->step, SAVE_ANSWER);
        return;
    }
    at_store(&s->step, SAVE_OVER);
    vm_exit(vm, s->mode == SAVE_STOP ? s->status : 0);
}

/* By the owner of the vCPU that asked. */
static void answer(struct vm *vm)
{
    struct save *s = &vm->save;
    enum save_error error = at_load(&s->error);

    if (port_cpu() != s->asker->cpu) {
        port_kick(s->asker->cpu);
        return;
    }
    if (error)
        con_host("vm%u: not saved: %s", vm->id, save_strerror(error));
    if (s->exit.kind == EXIT_HYPERCALL)
        s->exit.call.ret = pv_save_result(error);
    else
        at_store(&vm->hook->result, (u32)pv_save_result(error));
    hw_complete(s->asker, &s->exit);
    free_images(s);
    at_store(&s->step, SAVE_IDLE);
    hold_end(vm);
}

static enum save_step next_step(struct vm *vm, enum save_step step)
{
    struct save *s = &vm->save;

    switch (step) {
    case SAVE_STOPPING:
        if (!hold_still(&vm->hold))
            return step;
        save_failed(s, stand_still(vm));
        return SAVE_FORGETTING;
    case SAVE_FORGETTING:
        return save_forget(vm) ? SAVE_MEMORY : step;
    case SAVE_MEMORY:
        if (!save_memory(vm))
            return step;
        s->slot = 0;
        return SAVE_INDEX;
    case SAVE_INDEX:
        return save_write_indices(vm) ? SAVE_STATE : step;
    case SAVE_STATE:
        return save_write_state(vm) ? SAVE_HEADER : step;
    case SAVE_HEADER:
        return save_write_header(vm) ? SAVE_LAST : step;
    case SAVE_IDLE:
    case SAVE_LAST:
    case SAVE_ANSWER:
    case SAVE_OVER:
        break;
    }
    return step;
}

static void advance(struct vm *vm, u64 now)
{
    struct save *s = &vm->save;
    enum save_step step = at_load(&s->step);

    if (step == SAVE_ANSWER) {
        answer(vm);
    } else if (at_load(&s->error)) {
        save_drop(s);
        if (save_io_idle(s))
            at_store(&s->step, SAVE_ANSWER);
    } else if (step == SAVE_LAST) {
        if (save_io_idle(s))
            end(vm);
    } else {
        at_store(&s->step, next_step(vm, step));
        tell(vm, now);
    }
}

u64 save_work(struct vm *vm, u64 now)
{
    struct save *s = &vm->save;
    u32 nobody = 0;

    if (!save_runs(s))
        return TIME_NEVER;
    if (at_cas(&s->owned, &nobody, 1)) {
        if (save_runs(s) && at_load(&vm->state) != VM_STOPPED)
            advance(vm, now);
        at_store_rel(&s->owned, 0);
    }
    return now;
}

bool save_again(const struct vm *vm)
{
    return at_load(&vm->save.step) == SAVE_OVER && vm->save.mode == SAVE_GO_ON;
}

const char *save_strerror(enum save_error e)
{
    switch (e) {
    case SAVE_OK:
        return "no error";
    case SAVE_NOWHERE:
        return "the host was told of no partition for it (save=)";
    case SAVE_BUSY:
        return "another save, or a copy, is under way";
    case SAVE_SMALL:
        return "the partition is too small";
    case SAVE_NO_MEMORY:
        return "no memory";
    case SAVE_STORE_ERROR:
        return "the store failed";
    }
    return "unknown error";
}
