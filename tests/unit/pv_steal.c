/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pv_steal.c: the steal time area: its MSR, the protocol, who is preempted when, flushes that others leave
 * (A7-6, A7-9).
 */
#include "fake/world.h"
#include "abi/kvm_steal.h"
#include "guestmem.h"
#include "loop.h"

#define AREA(id) (0x8000ull + (id)*0x1000ull)

static struct vm *vm;
static struct vcpu *v, *w;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.vcpus = 2});
    vm = world.vm;
    v = vm->vcpu[0];
    w = vm->vcpu[1];
    return 0;
}

static struct pv_steal area(const struct vcpu *of)
{
    struct pv_steal s;
    gfn_t at;

    assert_int_equal(guest_read(vm, (gpa_t){AREA(of->id)}, &s, sizeof(s), &at), GUEST_OK);
    return s;
}

static void set_area(const struct vcpu *of, const struct pv_steal *s)
{
    assert_true(guest_load(vm, (gpa_t){AREA(of->id)}, s, sizeof(*s)));
}

static void switch_on(struct vcpu *who)
{
    static const struct pv_steal zero;

    vm->state = VM_SETUP;
    set_area(who, &zero);
    vm->state = VM_RUNNING;
    assert_int_equal(world_wrmsr(who, PV_MSR_STEAL, AREA(who->id) | PV_STEAL_ON), OUTCOME_DONE);
}

/* Another vCPU of the guest writes the byte. */
static void set_preempted(const struct vcpu *of, u8 value)
{
    gfn_t at;

    assert_int_equal(
        guest_write(vm, (gpa_t){AREA(of->id) + offsetof(struct pv_steal, preempted)}, &value, 1, &at),
        GUEST_OK);
}

/* T-A-171; what is refused changes nothing. */
static void msr(void **state)
{
    (void)state;
    assert_int_equal(world_msr(v, PV_MSR_STEAL), 0);
    switch_on(v);
    for (unsigned bit = 1; bit < 6; bit++) {
        assert_int_equal(world_wrmsr(v, PV_MSR_STEAL, AREA(0) | BIT(bit) | PV_STEAL_ON), OUTCOME_GP);
        assert_int_equal(world_wrmsr(v, PV_MSR_STEAL, BIT(bit)), OUTCOME_GP);
    }
    assert_int_equal(world_wrmsr(v, PV_MSR_STEAL, WORLD_HOLE | PV_STEAL_ON), OUTCOME_GP);
    assert_int_equal(world_wrmsr(v, PV_MSR_STEAL, ~0x3eull), OUTCOME_GP);
    assert_int_equal(world_msr(v, PV_MSR_STEAL), AREA(0) | PV_STEAL_ON);
    assert_int_equal(world_wrmsr(v, PV_MSR_STEAL, WORLD_HOLE), OUTCOME_DONE); /* off: not looked at */
    assert_int_equal(world_msr(v, PV_MSR_STEAL), WORLD_HOLE);
    assert_int_equal(world_wrmsr(v, PV_MSR_STEAL, module_gpa(3).v | 0x40 | PV_STEAL_ON), OUTCOME_AGAIN);
    assert_int_equal(v->state, VCPU_WAIT_PAGE);
    assert_int_equal(world_msr(v, PV_MSR_STEAL), WORLD_HOLE);
    world_read_done(3);
    vcpu_service(v);
    assert_int_equal(world_wrmsr(v, PV_MSR_STEAL, module_gpa(3).v | 0x40 | PV_STEAL_ON), OUTCOME_DONE);
}

/* The version goes on from what the guest left there, odd or not; the time is added; all else is the guest's. */
static void what_is_written(void **state)
{
    struct pv_steal s = {.steal = 1000, .version = 7, .flags = 5, .preempted = 1, .pad = {9}};

    (void)state;
    vm->state = VM_SETUP;
    set_area(v, &s);
    vm->state = VM_RUNNING;
    assert_int_equal(world_wrmsr(v, PV_MSR_STEAL, AREA(0) | PV_STEAL_ON), OUTCOME_DONE);
    s = area(v);
    assert_int_equal(s.version, 10);
    assert_int_equal(s.steal, 1000);
    assert_int_equal(s.preempted, 0);
    assert_int_equal(s.flags, 5);
    assert_int_equal(s.pad[0], 9);
    pv_steal_begin(v, 5000);
    s = area(v);
    assert_int_equal(s.preempted, PV_STEAL_PREEMPTED);
    assert_int_equal(s.version, 10);
    pv_steal_begin(v, 6000); /* it goes on */
    assert_true(pv_steal_end(v, 7500));
    s = area(v);
    assert_int_equal(s.preempted, 0);
    assert_int_equal(s.version, 12);
    assert_int_equal(s.steal, 3500);
}

