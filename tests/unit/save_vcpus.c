/* SPDX-License-Identifier: BSD-2-Clause */
/* save_vcpus.c: vCPUs go on where they were, and nothing that a thread waits for is lost (A3-60 … A3-65). */
#include "save_rig.h"
#include "apf_rig.h"

#define ACTIVE   (APF_EN_ON | APF_EN_ALWAYS | APF_EN_INT)
#define STI_ONLY 0x31u /* a vector of the guest's own */

static u32 take_token(void)
{
    u32 token = world_slot(v, TOKEN);

    world_slot_set(v, TOKEN, 0);
    return token;
}

static void enable(void)
{
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_VEC, WORLD_VECTOR), OUTCOME_DONE);
    set_en(ACTIVE);
    expect_interrupt(WORLD_VECTOR);
    assert_int_equal(take_token(), APF_TOKEN_WAKE_ALL);
    ack();
    eoi();
}

static void save_and_boot(bool apf_first)
{
    struct exit e = {.kind = EXIT_HYPERCALL};

    assert_int_equal(save_start(v, &e, SAVE_GO_ON, 0, apf_first), SAVE_OK);
    until_over();
    assert_true(save_again(vm));
    assert_int_equal(boot_again(), RESTORE_OK);
    world_forget(v);
    fake_disk_finish_all();
}

/* The slot's page is read first, as any other is: run until the guest is told. */
static void expect_wake_all(void)
{
    struct fake_injection i = {.event = FAKE_NO_EVENT};

    for (unsigned tries = 0; tries < 5 && i.event == FAKE_NO_EVENT; tries++) {
        world_enter(v);
        fake_disk_finish_all();
        i = world_next(v);
    }
    assert_int_equal(i.event, FAKE_IRQ);
    assert_int_equal(i.vector, WORLD_VECTOR);
    assert_int_equal(take_token(), APF_TOKEN_WAKE_ALL);
    ack();
    eoi();
}

/* T-A-160: items are outstanding; the restored guest is told to wake everybody, each of whom faults again. */
static void parked_threads(void **state)
{
    (void)state;
    enable();
    for (u64 page = 0; page < 40; page++) {
        world_touch(v, page);
        world_enter(v);
        assert_int_equal(world_next(v).event, FAKE_PF);
        world_slot_set(v, FLAGS, 0);
    }
    save_and_boot(false);
    assert_int_equal(v->apf.used, 0);
    assert_int_equal(v->apf.en, WORLD_SLOT(0) | ACTIVE);
    assert_int_equal(v->apf.vec, WORLD_VECTOR);
    expect_wake_all();
    world_touch(v, 7);
    world_enter(v);
    assert_int_equal(world_next(v).event, FAKE_PF);
}

/* INT before EN: which dialect EN switches on, a bit of INT says. */
static void dialects(void **state)
{
    (void)state;
    assert_int_equal(end(state), 0);
    begin_with(&(struct world_config){.apf = FL_APF_DUAL});
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_VEC, WORLD_VECTOR | APF_PF2_ON), OUTCOME_DONE);
    set_en(ACTIVE);
    assert_int_equal(v->apf.dialect, APF_PF2);
    save_and_boot(false);
    assert_int_equal(v->apf.dialect, APF_PF2);
    assert_int_equal(v->apf.vec, WORLD_VECTOR | APF_PF2_ON);
}

/* T-A-161: what is in the slot was reported; it is handled twice at most, and the slot comes free. */
static void ready_that_nobody_has_handled(void **state)
{
    u32 token;

    (void)state;
    enable();
    world_touch(v, 3);
    world_enter(v);
    token = (u32)world_next(v).cr2;
    world_slot_set(v, FLAGS, 0);
    set_if(false);
    world_read_done(3);
    world_enter(v);
    assert_int_equal(world_slot(v, TOKEN), token);
    for (unsigned i = 0; i < 8; i++)
        at_store(&v->pub.irr[i], 0); /* a snapshot that lost the interrupt: A3-63 asks for it again */
    save_and_boot(false);
    set_if(true);
    for (unsigned tries = 0; tries < 3 && !world_new(v); tries++) {
        world_enter(v);
        fake_disk_finish_all();
    }
    assert_int_equal(world_next(v).event, FAKE_IRQ);
    assert_int_equal(take_token(), token);
    ack();
    eoi();
    expect_wake_all();
    expect_quiet(); /* once */
}

