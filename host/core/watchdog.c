/* SPDX-License-Identifier: BSD-2-Clause */
/* watchdog.c: a store that does not answer freezes the guest in public, never in silence. */
#include "watchdog.h"
#include "vm.h"
#include "con.h"

#define SECOND 1000000000ul

void watchdog_look(struct vm *vm, u64 now)
{
    struct pager_io io;
    u64 age;
    bool late = pager_io_oldest(&vm->pager.io, now, &age, &io) && age > vm->config.io_timeout;
    enum vm_state state = at_load(&vm->state);

    if (state == VM_PAUSED && !late) {
        con_host("vm%u: the store answers again: resumed", vm->id);
        vm_resume(vm);
    }
    if (!late || state == VM_STOPPED)
        return;
    if (state == VM_RUNNING) {
        con_host("vm%u: no answer for %lu s to a %s of gpa 0x%lx (store '%s', block %lu): paused; stops "
                 "after %lu s",
                 vm->id, age / SECOND, io.req.op == STORE_READ ? "read" : "write", gfn_gpa(io.gfn).v,
                 io.req.at->name, io.req.at->ops->block(io.req.at, io.req.offset),
                 vm->config.io_give_up / SECOND);
        vm_pause(vm);
    }
    if (age > vm->config.io_give_up)
        vm_kill(vm, NULL, VM_STATUS_STORE_TIMEOUT, "store '%s' did not answer for %lu s", io.req.at->name,
                age / SECOND);
}