/* T-A-169: what others asked for meanwhile is done before the vCPU runs, and once. */
static void flush_before_it_runs(void **state)
{
    unsigned before;

    (void)state;
    switch_on(v);
    pv_steal_begin(v, fake.now);
    before = v->hw->flushes;
    world_enter(v);
    assert_int_equal(v->hw->flushes, before);
    pv_steal_begin(v, fake.now);
    set_preempted(v, PV_STEAL_PREEMPTED | PV_STEAL_FLUSH);
    assert_int_equal(v->hw->flushes, before);
    world_enter(v);
    assert_int_equal(v->hw->flushes, before + 1);
    assert_int_equal(area(v).preempted, 0);
    world_enter(v);
    assert_int_equal(v->hw->flushes, before + 1);
    set_preempted(v, PV_STEAL_FLUSH); /* nobody should: it is not preempted; done when it is next looked at */
    pv_steal_begin(v, fake.now);
    assert_int_equal(v->hw->flushes, before + 2);
    assert_int_equal(area(v).preempted, PV_STEAL_PREEMPTED);
}

static unsigned entered;

static void counts(struct vcpu *who, struct exit *e)
{
    entered++;
    assert_int_equal(area(who).preempted, 0);
    e->kind = EXIT_INTR;
}

/* The byte may ask for a flush and cannot be read: the vCPU waits, and does not run with what may be stale. */
static void told_preempted_and_gone(void **state)
{
    unsigned before;
    gfn_t gfn = gpa_gfn((gpa_t){AREA(0)});

    (void)state;
    fake_guest = counts;
    entered = 0;
    switch_on(v);
    pv_steal_begin(v, 1000);
    set_preempted(v, PV_STEAL_PREEMPTED | PV_STEAL_FLUSH);
    world_evict(gfn);
    before = v->hw->flushes;
    fake.now = 4000;
    world_enter(v);
    assert_int_equal(entered, 0);
    assert_int_equal(v->state, VCPU_WAIT_PAGE);
    fake.now = 50000; /* waiting for a page is not stolen */
    fake_disk_finish_all();
    world_enter(v);
    assert_int_equal(entered, 1);
    assert_int_equal(v->hw->flushes, before + 1);
    assert_int_equal(area(v).steal, 3000);
}

/* It was never told: nobody leaves anything to us. The vCPU runs, and the time is added when the page is there. */
static void never_told(void **state)
{
    gfn_t gfn = gpa_gfn((gpa_t){AREA(0)});

    (void)state;
    switch_on(v);
    world_evict(gfn);
    pv_steal_begin(v, 1000);
    assert_int_equal(world_state(gfn), PAGE_ABSENT);
    fake.now = 4000;
    entered = v->hw->entries;
    world_enter(v);
    assert_int_equal(v->hw->entries, entered + 1);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(world_state(gfn), PAGE_LOADING);
    assert_int_equal(vm->stats.not_present, 0);
    pv_steal_begin(v, 5000);
    fake.now = 5500;
    world_enter(v); /* one ticket, however often */
    fake_disk_finish_all();
    world_enter(v);
    assert_int_equal(area(v).steal, 3500);
    assert_int_equal(area(v).preempted, 0);
    assert_int_equal(world.vm->stats.sync_waits, 0);
}

/* The area's memory has gone for good: there is nobody left to ask for anything. */
static void area_is_no_memory_any_more(void **state)
{
    (void)state;
    assert_int_equal(world_wrmsr(v, PV_MSR_STEAL, module_gpa(3).v | PV_STEAL_ON), OUTCOME_AGAIN);
    world_read_done(3);
    vcpu_service(v);
    assert_int_equal(world_wrmsr(v, PV_MSR_STEAL, module_gpa(3).v | PV_STEAL_ON), OUTCOME_DONE);
    pv_steal_begin(v, 1000);
    assert_int_equal(slot_delete(vm, module_gfn(0)), SLOT_OK);
    entered = v->hw->entries;
    world_enter(v);
    assert_int_equal(v->hw->entries, entered + 1);
}

