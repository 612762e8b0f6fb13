/* SPDX-License-Identifier: BSD-2-Clause */
/* save_pv.c: steal time, PV EOI, poll control, kick: what a vCPU was told, and what it is owed, outlives a save. */
#include "save_rig.h"
#include "hw.h"
#include "abi/kvm_cpuid.h"
#include "abi/kvm_steal.h"

#define AREA   (FIRST * PAGE_SIZE)
#define WORD   (AREA + 0xffc)
#define VECTOR 0x51u

static void save_and_boot(void)
{
    save(SAVE_GO_ON);
    assert_int_equal(boot_again(), RESTORE_OK);
}

/* Until it has all that it waits for. */
static void run(void)
{
    unsigned entries = v->hw->entries;

    for (unsigned tries = 0; tries < 5 && v->hw->entries == entries; tries++) {
        world_enter(v);
        fake_disk_finish_all();
        vcpu_service(v);
    }
    assert_true(v->hw->entries > entries);
}

static void switch_on(void)
{
    guest_writes((gfn_t){FIRST}, 0);
    assert_int_equal(world_wrmsr(v, PV_MSR_STEAL, AREA | PV_STEAL_ON), OUTCOME_DONE);
    assert_int_equal(world_wrmsr(v, PV_MSR_EOI, WORD | PV_EOI_ON), OUTCOME_DONE);
}

static void registers(void **state)
{
    (void)state;
    switch_on();
    assert_int_equal(world_wrmsr(v, PV_MSR_POLL, 0), OUTCOME_DONE);
    vm->vcpu[1]->kicked = true;
    save_and_boot();
    assert_int_equal(world_msr(v, PV_MSR_STEAL), AREA | PV_STEAL_ON);
    assert_int_equal(world_msr(v, PV_MSR_EOI), WORD | PV_EOI_ON);
    assert_int_equal(world_msr(v, PV_MSR_POLL), 0);
    assert_false(v->kicked);
    assert_int_equal(world_msr(vm->vcpu[1], PV_MSR_STEAL), 0);
    assert_int_equal(world_msr(vm->vcpu[1], PV_MSR_POLL), PV_POLL_ON);
    assert_true(vm->vcpu[1]->kicked);
}

/* A kick that its vCPU's CPU has not looked at when the guest stands still. */
static void kick_on_its_way(void **state)
{
    (void)state;
    vcpu_request(vm->vcpu[1], REQ_KICK);
    save_and_boot();
    assert_true(vm->vcpu[1]->kicked);
}

static void asks_and_is_reset(struct vcpu *who, struct exit *e)
{
    *e = (struct exit){.kind = EXIT_HYPERCALL, .call = {.nr = FL_HC_SAVE, .arg = {FL_SAVE_KEEP}}};
    at_store(&who->pub.init, 1);
    vcpu_request(who, REQ_EVENT);
}

/* INIT comes when the asker's instruction has begun: it ends before, as every instruction does. */
static void asker_is_reset(void **state)
{
    unsigned inits = v->hw->inits, completions = v->hw->completions;

    (void)state;
    fake_guest = asks_and_is_reset;
    world_enter(v);
    assert_int_equal(vm->save.step, SAVE_STOPPING);
    assert_int_equal(v->hw->inits, inits);
    until_over();
    assert_int_equal(v->hw->completions, completions + 1);
    assert_int_equal(v->hw->completed.call.ret, 0);
    vcpu_service(v);
    assert_int_equal(v->hw->inits, inits + 1);
}

static struct pv_steal area(void)
{
    struct pv_steal s;
    gfn_t at;

    assert_int_equal(guest_read(vm, (gpa_t){AREA}, &s, sizeof(s), &at), GUEST_OK);
    return s;
}

/* Saved while another one ran: it does not run as long as others take it for preempted (A7-9), and is told the time. */
static void preempted(void **state)
{
    (void)state;
    switch_on();
    fake.now += 1000;
    pv_steal_begin(v, fake.now);
    v->stolen.owed = 1234; /* from before */
    assert_int_equal(area().preempted, PV_STEAL_PREEMPTED);
    save_and_boot();
    world_enter(v);
    assert_int_equal(v->state, VCPU_WAIT_PAGE); /* the area's page is absent */
    run();
    assert_int_equal(area().preempted, 0);
    assert_int_equal(area().steal, 1234);
}

/* Its end was left to the guest, which has cleared the bit, or not; nobody has looked when the VM is saved. */
static void end_by_word(bool cleared)
{
    u32 value;

    switch_on();
    lapic_raise(v, VECTOR);
    assert_true(pv_eoi_accept(v, VECTOR));
    assert_int_equal(v->due & DUE_EOI_LOOK, DUE_EOI_LOOK);
    if (cleared)
        assert_int_equal(guest_write32(vm, (gpa_t){WORD}, 0), GUEST_OK);
    save_and_boot();
    assert_int_equal(lapic_in_service(v), 1);
    run();
    assert_int_equal(lapic_in_service(v), !cleared);
    assert_int_equal(guest_read32(vm, (gpa_t){WORD}, &value), GUEST_OK);
    assert_int_equal(!!(v->due & DUE_EOI_LOOK), value & PV_EOI_SKIP);
}

static void end_of_interrupt(void **state)
{
    (void)state;
    end_by_word(true);
}

static void no_end_of_interrupt(void **state)
{
    (void)state;
    end_by_word(false);
}

/* A host without the feature refuses what no write of its guest could have made. */
static void registers_that_do_not_exist(void **state)
{
    static const unsigned features[] = {KVM_FEATURE_STEAL, KVM_FEATURE_EOI};

    (void)state;
    switch_on();
    save(SAVE_STOP);
    for (unsigned i = 0; i < ARRAY_SIZE(features); i++) {
        vm->config.pv_hidden = BIT(features[i]);
        assert_int_equal(boot_again(), RESTORE_DAMAGED);
    }
    vm->config.pv_hidden = 0;
    assert_int_equal(boot_again(), RESTORE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(registers, setup, end),
        cmocka_unit_test_setup_teardown(kick_on_its_way, setup, end),
        cmocka_unit_test_setup_teardown(asker_is_reset, setup, end),
        cmocka_unit_test_setup_teardown(preempted, setup, end),
        cmocka_unit_test_setup_teardown(end_of_interrupt, setup, end),
        cmocka_unit_test_setup_teardown(no_end_of_interrupt, setup, end),
        cmocka_unit_test_setup_teardown(registers_that_do_not_exist, setup, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
