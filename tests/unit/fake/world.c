/* SPDX-License-Identifier: BSD-2-Clause */
/* world.c: make, drive and take down the VM of a unit test. */
#include "fake/world.h"
#include "fault.h"
#include "guestmem.h"

struct world world;

static unsigned seen[VCPU_MAX];

static void guest_leaves_at_once(struct vcpu *v, struct exit *e)
{
    (void)v;
    e->kind = EXIT_INTR;
}

static void enable_lapic(struct vcpu *v)
{
    struct exit base = {.kind = EXIT_MSR, .msr = {.index = APIC_BASE_MSR, .write = true}};
    struct exit svr = {.kind = EXIT_MSR,
                       .msr = {.index = X2APIC_MSR_FIRST + 0xf, .write = true, .value = 0x1ff}};

    base.msr.value = v->lapic.base | APIC_BASE_X2;
    assert_int_equal(lapic_msr(v, &base), OUTCOME_DONE);
    assert_int_equal(lapic_msr(v, &svr), OUTCOME_DONE);
}

void world_make(const struct world_config *c)
{
    static const struct apf_slot empty;
    u64 memory = c->memory ? c->memory : WORLD_MEMORY;
    struct vm_config config = {.memory = memory * PAGE_SIZE,
                               .resident = (c->frames ? c->frames : 128) * PAGE_SIZE,
                               .vcpus = c->vcpus ? c->vcpus : 1,
                               .apf = c->apf,
                               .io_timeout = 5000000000ull,
                               .io_give_up = 30000000000ull};

    fake_setup(NULL);
    fake_disk_reset();
    fake.cpus = c->cpus ? c->cpus : 1;
    fake_guest = guest_leaves_at_once;
    fake_store_make(&world.swap, "swap", (memory + WORLD_MODULE) * PAGE_SIZE);
    fake_store_make(&world.module, "data", (WORLD_MODULE - 1) * PAGE_SIZE + WORLD_TAIL);
    world.vm = vm_create(0, &config, &world.swap.store);
    assert_non_null(world.vm);
    assert_int_equal(slot_add(world.vm, "memory", (gfn_t){0}, memory, NULL), 0);
    assert_int_equal(slot_add(world.vm, "data", module_gfn(0), WORLD_MODULE, &world.module.store), 0);
    world.v = world.vm->vcpu[0];
    for (unsigned i = 0; i < world.vm->vcpus; i++) {
        struct vcpu *v = world.vm->vcpu[i];

        assert_true(guest_load(world.vm, (gpa_t){WORLD_SLOT(i)}, &empty, sizeof(empty)));
        enable_lapic(v);
        vcpu_set_state(v, VCPU_RUNNABLE);
        seen[i] = 0;
    }
    world.vm->stats = (struct fl_stats){0};
    world.vm->state = VM_RUNNING;
}

void world_end(void)
{
    fake_disk_finish_all();
    vm_destroy(world.vm);
    fake_store_free(&world.swap);
    fake_store_free(&world.module);
    world = (struct world){0};
}

int world_teardown(void **state)
{
    if (world.vm)
        world_end();
    return fake_teardown(state);
}

static enum outcome access_msr(struct vcpu *v, u32 msr, bool write, u64 *value)
{
    struct exit e = {.kind = EXIT_MSR, .msr = {.index = msr, .write = write, .value = *value}};
    unsigned completions = v->hw->completions, injected = v->hw->injected;

    exit_handle(v, &e);
    *value = e.msr.value;
    if (v->hw->completions > completions)
        return OUTCOME_DONE;
    if (v->hw->injected == injected)
        return OUTCOME_AGAIN;
    assert_int_equal(v->hw->pending.event, FAKE_GP);
    v->hw->pending.event = FAKE_NO_EVENT; /* the guest takes it, unrecorded */
    v->hw->injected--;
    return OUTCOME_GP;
}

enum outcome world_wrmsr(struct vcpu *v, u32 msr, u64 value)
{
    return access_msr(v, msr, true, &value);
}

enum outcome world_rdmsr(struct vcpu *v, u32 msr, u64 *value)
{
    return access_msr(v, msr, false, value);
}

u64 world_msr(struct vcpu *v, u32 msr)
{
    u64 value = 0x5a5a5a5a;

    assert_int_equal(world_rdmsr(v, msr, &value), OUTCOME_DONE);
    return value;
}

u32 world_slot(struct vcpu *v, unsigned word)
{
    u32 value;

    assert_int_equal(guest_read32(v->vm, (gpa_t){(v->apf.en & APF_EN_SLOT_MASK) + 4 * word}, &value),
                     GUEST_OK);
    return value;
}

void world_slot_set(struct vcpu *v, unsigned word, u32 value)
{
    assert_int_equal(guest_write32(v->vm, (gpa_t){(v->apf.en & APF_EN_SLOT_MASK) + 4 * word}, value),
                     GUEST_OK);
}

void world_touch(struct vcpu *v, u64 page)
{
    fault_handle(v, module_gpa(page), ACCESS_WRITE);
}

void world_enter(struct vcpu *v)
{
    unsigned cpu = fake_cpu;

    fake_cpu = v->cpu;
    pass_enter(v->pass);
    if (at_load(&v->pub.requests))
        vcpu_service(v);
    vcpu_run(v, TIME_NEVER);
    pass_leave(v->pass);
    fake_cpu = cpu;
}

void world_read_done(u64 page)
{
    fake_store_finish(&world.module, page, 0);
}

void world_evict(gfn_t gfn)
{
    assert_int_equal(pager_evict_range(world.vm, gfn, (gfn_t){gfn.v + 1}), 1);
    while (world_state(gfn) == PAGE_EVICTING)
        fake_disk_finish(fake_disk.count - 1, 0);
    assert_int_equal(world_state(gfn), PAGE_ABSENT);
}

u64 *world_leaf(gfn_t gfn)
{
    u64 *table = port_map(world.v->root->table);

    for (unsigned level = 3; level > 0; level--) {
        u64 *slot = &table[gfn.v >> (9 * level) & 511], entry = at_load_acq(slot);

        if (!(entry & WORLD_P))
            return NULL;
        if (entry & WORLD_HUGE)
            return slot;
        table = port_map((hpa_t){entry & WORLD_FRAME});
    }
    return &table[gfn.v & 511];
}

bool world_mapped(gfn_t gfn)
{
    struct tdp_leaf leaf;

    return tdp_lookup(&world.vm->tdp, world.v->root, gfn, &leaf) == TDP_OK;
}

enum page_state world_state(gfn_t gfn)
{
    return slot_page(slot_find(world.vm, gfn), gfn)->word & PAGE_STATE;
}

unsigned world_new(struct vcpu *v)
{
    return v->hw->injected - seen[v->id];
}

struct fake_injection world_next(struct vcpu *v)
{
    if (!world_new(v))
        return (struct fake_injection){.event = FAKE_NO_EVENT};
    return v->hw->log[seen[v->id]++];
}

void world_forget(struct vcpu *v)
{
    v->hw->injected = seen[v->id] = 0;
}
