/* SPDX-License-Identifier: BSD-2-Clause */
/* hook.c: the ports of the test hook, and which command does what. */
#include "hook.h"
#include "vm.h"
#include "port.h"
#include "pv.h"
#include "abi/kvm_hypercall.h"

#define CAPS                                                                                     \
    (HOOK_CAP(HOOK_MISS) | HOOK_CAP(HOOK_DONE) | HOOK_CAP(HOOK_FAIL) | HOOK_CAP(HOOK_STATE) |    \
     HOOK_CAP(HOOK_WINDOW) | HOOK_CAP(HOOK_PROTECT) | HOOK_CAP(HOOK_HOLE) | HOOK_CAP(HOOK_ROM) | \
     HOOK_CAP(HOOK_COUNT))
#define COUNT_MASK 0x7fffffffu /* modulo 2^31 */
#define US         1000u       /* in ns */

bool hook_make(struct vm *vm)
{
    struct hook *h = port_zalloc(sizeof(*h));
    struct fl_stats now;

    if (!h)
        return false;
    vm_stats(vm, &now);
    h->since = now.now_ns;
    h->idle = now.idle_ns;
    h->next = TIME_NEVER;
    vm->hook = h;
    vm->tested = true;
    return vm->saved.on || hook_window_make(vm);
}

void hook_free(struct vm *vm)
{
    if (vm->hook)
        port_zfree(vm->hook, sizeof(*vm->hook));
}

static u32 count(struct vm *vm, u32 what)
{
    struct fl_stats now;

    vm_stats(vm, &now);
    switch (what) {
    case HOOK_COUNT_EXITS:
        return now.exits & COUNT_MASK;
    case HOOK_COUNT_BUSY_US: /* that a vCPU is runnable is as near as we know */
        return (vm->vcpus * (now.now_ns - vm->hook->since) - (now.idle_ns - vm->hook->idle)) / US &
               COUNT_MASK;
    case HOOK_COUNT_NOT_PRESENT:
        return now.not_present & COUNT_MASK;
    case HOOK_COUNT_READY:
        return (now.ready + now.wake_all) & COUNT_MASK;
    case HOOK_COUNT_HALTS:
        return now.apf_halts & COUNT_MASK;
    case HOOK_COUNT_SYNC:
        return now.sync_waits & COUNT_MASK;
    }
    return -(u32)PV_EINVAL;
}

static enum outcome save(struct vcpu *v, const struct exit *e, u32 value, u32 *result)
{
    if (!v->vm->save.to)
        return OUTCOME_DONE;
    *result = -(u32)PV_EINVAL;
    if (value & ~(u32)HOOK_SAVE_APF_BEFORE)
        return OUTCOME_DONE;
    return save_and_go_on(v, e, value & HOOK_SAVE_APF_BEFORE, result);
}

static enum outcome command(struct vcpu *v, const struct exit *e)
{
    struct vm *vm = v->vm;
    gfn_t gfn = {at_load(&vm->hook->page)};
    u32 value = at_load(&vm->hook->value), result = -(u32)PV_ENOSYS;
    enum outcome o = OUTCOME_DONE;

    switch (e->io.value) {
    case HOOK_MISS:
        o = hook_miss(v, gfn, value, &result);
        break;
    case HOOK_DONE:
    case HOOK_FAIL:
        result = hook_done(vm, gfn, value, e->io.value == HOOK_FAIL);
        break;
    case HOOK_STATE:
        result = hook_state(vm, gfn);
        break;
    case HOOK_WINDOW:
        result = hook_window(value);
        break;
    case HOOK_PROTECT:
        o = hook_protect(vm, gfn, value, &result);
        break;
    case HOOK_HOLE:
        o = hook_hole(vm, gfn, value, &result);
        break;
    case HOOK_ROM:
        result = hook_rom();
        break;
    case HOOK_COUNT:
        result = count(vm, value);
        break;
    case HOOK_SAVE:
        o = save(v, e, value, &result);
        break;
    }
    at_store(&vm->hook->result, result);
    return o;
}

static u32 reads(const struct vm *vm, u16 port)
{
    switch (port) {
    case HOOK_PORT_ID:
        return HOOK_ID;
    case HOOK_PORT_CAPS:
        return vm->save.to ? CAPS | HOOK_CAP(HOOK_SAVE) : CAPS;
    case HOOK_PORT_COMMAND:
        return at_load(&vm->hook->result);
    }
    return ~0u;
}

enum outcome hook_io(struct vcpu *v, struct exit *e)
{
    struct hook *h = v->vm->hook;
    bool whole = e->io.size == sizeof(u32);

    if (!e->io.write)
        e->io.value = whole ? reads(v->vm, e->io.port) : ~0u;
    else if (whole && e->io.port == HOOK_PORT_PAGE)
        at_store(&h->page, e->io.value);
    else if (whole && e->io.port == HOOK_PORT_VALUE)
        at_store(&h->value, e->io.value);
    else if (whole && e->io.port == HOOK_PORT_COMMAND)
        return command(v, e);
    return OUTCOME_DONE;
}
