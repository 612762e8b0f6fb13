/* SPDX-License-Identifier: BSD-2-Clause */
/* pv_ipi.c: hypercalls between vCPUs: whom interrupts reach, what a kick ends, to whom a slice goes (A7-10). */
#include "fake/world.h"
#include "abi/kvm_hypercall.h"
#include "loop.h"

#define VECTOR  0x41u
#define LOGICAL 0x800u
#define NMI     0x400u
#define INIT    0x500u
#define SIPI    0x600u
#define SMI     0x200u
#define LEVEL   0x8000u

static struct vm *vm;
static struct vcpu *v;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.vcpus = 3});
    vm = world.vm;
    v = world.v;
    return 0;
}

static u64 call(u64 nr, u64 a0, u64 a1, u64 a2, u64 a3)
{
    struct exit e = {.kind = EXIT_HYPERCALL, .call = {.nr = nr, .arg = {a0, a1, a2, a3}}};

    exit_handle(v, &e);
    assert_int_equal(v->hw->completed.kind, EXIT_HYPERCALL);
    return v->hw->completed.call.ret;
}

/* Who has VECTOR requested, as a bitmap; nobody afterwards. */
static unsigned reached(void)
{
    unsigned who = 0;

    for (unsigned i = 0; i < vm->vcpus; i++)
        if (at_and(&vm->vcpu[i]->pub.irr[VECTOR / 32], ~(1u << VECTOR % 32)) & 1u << VECTOR % 32)
            who |= 1u << i;
    return who;
}

static void bitmaps(void **state)
{
    (void)state;
    assert_int_equal(call(PV_HC_IPI, 0x5, 0, 0, VECTOR), 2);
    assert_int_equal(reached(), 0x5);
    assert_int_equal(vm->vcpu[2]->pub.requests & REQ_EVENT, REQ_EVENT);
    assert_int_equal(call(PV_HC_IPI, 0x3, 0, 1, VECTOR), 2); /* bit 0 stands for id 1 */
    assert_int_equal(reached(), 0x6);
    assert_int_equal(call(PV_HC_IPI, ~0ull, ~0ull, 0, VECTOR), 3); /* ids that nobody has */
    assert_int_equal(reached(), 0x7);
    assert_int_equal(call(PV_HC_IPI, 0, ~0ull, 0, VECTOR),
                     0); /* the second word is of ids from 32 or 64 on */
    assert_int_equal(call(PV_HC_IPI, ~0ull, ~0ull, 3, VECTOR), 0);
    assert_int_equal(call(PV_HC_IPI, ~0ull, ~0ull, 0xffffffff, VECTOR), 0);
    assert_int_equal(call(PV_HC_IPI, ~0ull, ~0ull, 0xffffffc1, VECTOR), 0); /* does not wrap */
    assert_int_equal(reached(), 0);
}

static void what_is_sent(void **state)
{
    struct vcpu *to = vm->vcpu[1];

    (void)state;
    assert_int_equal(call(PV_HC_IPI, 0x2, 0, 0, VECTOR | LOGICAL), -(u64)PV_EINVAL);
    for (u32 shorthand = 1; shorthand < 4; shorthand++)
        assert_int_equal(call(PV_HC_IPI, 0x2, 0, 0, VECTOR | shorthand << 18), -(u64)PV_EINVAL);
    assert_int_equal(reached(), 0);
    assert_int_equal(call(PV_HC_IPI, 0x2, 0, 0, SMI), 0);
    assert_int_equal(call(PV_HC_IPI, 0x2, 0, 0, INIT | LEVEL), 0); /* de-assert */
    assert_int_equal(at_load(&to->pub.init), 0);
    assert_int_equal(call(PV_HC_IPI, 0x2, 0, 0, NMI), 1);
    assert_int_equal(at_load(&to->pub.nmi), 1);
    assert_int_equal(call(PV_HC_IPI, 0x2, 0, 0, INIT), 1);
    assert_int_equal(at_load(&to->pub.init), 1);
    assert_int_equal(call(PV_HC_IPI, 0x2, 0, 0, SIPI | 0x12), 1);
    assert_int_equal(at_load(&to->pub.sipi), 0x12);
    assert_int_equal(world_wrmsr(to, X2APIC_MSR_FIRST + 0x0f, 0xff), OUTCOME_DONE);
    assert_int_equal(call(PV_HC_IPI, 0x7, 0, 0, VECTOR), 2); /* a disabled APIC takes none */
    assert_int_equal(reached(), 0x5);
}

static void halt(struct vcpu *who, bool interrupts)
{
    who->hw->intr_flag = who->hw->intr_open = interrupts;
    exit_handle(who, &(struct exit){.kind = EXIT_HLT});
}

