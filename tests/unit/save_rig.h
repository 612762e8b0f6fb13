/* SPDX-License-Identifier: BSD-2-Clause */
/* save_rig.h: for the tests of saving: a guest that writes, loops that come by, and a host that boots again. */
#pragma once
#include "mmu_rig.h"
#include "guestmem.h"
#include "pv.h"
#include "restore.h"
#include "abi/kvm_hypercall.h"

#define FIRST  16u /* a page of the anonymous slot; those before hold APF slots */
#define PLACES 300u
#define STEPS  20000u

static struct vm *vm;
static struct vcpu *v;
static struct fake_store to;
static struct world_config world_config;

static inline void begin_with(const struct world_config *c)
{
    world_config = *c;
    mmu_choose(&mmus[0]);
    world_make(c);
    fake_store_make(&to, "save", PLACES * PAGE_SIZE);
    memset(to.data, 0, PLACES * PAGE_SIZE);
    vm = world.vm;
    v = world.v;
    save_offer(vm, &to.store);
}

static inline int setup(void **state)
{
    (void)state;
    begin_with(&(struct world_config){.vcpus = 2, .cpus = 2, .apf = FL_APF_INT});
    return 0;
}

static inline int end(void **state)
{
    fake_disk_finish_all();
    fake_store_free(&to);
    return world_teardown(state);
}

/* Until the guest reaches the page, by way of faults. */
static inline u64 *reach(gfn_t gfn, bool write)
{
    u64 *at;

    while (!(at = mmu_reach(v, gfn, write))) {
        fault_handle(v, gfn_gpa(gfn), write ? ACCESS_WRITE : ACCESS_READ);
        while (pager_reclaim(vm) || fake_disk.count)
            fake_disk_finish_all();
        vcpu_service(v);
        if (v->state != VCPU_RUNNABLE)
            vcpu_set_state(v, VCPU_RUNNABLE);
        v->hw->pending.event = FAKE_NO_EVENT;
    }
    return at;
}

static inline void guest_writes(gfn_t gfn, u64 value)
{
    *reach(gfn, true) = value;
}

static inline u64 guest_reads(gfn_t gfn)
{
    return *reach(gfn, false);
}

/* A pass of the loop of each CPU, as far as it concerns a save. */
static inline void step(void)
{
    for (fake_cpu = 0; fake_cpu < fake.cpus; fake_cpu++) {
        hold_pass(&vm->hold, fake_cpu);
        (void)save_work(vm, fake.now);
    }
    fake_cpu = 0;
    fake.now += 1000;
}

static inline enum save_error ask(enum save_mode mode)
{
    struct exit e = {.kind = EXIT_HYPERCALL, .call = {.nr = FL_HC_SAVE}};

    return save_start(v, &e, mode, 7, false);
}

static inline void until_over(void)
{
    for (unsigned i = 0; i < STEPS && vm->save.step != SAVE_OVER && vm->save.step != SAVE_IDLE; i++) {
        step();
        fake_disk_finish_all();
    }
    assert_true(vm->save.step == SAVE_OVER || vm->save.step == SAVE_IDLE);
}

static inline void save(enum save_mode mode)
{
    assert_int_equal(ask(mode), SAVE_OK);
    until_over();
    assert_int_equal(vm->save.error, SAVE_OK);
}

/* The VM is gone; a new one is made of what the partition has that it could be saved to. */
static inline enum restore_error boot_again(void)
{
    struct vm_config config = vm->config;
    struct store *from = vm->save.to;
    struct saved_header h;
    struct store *source[SLOTS] = {NULL};
    unsigned place;
    enum restore_error e;

    fake_disk_finish_all();
    vm_destroy(vm);
    memset(mmu_tlb, 0, sizeof(mmu_tlb));
    fake_disk.prompt = 256;
    vm = world.vm = vm_create(0, &config, &world.swap.store);
    assert_non_null(vm);
    v = world.v = vm->vcpu[0];
    save_offer(vm, from);
    e = restore_find(from, &h, &place);
    for (unsigned i = 0; !e && i < h.slots; i++)
        source[i] = h.slot[i].source[0] ? &world.module.store : NULL;
    if (!e)
        e = restore_vm(vm, from, &h, place, source);
    fake_disk.prompt = 0;
    vm->state = VM_RUNNING;
    return e;
}
