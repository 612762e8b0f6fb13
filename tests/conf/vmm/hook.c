/* SPDX-License-Identifier: BSD-2-Clause */
/* hook.c: the ports of the test hook, without HOOK_FAIL: user space cannot make a fault of KVM's fail just once. */
#include "vmm.h"
#include "abi/kvm_hypercall.h"
#include <stdatomic.h>

/* The guest allows one at a time; these are atomic only so that it cannot confuse the VMM's threads. */
static _Atomic u32 page, value, result;

static u32 capabilities(void)
{
    u32 missing = HOOK_CAP(HOOK_MISS) | HOOK_CAP(HOOK_DONE);

    return (missing_possible() ? missing : 0) | HOOK_CAP(HOOK_STATE) | HOOK_CAP(HOOK_WINDOW) |
           HOOK_CAP(HOOK_PROTECT) | HOOK_CAP(HOOK_HOLE) | HOOK_CAP(HOOK_ROM) | HOOK_CAP(HOOK_COUNT) |
           HOOK_CAP(HOOK_SAVE);
}

static int change_window(struct vmm *m, u64 gfn, u32 on, enum window_page kind)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    u64 at = gfn - (WINDOW_BASE >> PAGE_SHIFT);

    if (at >= HOOK_WINDOW_MAX || on > 1)
        return -PV_EINVAL;
    pthread_mutex_lock(&lock);
    memory_window_set(m, (unsigned)at, on ? kind : WINDOW_RAM);
    pthread_mutex_unlock(&lock);
    return 0;
}

static int save(struct vcpu *v, u32 how)
{
    if (how & ~(u32)HOOK_SAVE_APF_BEFORE)
        return -PV_EINVAL;
    save_and_restore(v, how & HOOK_SAVE_APF_BEFORE);
    return 1;
}

static int command(struct vcpu *v, u32 number, u64 gfn, u32 x)
{
    struct vmm *m = v->vmm;

    switch (number) {
    case HOOK_MISS:
        return missing_take(gfn, x);
    case HOOK_DONE:
        return missing_end(gfn, x);
    case HOOK_STATE:
        return memory_at(m, gfn << PAGE_SHIFT) ? missing_state(gfn) : -PV_EFAULT;
    case HOOK_WINDOW:
        return x && x <= HOOK_WINDOW_MAX ? (int)(WINDOW_BASE >> PAGE_SHIFT) : -PV_EINVAL;
    case HOOK_PROTECT:
        return change_window(m, gfn, x, WINDOW_PROTECTED);
    case HOOK_HOLE:
        return change_window(m, gfn, x, WINDOW_ABSENT);
    case HOOK_ROM:
        return (int)(ROM_BASE >> PAGE_SHIFT);
    case HOOK_COUNT:
        return count_read(m, x);
    case HOOK_SAVE:
        return save(v, x);
    default:
        return -PV_ENOSYS;
    }
}

u32 hook_in(struct vmm *m, u16 port)
{
    (void)m;
    switch (port) {
    case HOOK_PORT_ID:
        return HOOK_ID;
    case HOOK_PORT_CAPS:
        return capabilities();
    case HOOK_PORT_COMMAND:
        return result;
    default:
        return ~0u;
    }
}

void hook_out(struct vcpu *v, u16 port, u32 x)
{
    if (port == HOOK_PORT_PAGE)
        page = x;
    else if (port == HOOK_PORT_VALUE)
        value = x;
    else if (port == HOOK_PORT_COMMAND)
        result = (u32)command(v, x, page, value);
}
