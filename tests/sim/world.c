/* SPDX-License-Identifier: BSD-2-Clause */
/* world.c: make the VM, run it, take it down. */
#include "world.h"
#include "debts.h"
#include "guest.h"
#include "loop.h"
#include "pages.h"
#include "seen.h"
#include "swarm.h"
#include "trace.h"

struct world world;

static void enable_lapic(struct vcpu *v)
{
    struct exit base = {
        .kind = EXIT_MSR,
        .msr = {.index = APIC_BASE_MSR, .write = true, .value = v->lapic.base | APIC_BASE_X2}};
    struct exit svr = {.kind = EXIT_MSR,
                       .msr = {.index = X2APIC_MSR_FIRST + 0xf, .write = true, .value = 0x1ff}};

    check(lapic_msr(v, &base) == OUTCOME_DONE && lapic_msr(v, &svr) == OUTCOME_DONE,
          "the local APIC can be enabled");
}

static bool add_memory(u64 anonymous, u64 module)
{
    return !slot_add(world.vm, "memory", (gfn_t){0}, anonymous, NULL) &&
           !slot_add(world.vm, "data", (gfn_t){MODULE_GFN}, module, &world.module.store) &&
           apic_page_make(world.vm);
}

/* False: the machine had not enough memory, which it must have a reason for. */
static bool make_vm(void)
{
    u64 anonymous = pages_span(swarm.anonymous), module = pages_span(swarm.module);
    struct vm_config config = {.memory = anonymous * PAGE_SIZE,
                               .resident = swarm.frames * PAGE_SIZE,
                               .vcpus = swarm.vcpus,
                               .apf = swarm.apf,
                               .nx = swarm.nx,
                               .nx_ratio = swarm.nx_ratio,
                               .nx_period = swarm.nx_period,
                               .apic_moves = swarm.apic_moves,
                               .io_timeout = swarm.io_timeout,
                               .io_give_up = swarm.io_give_up};

    disk_make(&world.swap, "swap", (anonymous + module + SLOT_IDS) * PAGE_SIZE);
    disk_make(&world.module, "data", module * PAGE_SIZE);
    pages_module(&world.module);
    world.vm = vm_create(0, &config, &world.swap.store);
    if (world.vm && add_memory(anonymous, module))
        return true;
    check(swarm.machine.memory_fails, "there is memory enough for the VM");
    return false;
}

static void start_vm(void)
{
    guests_reset();
    for (unsigned i = 0; i < world.vm->vcpus; i++) {
        enable_lapic(world.vm->vcpu[i]);
        vcpu_set_state(world.vm->vcpu[i], VCPU_RUNNABLE);
        guest_apf_on(world.vm->vcpu[i]);
        guest_pv_on(world.vm->vcpu[i]);
    }
    apic_move_init(world.vm);
    world.vm->state = VM_RUNNING;
}

static void cpu(void)
{
    loop_run(world.vm);
}

struct run_result world_run(u64 seed, u64 operations)
{
    struct run_result r = {0};

    swarm_draw(seed, operations);
    trace_reset();
    machine_init(&swarm.machine);
    disk_reset();
    debts_reset();
    oracle_reset();
    seen_reset();
    pages_reset();
    if (make_vm()) {
        start_vm();
        machine_run(cpu);
        disk_drain();
        oracle_ended();
        for (unsigned i = 0; i < world.vm->vcpus; i++)
            r.operations += guest[i].operations;
    }
    if (world.vm)
        vm_destroy(world.vm);
    world.vm = NULL;
    oracle_destroyed();
    disk_free(&world.swap);
    disk_free(&world.module);
    r.hash = trace_hash();
    r.points = machine.point;
    return r;
}
