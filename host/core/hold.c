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

bool hold_begin(struct vm *vm)
{
    u64 none = 0;

    if (!at_cas(&vm->hold.now, &none, at_add(&vm->hold.count, 1)))
        return false;
    tell(vm);
    return true;
}

void hold_end(struct vm *vm)
{
    at_store_rel(&vm->hold.now, 0);
    tell(vm);
}