/* T-A-162: EN comes before the local APIC; wake-all comes when that is there. */
static void apf_before_the_local_apic(void **state)
{
    (void)state;
    enable();
    save_and_boot(true);
    expect_wake_all();
}

/* … which may be only when the guest enables it. */
static void a_local_apic_that_is_off(void **state)
{
    (void)state;
    enable();
    assert_int_equal(world_wrmsr(v, X2APIC_SVR, 0xff), OUTCOME_DONE);
    save_and_boot(false);
    expect_quiet();
    fake_disk_finish_all();
    expect_quiet();
    assert_int_equal(world_wrmsr(v, X2APIC_SVR, 0x1ff), OUTCOME_DONE);
    expect_wake_all();
}

/* T-A-163: #PF and marker, or neither. */
static void not_present_on_its_way(void **state)
{
    u32 token;

    (void)state;
    enable();
    world_touch(v, 3);
    assert_true(hw_event_pending(v));
    token = (u32)v->hw->pending.cr2;
    save_and_boot(false);
    assert_int_equal(v->hw->pending.event, FAKE_PF);
    assert_int_equal(v->hw->pending.cr2, token);
    assert_int_equal(guest_reads(gpa_gfn((gpa_t){WORLD_SLOT(0)})), 0); /* brings the page in */
    assert_int_equal(world_slot(v, FLAGS), APF_FLAG_NOT_PRESENT);
}

/* T-A-164: no halt but the guest's own. */
static void waits_are_not_saved(void **state)
{
    (void)state;
    fault_handle(v, module_gpa(5), ACCESS_READ); /* nobody enabled APF */
    assert_int_equal(v->state, VCPU_APF_HALTED);
    save_and_boot(false);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    v->hw->intr_open = false;
    fault_handle(v, module_gpa(6), ACCESS_READ);
    assert_int_equal(v->state, VCPU_WAIT_PAGE);
    vcpu_set_state(vm->vcpu[1], VCPU_HALTED);
    save_and_boot(false);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(vm->vcpu[1]->state, VCPU_HALTED);
}

/* A vCPU before its start-up IPI, and one that has just got INIT. */
static void application_processors(void **state)
{
    struct vcpu *other = vm->vcpu[1];

    (void)state;
    vcpu_set_state(other, VCPU_WAIT_SIPI);
    at_store(&other->pub.sipi, 0x9a);
    at_store(&v->pub.nmi, 1);
    save_and_boot(false);
    other = vm->vcpu[1];
    assert_int_equal(other->state, VCPU_WAIT_SIPI);
    assert_int_equal(v->pub.nmi, 1);
    vcpu_events(other);
    assert_int_equal(other->hw->sipi, 0x9a);
    assert_int_equal(other->state, VCPU_RUNNABLE);
}

static u64 apic(u32 reg)
{
    return world_msr(v, X2APIC_MSR_FIRST + reg);
}

/* The registers, the request and what is in service; and the timer, which does not see the time in between. */
static void local_apic(void **state)
{
    (void)state;
    assert_int_equal(world_wrmsr(v, X2APIC_MSR_FIRST + 0x3e, 0xb), OUTCOME_DONE); /* divide by 1 */
    assert_int_equal(world_wrmsr(v, X2APIC_MSR_FIRST + 0x32, 0x20000 | STI_ONLY),
                     OUTCOME_DONE); /* periodic */
    assert_int_equal(world_wrmsr(v, X2APIC_MSR_FIRST + 0x38, 1000000), OUTCOME_DONE);
    assert_int_equal(world_wrmsr(v, X2APIC_MSR_FIRST + 0x08, 0x20), OUTCOME_DONE);
    lapic_raise(v, 0x71);
    lapic_raise(v, 0x81);
    lapic_accept(v, 0x81);
    fake.now += 400000;
    save_and_boot(false);
    assert_int_equal(apic(0x08), 0x20);
    assert_int_equal(apic(0x0f), 0x1ff);
    assert_int_equal(apic(0x32), 0x20000 | STI_ONLY);
    assert_int_equal(apic(0x20 + 0x71 / 32), 1u << 0x71 % 32);
    assert_int_equal(apic(0x10 + 0x81 / 32), 1u << 0x81 % 32);
    assert_in_range(apic(0x39), 590000, 600000);
    fake.now += 5000000000;
    lapic_poll(v, fake.now);
    assert_true(apic(0x20 + STI_ONLY / 32) & 1u << STI_ONLY % 32);
}

