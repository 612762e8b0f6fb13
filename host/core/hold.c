/* SPDX-License-Identifier: BSD-2-Clause */
/* hold.c: tell everybody that the guest is to stand still, or to go on. */
#include "hold.h"
#include "vm.h"

static void tell(struct vm *vm)
{
    for (unsigned i = 0; i < vm->vcpus; i++)
        vcpu_request(vm->vcpu[i], REQ_STATE);
    for (unsigned i = 0; i < port_cpu_count();
         i++) /* those too that have no vCPU, or sleep beside a halted one */
        port_kick(i);
}

void hold_begin(struct vm *vm)
{
    check(!hold_on(&vm->hold), "one hold at a time");
    at_store_rel(&vm->hold.now, at_add(&vm->hold.count, 1));
    tell(vm);
}

void hold_end(struct vm *vm)
{
    at_store_rel(&vm->hold.now, 0);
    tell(vm);
}
