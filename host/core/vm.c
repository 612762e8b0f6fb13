/* SPDX-License-Identifier: BSD-2-Clause */
/* vm.c: how a virtual machine comes to be, is paused, and ends. */
#include "vm.h"
#include "con.h"
#include "hw.h"
#include "port.h"
#include "pv.h"
#include "lib/fmt.h"
#include <stdarg.h>

/* All VMs share the machine's CPUs, and so the epochs in which those read. */
static struct epoch epoch = {.now = 1};

const char *vm_status_name(u32 status)
{
    switch (status) {
    case VM_STATUS_GUEST_BUG:
        return "the guest was stopped";
    case VM_STATUS_STORE_ERROR:
        return "store error";
    case VM_STATUS_STORE_TIMEOUT:
        return "the store stopped answering";
    case VM_STATUS_CONFIG:
        return "bad configuration";
    case VM_STATUS_MACHINE:
        return "unsuitable machine";
    case VM_STATUS_PANIC:
        return "broken invariant";
    }
    return "the guest's own";
}

struct vm *vm_create(unsigned id, const struct vm_config *c, struct store *swap)
{
    struct vm *vm = port_zalloc(sizeof(*vm));

    if (!vm)
        return NULL;
    vm->id = id;
    vm->config = *c;
    pv_init(vm);
    inv_init(&vm->inv);
    slots_init(vm);
    uart_reset(&vm->uart);
    tdp_init(&vm->tdp, vm, hw_tdp(), &epoch);
    nx_init(vm);
    if (!pager_init(vm, c->resident / PAGE_SIZE, swap)) {
        port_zfree(vm, sizeof(*vm));
        return NULL;
    }
    while (vm->vcpus < c->vcpus) {
        struct vcpu *v = port_zalloc(sizeof(*v));

        vm->vcpu[vm->vcpus] = v;
        if (!v || !vcpu_init(v, vm, vm->vcpus, vm->vcpus % port_cpu_count())) {
            port_zfree(v, sizeof(*v));
            vm_destroy(vm);
            return NULL;
        }
        vm->vcpus++;
    }
    return vm;
}

void vm_destroy(struct vm *vm)
{
    while (vm->vcpus) {
        struct vcpu *v = vm->vcpu[--vm->vcpus];

        hw_vcpu_free(v);
        if (v->root)
            tdp_root_put(&vm->tdp, v->root);
        tdp_cache_drain(&v->cache);
        port_zfree(v, sizeof(*v));
    }
    tdp_destroy(&vm->tdp);
    precopy_free(vm);
    image_free(&vm->image);
    save_free(vm);
    slot_free_all(vm);
    saved_free(&vm->saved);
    hook_free(vm);
    pager_free(vm);
    port_zfree(vm, sizeof(*vm));
}

static void tell_vcpus(struct vm *vm)
{
    for (unsigned i = 0; i < vm->vcpus; i++)
        vcpu_request(vm->vcpu[i], REQ_STATE);
}

/* The first who wants an end decides it: true for one caller. */
static bool may_end(struct vm *vm)
{
    u32 nobody = 0;

    return at_cas(&vm->ending, &nobody, 1);
}

/*
 * Whoever sees STOPPED finds the status in place, and what there was to say about it said: the machine may go off
 * then.
 */
static void stop(struct vm *vm, u32 status)
{
    at_store(&vm->status, status);
    at_store(&vm->stopped, port_now());
    (void)at_xchg(&vm->state, VM_STOPPED);
    tell_vcpus(vm);
}

void vm_exit(struct vm *vm, u32 status)
{
    if (!may_end(vm))
        return;
    if (status > VM_STATUS_GUEST_MAX) {
        con_host("vm%u: guest ended with status %u, which is the host's; reported as %u", vm->id, status,
                 VM_STATUS_GUEST_MAX);
        status = VM_STATUS_GUEST_MAX;
    }
    stop(vm, status);
}

void vm_kill(struct vm *vm, struct vcpu *v, enum vm_status status, const char *fmt, ...)
{
    char why[256];
    va_list ap;

    if (!may_end(vm))
        return;
    va_start(ap, fmt);
    fmt_vsn(why, sizeof(why), fmt, ap);
    va_end(ap);
    if (v)
        con_host("vm%u stopped on vcpu %u: %s", vm->id, v->id, why);
    else
        con_host("vm%u stopped: %s", vm->id, why);
    if (v)
        hw_report(v);
    stop(vm, status);
}

void vm_pause(struct vm *vm)
{
    enum vm_state running = VM_RUNNING;

    if (at_cas(&vm->state, &running, VM_PAUSED))
        tell_vcpus(vm);
}

void vm_resume(struct vm *vm)
{
    enum vm_state paused = VM_PAUSED;

    if (at_cas(&vm->state, &paused, VM_RUNNING))
        tell_vcpus(vm);
}

/* All rest up to now: a time read later is never less than it. */
static u64 idle_ns(struct vm *vm)
{
    u64 sum = 0;

    for (unsigned i = 0; i < vm->vcpus; i++) {
        struct idle rest = idle_read(&vm->vcpu[i]->idle);

        sum += rest.total + (rest.since ? port_now() - rest.since : 0);
    }
    return sum;
}

void vm_stats(struct vm *vm, struct fl_stats *out)
{
    *out = vm->stats;
    out->size = sizeof(*out);
    out->idle_ns = idle_ns(vm);
    out->now_ns = port_now();
    out->resident = vm->pager.frames.count - at_load(&vm->pager.frames.free);
    out->nx_splits = at_load(&vm->tdp.nx.splits);
    out->nx_recovered = at_load(&vm->tdp.nx.recovered);
    out->nx_listed = at_load(&vm->tdp.nx.listed);
    out->nx_unlisted = at_load(&vm->tdp.nx.unlisted);
}
