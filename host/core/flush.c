/* SPDX-License-Identifier: BSD-2-Clause */
/* flush.c: request, kick, and wait until nobody runs on old translations. */
#include "flush.h"
#include "vm.h"
#include "port.h"

/* A kick can get lost on its way (QEMU sets its record of pending interrupts without a lock in VMRUN): repeat it. */
#define KICK_AGAIN 65536

static void wait_left(struct vcpu *v, u32 mode)
{
    for (u32 turns = 1; !req_left(&v->pub, mode); turns++) {
        if (!(turns % KICK_AGAIN))
            port_kick(v->cpu);
        at_relax();
    }
}

static void request_all(struct vm *vm, u32 req)
{
    u32 mode[VCPU_MAX];

    if (req & REQ_FLUSH)
        at_add(&vm->flush_generation, 1);
    for (unsigned i = 0; i < vm->vcpus; i++) {
        struct vcpu *v = vm->vcpu[i];

        /* A vCPU that is not in the guest has the bit before it looks again (B7-13); no kick, no wait. */
        mode[i] = req_raise(&v->pub, req) & MODE_IN_GUEST ? req_mode(&v->pub) : 0;
        if (mode[i] & MODE_IN_GUEST)
            port_kick(v->cpu);
    }
    for (unsigned i = 0; i < vm->vcpus; i++)
        wait_left(vm->vcpu[i], mode[i]);
}

void flush_all(struct vm *vm)
{
    request_all(vm, REQ_FLUSH);
}

void flush_roots(struct vm *vm)
{
    request_all(vm, REQ_FLUSH | REQ_ROOT);
}

void flush_logs(struct vm *vm)
{
    request_all(vm, REQ_LOG);
}