/* A kick ends a HLT, interrupts open or not; one that comes before it ends it as well, and only one. */
static void kick(void **state)
{
    struct vcpu *to = vm->vcpu[1];

    (void)state;
    halt(to, false);
    assert_int_equal(call(PV_HC_KICK, 0, 1, 0, 0), 0);
    assert_int_equal(to->state, VCPU_HALTED);
    vcpu_service(to);
    assert_int_equal(to->state, VCPU_RUNNABLE);
    halt(to, false);
    assert_int_equal(to->state, VCPU_HALTED);
    vcpu_set_state(to, VCPU_RUNNABLE);
    assert_int_equal(call(PV_HC_KICK, 0, 1, 0, 0), 0);
    vcpu_service(to);
    halt(to, false);
    assert_int_equal(to->state, VCPU_RUNNABLE);
    halt(to, false);
    assert_int_equal(to->state, VCPU_HALTED);
    assert_int_equal(call(PV_HC_KICK, 0, 7, 0, 0), 0); /* nobody's */
    assert_int_equal(call(PV_HC_KICK, 0, BIT(32) | 1, 0, 0), 0);
    vcpu_service(to);
    assert_int_equal(to->state, VCPU_HALTED);
}

/* Something else has ended the HLT: the kick was for that one. */
static void kick_is_used_up(void **state)
{
    struct vcpu *to = vm->vcpu[1];

    (void)state;
    halt(to, true);
    lapic_raise(to, VECTOR);
    assert_int_equal(call(PV_HC_KICK, 0, 1, 0, 0), 0);
    vcpu_service(to);
    assert_int_equal(to->state, VCPU_RUNNABLE);
    (void)reached();
    halt(to, true);
    assert_int_equal(to->state, VCPU_HALTED);
}

/*
 * The guest was about to halt when it met a page that is waited for: it goes on waiting, as it could only meet the page
 * again, and the kick is still there when it does halt.
 */
static void kick_outlives_an_artificial_halt(void **state)
{
    struct vcpu *to = vm->vcpu[1];

    (void)state;
    vcpu_set_state(to, VCPU_APF_HALTED);
    assert_int_equal(call(PV_HC_KICK, 0, 1, 0, 0), 0);
    vcpu_service(to);
    assert_int_equal(to->state, VCPU_APF_HALTED);
    vcpu_set_state(to, VCPU_RUNNABLE);
    halt(to, false);
    assert_int_equal(to->state, VCPU_RUNNABLE);
}

/* ---- Yield: in the loop ---- */

static unsigned stays;
static unsigned order[16];
static u64 yields_to;

static void yields_once(struct vcpu *who, struct exit *e)
{
    order[stays++] = who->id;
    e->kind = EXIT_CPUID;
    if (stays == 2)
        *e = (struct exit){.kind = EXIT_HYPERCALL, .call = {.nr = PV_HC_YIELD, .arg = {yields_to}, .ret = 1}};
    if (stays == 3) {
        assert_int_equal(vm->vcpu[order[1]]->hw->completed.call.nr, PV_HC_YIELD);
        assert_int_equal(vm->vcpu[order[1]]->hw->completed.call.ret, 0);
    }
    if (stays == 4)
        vm_exit(vm, 0);
}

static void run(u64 to)
{
    stays = 0;
    yields_to = to;
    fake_guest = yields_once;
    loop_run(vm);
    vm->state = VM_RUNNING;
    vm->ending = 0;
    for (unsigned i = 0; i < vm->vcpus; i++)
        vm->vcpu[i]->state = VCPU_RUNNABLE;
}

/* The rest of the slice is the other one's: the named one's, not the next one's. */
static void yield(void **state)
{
    (void)state;
    run(0);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 1);
    assert_int_equal(order[2], 0);
    assert_int_equal(order[3], 0);
    assert_null(vm->vcpu[1]->yield_to);
}

/* To nobody who could run here now: the caller goes on. */
static void yield_to_nobody(void **state)
{
    (void)state;
    run(17);
    assert_int_equal(order[2], order[1]);
    run(BIT(32) | 2);
    assert_int_equal(order[2], order[1]);
    vm->vcpu[2]->state = VCPU_HALTED;
    run(2);
    assert_int_equal(order[2], order[1]);
    vm->vcpu[2]->cpu = 1;
    run(2);
    assert_int_equal(order[2], order[1]);
    vm->vcpu[2]->cpu = 0;
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(bitmaps),
        test(what_is_sent),
        test(kick),
        test(kick_is_used_up),
        test(kick_outlives_an_artificial_halt),
        test(yield),
        test(yield_to_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
