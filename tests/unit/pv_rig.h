/* SPDX-License-Identifier: BSD-2-Clause */
/* pv_rig.h: a vCPU whose pages, slots and APF engine are stand-ins that remember what was asked of them. */
#pragma once
#include "guest_ram.h"
#include "fake/machine.h"
#include "hw.h"
#include "pv.h"
#include "vm.h"
#include "abi/kvm_cpuid.h"
#include "abi/kvm_hypercall.h"
#include "abi/kvm_msr.h"

static struct vm vm;
static struct vcpu vcpu, *const v = &vcpu;
static struct {
    unsigned apf_msrs;
    struct {
        u64 start, end;
    } evicted[SLOT_MAX];
    unsigned evictions, pages, unmapped, migrated, precopies, saves;
    unsigned steal_msrs, eoi_msrs, resets;
    u64 moved_from, moved_to, deleted, kicked, yielded_to;
    enum slot_error slot_error;
} seen;

/*
 * In place of apf.c, vm.c, pager_evict.c, pager_migrate.c, slot_update.c, pv_precopy.c, pv_save.c, pv_steal.c,
 * pv_eoi.c, pv_ipi.c.
 */
enum outcome apf_msr(struct vcpu *on, struct exit *e)
{
    assert_ptr_equal(on, v);
    seen.apf_msrs++;
    e->msr.value = 0x1234;
    return OUTCOME_DONE;
}

void vm_stats(struct vm *of, struct fl_stats *out)
{
    *out = of->stats;
    out->size = sizeof(*out);
}

unsigned pager_evict_range(struct vm *of, gfn_t start, gfn_t end)
{
    assert_ptr_equal(of, &vm);
    seen.evicted[seen.evictions].start = start.v;
    seen.evicted[seen.evictions++].end = end.v;
    return seen.pages;
}

unsigned pager_migrate_range(struct vm *of, gfn_t start, gfn_t end)
{
    assert_ptr_equal(of, &vm);
    seen.migrated += (unsigned)(end.v - start.v);
    return seen.pages;
}

void pager_unmap_range(struct vm *of, gfn_t start, gfn_t end)
{
    assert_ptr_equal(of, &vm);
    seen.unmapped += (unsigned)(end.v - start.v);
}

enum slot_error slot_move(struct vm *of, gfn_t base, gfn_t to)
{
    assert_ptr_equal(of, &vm);
    seen.moved_from = base.v;
    seen.moved_to = to.v;
    return seen.slot_error;
}

enum slot_error slot_delete(struct vm *of, gfn_t base)
{
    assert_ptr_equal(of, &vm);
    seen.deleted = base.v;
    return seen.slot_error;
}

enum outcome pv_precopy(struct vcpu *on, struct exit *e)
{
    assert_ptr_equal(on, v);
    seen.precopies++;
    e->call.ret = 5;
    return OUTCOME_DONE;
}

enum outcome pv_save(struct vcpu *on, struct exit *e)
{
    assert_ptr_equal(on, v);
    seen.saves++;
    e->call.ret = 5;
    return OUTCOME_DONE;
}

enum outcome pv_steal_msr(struct vcpu *on, struct exit *e)
{
    assert_ptr_equal(on, v);
    seen.steal_msrs++;
    e->msr.value = 0x5601;
    return OUTCOME_DONE;
}

enum outcome pv_eoi_msr(struct vcpu *on, struct exit *e)
{
    assert_ptr_equal(on, v);
    seen.eoi_msrs++;
    e->msr.value = 0x6701;
    return OUTCOME_DONE;
}

void pv_steal_reset(struct vcpu *of)
{
    assert_ptr_equal(of, v);
    seen.resets++;
}

void pv_eoi_reset(struct vcpu *of)
{
    assert_ptr_equal(of, v);
    seen.resets++;
}

u64 pv_send_ipi(struct vcpu *from, const struct exit *e)
{
    assert_ptr_equal(from, v);
    return e->call.arg[0] + e->call.arg[1];
}

u64 pv_kick(struct vcpu *from, u64 id)
{
    assert_ptr_equal(from, v);
    seen.kicked = id;
    return 0;
}

enum outcome pv_yield(struct vcpu *from, u64 id)
{
    assert_ptr_equal(from, v);
    seen.yielded_to = id;
    return OUTCOME_DONE;
}

/* What CPUID says and what exists follows the configuration. */
static void configure(enum fl_personality apf, u32 hidden, bool lax)
{
    vm.config.apf = apf;
    vm.config.pv_hidden = hidden;
    vm.config.pv_lax = lax;
    pv_init(&vm);
}

static int setup(void **state)
{
    fake_setup(state);
    ram_reset();
    memset(&vm, 0, sizeof(vm));
    memset(&vcpu, 0, sizeof(vcpu));
    memset(&seen, 0, sizeof(seen));
    vm.vcpus = 5;
    slots_init(&vm);
    *vm.slots = (struct slots){.count = 2, .at = {&vm.slot[0], &vm.slot[1]}};
    vm.slot[0] = (struct slot){.base = {0}, .pages = 16};
    vm.slot[1] = (struct slot){.base = {32}, .pages = 8};
    vcpu.vm = &vm;
    configure(FL_APF_NONE, 0, false);
    return hw_vcpu_init(v) ? 0 : -1;
}

static int teardown(void **state)
{
    hw_vcpu_free(v);
    return fake_teardown(state);
}

static const u32 *cpuid(u32 leaf)
{
    static u32 out[4];
    struct exit e = {.kind = EXIT_CPUID,
                     .cpuid = {.leaf = leaf, .eax = ~0u, .ebx = ~0u, .ecx = ~0u, .edx = ~0u}};

    pv_cpuid(v, &e);
    out[0] = e.cpuid.eax;
    out[1] = e.cpuid.ebx;
    out[2] = e.cpuid.ecx;
    out[3] = e.cpuid.edx;
    return out;
}

static enum outcome msr(u32 index, bool write, u64 *value)
{
    struct exit e = {.kind = EXIT_MSR, .msr = {.index = index, .write = write, .value = *value}};
    enum outcome o = pv_msr(v, &e);

    *value = e.msr.value;
    return o;
}

static enum outcome write_msr(u32 index, u64 value)
{
    return msr(index, true, &value);
}

static u64 read_msr(u32 index)
{
    u64 value = ~0ull;

    assert_int_equal(msr(index, false, &value), OUTCOME_DONE);
    return value;
}

static u64 call(u64 nr, u64 a0, u64 a1)
{
    struct exit e = {.kind = EXIT_HYPERCALL, .call = {.nr = nr, .arg = {a0, a1}}};

    assert_int_equal(pv_hypercall(v, &e), OUTCOME_DONE);
    return e.call.ret;
}