/* INIT: switched off, nothing of it left to do, and a ticket that is out comes back to nothing. */
static void init(void **state)
{
    gfn_t gfn = gpa_gfn((gpa_t){AREA(0)});

    (void)state;
    switch_on(v);
    world_evict(gfn);
    pv_steal_begin(v, 1000);
    fake.now = 4000;
    world_enter(v);
    pv_steal_begin(v, 5000);
    at_store(&v->pub.init, 1);
    vcpu_request(v, REQ_EVENT);
    vcpu_service(v);
    assert_int_equal(world_msr(v, PV_MSR_STEAL), 0);
    assert_int_equal(v->due, 0);
    fake_disk_finish_all();
    world_enter(v);
    assert_int_equal(area(v).steal, 0);
    switch_on(v);
    assert_int_equal(area(v).steal, 0);
}

/* ---- In the loop: two vCPUs of one CPU ---- */

static unsigned stays[VCPU_MAX];
static u64 started;

/* While one runs the other is preempted if it could run, and knows how long it has waited when it runs. */
static void both_spin(struct vcpu *who, struct exit *e)
{
    struct vcpu *other = who == v ? w : v;

    stays[who->id]++;
    fake.now += 1000;
    assert_int_equal(area(who).preempted, 0);
    if (stays[0] && stays[1])
        assert_int_equal(area(other).preempted, other->state == VCPU_RUNNABLE);
    e->kind = fake.now >= fake.timer[0] ? EXIT_INTR : EXIT_CPUID;
    if (fake.now >= started + 20000000)
        vm_exit(vm, 0);
}

static void time_is_shared(void **state)
{
    (void)state;
    switch_on(v);
    switch_on(w);
    started = fake.now;
    memset(stays, 0, sizeof(stays));
    fake_guest = both_spin;
    loop_run(vm);
    assert_in_range(area(v).steal + area(w).steal, 16000000, 20000000);
    assert_in_range(area(v).steal, 7000000, 11000000);
}

static void one_halts(struct vcpu *who, struct exit *e)
{
    stays[who->id]++;
    fake.now += 1000;
    e->kind = who == w ? EXIT_HLT : fake.now >= fake.timer[0] ? EXIT_INTR : EXIT_CPUID;
    if (stays[1])
        assert_int_equal(area(w).preempted, 0);
    if (fake.now >= started + 20000000)
        vm_exit(vm, 0);
}

/* A halted vCPU is not preempted, and nothing is stolen from it. */
static void halted_is_not_preempted(void **state)
{
    u64 steal;

    (void)state;
    switch_on(v);
    switch_on(w);
    started = fake.now;
    memset(stays, 0, sizeof(stays));
    fake_guest = one_halts;
    loop_run(vm);
    assert_int_equal(stays[1], 1);
    steal = area(w).steal; /* until it got the CPU for the first time */
    assert_true(steal <= 2001000);
    assert_true(area(v).steal <= 1000);
}

/* Nor where two others contend for the CPU; one that its CPU runs at last knows how long it has waited. */
static void halted_among_others(void **state)
{
    struct vcpu *third;

    (void)state;
    world_end();
    world_make(&(struct world_config){.vcpus = 3});
    vm = world.vm;
    v = vm->vcpu[0];
    w = vm->vcpu[1];
    third = vm->vcpu[2];
    switch_on(v);
    switch_on(w);
    switch_on(third);
    vcpu_set_state(third, VCPU_HALTED);
    started = fake.now;
    memset(stays, 0, sizeof(stays));
    fake_guest = both_spin;
    loop_run(vm);
    assert_int_equal(stays[2], 0);
    assert_true(stays[0] && stays[1]);
    assert_int_equal(area(third).preempted, 0);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(msr),
        test(what_is_written),
        test(flush_before_it_runs),
        test(told_preempted_and_gone),
        test(never_told),
        test(area_is_no_memory_any_more),
        test(init),
        test(time_is_shared),
        test(halted_is_not_preempted),
        test(halted_among_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
