/* SPDX-License-Identifier: BSD-2-Clause */
/* exit.c: who handles which exit, and that the instruction is stepped over, run again or answered with a fault. */
#include "fake/world.h"
#include <stdio.h>
#include "abi/faultline.h"
#include "abi/kvm_cpuid.h"
#include "abi/platform.h"

static struct vcpu *v;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.apf = FL_APF_INT});
    v = world.v;
    return 0;
}

enum fate { STEPPED_OVER, RUN_AGAIN, GOT_GP, GOT_UD };

static enum fate handle(struct exit *e)
{
    unsigned before = v->hw->completions;

    exit_handle(v, e);
    switch (world_next(v).event) {
    case FAKE_GP:
        v->hw->pending.event = FAKE_NO_EVENT;
        return GOT_GP;
    case FAKE_UD:
        v->hw->pending.event = FAKE_NO_EVENT;
        return GOT_UD;
    default:
        return v->hw->completions > before ? STEPPED_OVER : RUN_AGAIN;
    }
}

static void cpuid(void **state)
{
    struct exit e = {.kind = EXIT_CPUID, .cpuid = {.leaf = KVM_CPUID_BASE}};

    (void)state;
    assert_int_equal(handle(&e), STEPPED_OVER);
    assert_true(e.cpuid.eax >= KVM_CPUID_BASE + 1); /* T-A-001 */
    e.cpuid.leaf = 0x80000008;
    assert_int_equal(handle(&e), STEPPED_OVER);
    assert_int_equal(e.cpuid.eax, 0x80000008); /* the architecture's own */
    e.cpuid.leaf = KVM_CPUID_BASE + 0x1ff;
    assert_int_equal(handle(&e), STEPPED_OVER);
    assert_int_equal(e.cpuid.eax, 0);
}

static void msrs(void **state)
{
    static const struct {
        u32 index;
        enum fate read;
    } rows[] = {
        {APIC_BASE_MSR, STEPPED_OVER},
        {TSC_DEADLINE_MSR, STEPPED_OVER},
        {X2APIC_MSR_FIRST + 2, STEPPED_OVER},
        {X2APIC_MSR_FIRST, GOT_GP},
        {X2APIC_MSR_LAST, GOT_GP},
        {X2APIC_MSR_LAST + 1, GOT_GP}, /* hw_msr */
        {PV_MSR_APF_EN, STEPPED_OVER},
        {PV_MSR_FIRST - 1, GOT_GP},
        {PV_MSR_LAST, GOT_GP},
        {0xc0000080, GOT_GP},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct exit e = {.kind = EXIT_MSR, .msr = {.index = rows[i].index}};

        assert_int_equal(handle(&e), rows[i].read);
    }
}

/* A fault where there is no memory, and at the local APIC's page in xAPIC mode: the decoded access is carried out. */
static void apic_page(void **state)
{
    struct exit fault = {.kind = EXIT_TDP, .tdp = {{APIC_BASE_DEFAULT + 0x80}, ACCESS_WRITE}}, e = fault;
    struct exit write = {.kind = EXIT_MMIO,
                         .mmio = {.gpa = fault.tdp.gpa, .size = 4, .write = true, .value = 0x31}};

    (void)state;
    assert_int_equal(world_wrmsr(v, APIC_BASE_MSR, APIC_BASE_DEFAULT), OUTCOME_DONE);
    assert_int_equal(world_wrmsr(v, APIC_BASE_MSR, APIC_BASE_DEFAULT | APIC_BASE_ENABLE), OUTCOME_DONE);
    assert_int_equal(handle(&e), RUN_AGAIN); /* its code is away */
    assert_int_equal(v->hw->repeats, 1);
    v->hw->decoded = write;
    e = fault;
    v->turned_away = 1;
    assert_int_equal(handle(&e), STEPPED_OVER);
    assert_int_equal(v->lapic.tpr, 0x31);
    assert_int_equal(v->turned_away, 0); /* the guest has gone on (B4-7) */
    v->hw->decoded.mmio.write = false;
    e = fault;
    assert_int_equal(handle(&e), STEPPED_OVER);
    assert_int_equal(v->hw->completed.mmio.value, 0x31);
    e = write; /* decoded by the machine itself */
    e.mmio.value = 0x42;
    assert_int_equal(handle(&e), STEPPED_OVER);
    assert_int_equal(v->lapic.tpr, 0x42);
    assert_int_equal(v->hw->faults_decoded, 3);
    v->hw->decoded =
        (struct exit){.kind = EXIT_BAD, .bad = {.why = "so", .insns = 3, .insn = {0x0f, 0x0b, 0xff}}};
    e = fault;
    assert_int_equal(handle(&e), RUN_AGAIN);
    assert_non_null(strstr(fake.console, "so (exit 0x0, info 0x0 0x0): 0f 0b ff\n"));
    assert_int_equal(world.vm->status, VM_STATUS_GUEST_BUG);
}