/* The guest's counter stands still in between, whatever this machine's says; a deadline stays as far away. */
static void time_goes_on(void **state)
{
    u64 then, deadline;

    (void)state;
    fake.now = 1000000000;
    then = port_tsc() + vm->tsc_offset;
    deadline = then + fake.tsc_khz; /* 1 ms */
    assert_int_equal(world_wrmsr(v, X2APIC_MSR_FIRST + 0x32, 0x40000 | STI_ONLY), OUTCOME_DONE);
    assert_int_equal(world_wrmsr(v, TSC_DEADLINE_MSR, deadline), OUTCOME_DONE);
    assert_int_equal(ask(SAVE_STOP), SAVE_OK);
    until_over();
    fake.now = 0; /* another boot */
    assert_int_equal(boot_again(), RESTORE_OK);
    assert_in_range(port_tsc() + vm->tsc_offset, then, then + fake.tsc_khz);
    assert_int_equal(v->hw->tsc_offset, vm->tsc_offset);
    assert_int_equal(world_msr(v, TSC_DEADLINE_MSR), deadline);
    assert_in_range(v->lapic.deadline - fake.now, 900000, 1000000);
    assert_int_equal(world_wrmsr(v, TSC_DEADLINE_MSR, deadline + fake.tsc_khz), OUTCOME_DONE);
    assert_in_range(v->lapic.deadline - fake.now, 1900000, 2000001);
}

/* Clock areas keep the frequency that they were made for; the MSRs say where they are. */
static void clocks(void **state)
{
    (void)state;
    (void)reach((gfn_t){FIRST}, true);
    assert_int_equal(world_wrmsr(v, PV_MSR_SYSTEM_TIME, FIRST * PAGE_SIZE + 1), OUTCOME_DONE);
    assert_int_equal(world_wrmsr(v, PV_MSR_WALL_CLOCK, FIRST * PAGE_SIZE + 64), OUTCOME_DONE);
    assert_int_equal(ask(SAVE_STOP), SAVE_OK);
    until_over();
    fake.tsc_khz += fake.tsc_khz / 50; /* measured a little differently */
    assert_int_equal(boot_again(), RESTORE_OK);
    assert_int_equal(world_msr(v, PV_MSR_SYSTEM_TIME), FIRST * PAGE_SIZE + 1);
    assert_int_equal(world_msr(v, PV_MSR_WALL_CLOCK), FIRST * PAGE_SIZE + 64);
    assert_int_equal(vm_tsc_khz(vm), vm->saved.header.tsc_khz);
    assert_true(vm_tsc_khz(vm) != port_tsc_khz());
}

/* A line that the guest had begun is ended by the VM that goes on. */
static void half_a_line(void **state)
{
    struct exit e = {.kind = EXIT_IO, .io = {.port = 0x3f8, .size = 1, .write = true, .value = 'a'}};

    (void)state;
    exit_handle(v, &e);
    save_and_boot(false);
    fake_console_clear();
    e.io.value = '\n';
    exit_handle(v, &e);
    assert_string_equal(fake.console, "vm0| a\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(parked_threads, setup, end),
        cmocka_unit_test_setup_teardown(dialects, setup, end),
        cmocka_unit_test_setup_teardown(ready_that_nobody_has_handled, setup, end),
        cmocka_unit_test_setup_teardown(apf_before_the_local_apic, setup, end),
        cmocka_unit_test_setup_teardown(a_local_apic_that_is_off, setup, end),
        cmocka_unit_test_setup_teardown(not_present_on_its_way, setup, end),
        cmocka_unit_test_setup_teardown(waits_are_not_saved, setup, end),
        cmocka_unit_test_setup_teardown(application_processors, setup, end),
        cmocka_unit_test_setup_teardown(local_apic, setup, end),
        cmocka_unit_test_setup_teardown(time_goes_on, setup, end),
        cmocka_unit_test_setup_teardown(clocks, setup, end),
        cmocka_unit_test_setup_teardown(half_a_line, setup, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