/* It is not there to be executed, nor in x2APIC mode. */
static void no_apic_page(void **state)
{
    struct exit e = {.kind = EXIT_TDP, .tdp = {{APIC_BASE_DEFAULT}, ACCESS_READ}};

    (void)state;
    v->hw->decoded.kind = EXIT_MMIO;
    assert_int_equal(handle(&e), RUN_AGAIN);
    assert_non_null(strstr(fake.console, "read at gpa 0xfee00000, where there is no memory"));
    world_end();
    setup(state);
    lapic_reset(v);
    v->hw->decoded.kind = EXIT_MMIO;
    e.tdp.access = ACCESS_EXEC;
    assert_int_equal(handle(&e), RUN_AGAIN);
    assert_non_null(strstr(fake.console, "execution at gpa 0xfee00000, where there is no memory"));
    assert_int_equal(v->hw->faults_decoded, 0);
}

static void ports(void **state)
{
    struct exit e = {.kind = EXIT_IO, .io = {.port = 0x70, .size = 1}};

    (void)state;
    assert_int_equal(handle(&e), STEPPED_OVER);
    assert_int_equal(e.io.value, ~0u); /* nobody there */
    e.io.write = true;
    assert_int_equal(handle(&e), STEPPED_OVER);
    e = (struct exit){.kind = EXIT_IO, .io = {.port = PLATFORM_EXIT_PORT, .size = 1}};
    assert_int_equal(handle(&e), STEPPED_OVER); /* reading does not end anything */
    assert_int_equal(world.vm->state, VM_RUNNING);
    e = (struct exit){.kind = EXIT_IO, .io = {.port = PLATFORM_UART_PORT + 5, .size = 1}};
    assert_int_equal(handle(&e), STEPPED_OVER);
    assert_int_not_equal(e.io.value, ~0u);
    e = (struct exit){.kind = EXIT_IO, .io = {.port = PLATFORM_UART_PORT - 1, .size = 1}};
    assert_int_equal(handle(&e), STEPPED_OVER);
    assert_int_equal(e.io.value, ~0u);
    e = (struct exit){.kind = EXIT_IO,
                      .io = {.port = PLATFORM_EXIT_PORT, .size = 4, .write = true, .value = 9}};
    assert_int_equal(handle(&e), STEPPED_OVER);
    assert_int_equal(world.vm->state, VM_STOPPED);
    assert_int_equal(world.vm->status, 9);
}

/* A hypercall whose buffer is absent has done nothing, and is run again when the page is there. */
static void hypercall_runs_again(void **state)
{
    struct exit e = {.kind = EXIT_HYPERCALL, .call = {.nr = FL_HC_STATS, .arg = {module_gpa(2).v}}};

    (void)state;
    assert_int_equal(handle(&e), RUN_AGAIN);
    assert_int_equal(v->state, VCPU_WAIT_PAGE);
    world_read_done(2);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(handle(&e), STEPPED_OVER);
    assert_int_equal(e.call.ret, 0);
}

static void ends(void **state)
{
    static const struct {
        struct exit e;
        const char *why;
    } rows[] = {
        {{.kind = EXIT_SHUTDOWN}, "triple fault"},
        {{.kind = EXIT_BAD, .bad = {.code = 0x7b, .info1 = 1, .info2 = 2, .why = "string i/o"}},
         "string i/o (exit 0x7b, info 0x1 0x2)"},
        {{.kind = EXIT_TDP, .tdp = {.gpa = {WORLD_HOLE}, .access = ACCESS_EXEC}},
         "execution at gpa 0x700000000"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct exit e = rows[i].e;

        world_end();
        setup(state);
        assert_int_equal(handle(&e), RUN_AGAIN);
        assert_int_equal(world.vm->status, VM_STATUS_GUEST_BUG);
        assert_non_null(strstr(fake.console, rows[i].why));
        vcpu_service(v);
        assert_int_equal(v->state, VCPU_STOPPED);
    }
}

/* Whose fault that is, is seen by the entries, which are printed. */
static void an_entry_unknown_to_hardware(void **state)
{
    const gpa_t gpa = {0x5678};
    struct exit e = {.kind = EXIT_TDP, .tdp = {.gpa = gpa, .access = ACCESS_WRITE}};
    char line[80];

    (void)state;
    assert_int_equal(handle(&e), RUN_AGAIN);
    fake_console_clear();
    e = (struct exit){.kind = EXIT_TDP_BAD, .tdp = {.gpa = gpa}};
    expect_assert_failure(exit_handle(v, &e));
    assert_non_null(strstr(fake.console, "the way to gfn 5 from table"));
    for (unsigned level = 3; level > 0; level--) {
        snprintf(line, sizeof(line), "level %u, index 000: entry ", level);
        assert_non_null(strstr(fake.console, line));
    }
    snprintf(line, sizeof(line), "level 0, index 005: entry %016lx\n", *world_leaf(gpa_gfn(gpa)));
    assert_non_null(strstr(fake.console, line));
}

static void small_exits(void **state)
{
    struct exit e = {.kind = EXIT_UNDEF};

    (void)state;
    assert_int_equal(handle(&e), GOT_UD);
    e.kind = EXIT_INTR;
    assert_int_equal(handle(&e), RUN_AGAIN);
    e.kind = EXIT_WINDOW;
    assert_int_equal(handle(&e), RUN_AGAIN);
    e.kind = EXIT_HLT;
    assert_int_equal(handle(&e), STEPPED_OVER);
    assert_int_equal(v->state, VCPU_HALTED);
    assert_int_equal(world.vm->stats.exits, 4);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(cpuid),        test(msrs),        test(apic_page),
        test(no_apic_page), test(ports),       test(hypercall_runs_again),
        test(ends),         test(small_exits), test(an_entry_unknown_to_hardware),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
