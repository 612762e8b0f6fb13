/* SPDX-License-Identifier: BSD-2-Clause */
/* loop.c: the loop of one CPU: who runs, when it sleeps, what wakes it, when it ends (architecture D3). */
#include "fake/world.h"
#include "loop.h"
#include "watchdog.h"

#define STEP        1000u /* ns that one stay in the guest takes */
#define SLICE_STAYS 2000u

static struct vm *vm;
static struct vcpu *v, *w;
static void (*script)(struct vcpu *, struct exit *);
static unsigned stays[VCPU_MAX], passes, kicks_seen;

/* A stay ends by what the script says, or by an interrupt if one is due. */
static void guest(struct vcpu *who, struct exit *e)
{
    assert_true(++passes < 100000);
    stays[who->id]++;
    fake.now += STEP;
    e->kind = EXIT_CPUID;
    script(who, e);
    if (e->kind == EXIT_CPUID && (fake.now >= fake.timer[0] || fake.kicks[0] != kicks_seen)) {
        kicks_seen = fake.kicks[0];
        e->kind = EXIT_INTR;
    }
}

static void make(unsigned vcpus, unsigned frames)
{
    world_make(&(struct world_config){.vcpus = vcpus, .frames = frames});
    vm = world.vm;
    v = vm->vcpu[0];
    w = vm->vcpu[vcpus - 1];
    passes = kicks_seen = 0;
    memset(stays, 0, sizeof(stays));
}

static int setup(void **state)
{
    (void)state;
    make(1, 0);
    return 0;
}

static int setup_two(void **state)
{
    (void)state;
    make(2, 0);
    return 0;
}

static void run(void (*s)(struct vcpu *, struct exit *))
{
    script = s;
    fake_guest = guest;
    loop_run(vm);
    for (unsigned i = 0; i < vm->vcpus; i++) {
        assert_int_equal(vm->vcpu[i]->hw->loads, vm->vcpu[i]->hw->puts);
        assert_int_equal(vm->vcpu[i]->pub.mode & (MODE_IN_GUEST | MODE_BLOCKED), 0);
    }
}

static void leave_with_5(struct vcpu *who, struct exit *e)
{
    if (stays[who->id] == 10)
        *e = (struct exit){.kind = EXIT_IO, .io = {.port = 0xf4, .size = 4, .write = true, .value = 5}};
}

static void until_exit(void **state)
{
    (void)state;
    run(leave_with_5);
    assert_int_equal(vm->status, 5);
    assert_int_equal(stays[0], 10);
    assert_int_equal(fake.idles, 0);
    assert_int_equal(v->hw->loads, 1);
}

static void sleeps_until_its_timer(struct vcpu *who, struct exit *e)
{
    static u64 deadline;

    switch (stays[0]) {
    case 1: /* LVT timer: vector 0x41, one-shot */
        *e = (struct exit){.kind = EXIT_MSR,
                           .msr = {.index = X2APIC_MSR_FIRST + 0x32, .write = true, .value = 0x41}};
        return;
    case 2:
        *e = (struct exit){.kind = EXIT_MSR,
                           .msr = {.index = X2APIC_MSR_FIRST + 0x38, .write = true, .value = 1000000}};
        deadline = fake.now + 2 * 1000000;
        return;
    case 3:
        e->kind = EXIT_HLT;
        return;
    default:
        assert_int_equal(world_next(who).vector, 0x41);
        assert_in_range(fake.now, deadline, deadline + 2 * STEP);
        vm_exit(who->vm, 0);
    }
}

static void idle_until_a_timer(void **state)
{
    (void)state;
    run(sleeps_until_its_timer);
    assert_int_equal(fake.idles, 1);
}

static void touches_page_1(struct vcpu *who, struct exit *e)
{
    if (stays[0] == 1)
        *e = (struct exit){.kind = EXIT_TDP, .tdp = {.gpa = module_gpa(1), .access = ACCESS_READ}};
    else
        vm_exit(who->vm, 0);
}

static void the_disk_answers(void)
{
    assert_int_equal(req_mode(&v->pub) & 3, MODE_BLOCKED);
    if (fake.idles == 3)
        fake_disk.prompt = 256; /* its interrupt; store_poll() finds the answer */
}

/* Asleep on a page; each interrupt makes a pass; the pass that finds the page wakes the vCPU. */
static void idle_until_a_page(void **state)
{
    (void)state;
    fake.idle = the_disk_answers;
    run(touches_page_1);
    assert_int_equal(fake.idles, 3);
    assert_int_equal(stays[0], 2);
}

static void halts(struct vcpu *who, struct exit *e)
{
    e->kind = EXIT_HLT;
    if (stays[who->id] == 3)
        vm_exit(who->vm, 0);
}

static unsigned calls;

static void another_cpu_sends(void)
{
    fake.kicks[0] = kicks_seen = 0;
    calls++;
    lapic_raise(v, 0x41); /* while the CPU is on its way to sleep or asleep: it must have been kicked */
    assert_int_equal(fake.kicks[0], 1);
    v->lapic.isr[2] = 0; /* EOI */
}

static void idle_until_a_request(void **state)
{
    (void)state;
    calls = 0;
    fake.idle = another_cpu_sends;
    run(halts);
    assert_int_equal(calls, 2);
    assert_int_equal(stays[0], 3);
}

/* A request that is there already: no sleep. */
static void no_sleep_on_a_request(void **state)
{
    (void)state;
    vcpu_set_state(v, VCPU_HALTED);
    lapic_raise(v, 0x41);
    run(leave_with_5);
    assert_int_equal(fake.idles, 0);
}

static void spins(struct vcpu *who, struct exit *e)
{
    (void)e;
    if (stays[0] + stays[1] == 20000)
        vm_exit(who->vm, 0);
}

/* Two vCPUs of one CPU that both want to run: slices of equal length. */
static void slices(void **state)
{
    (void)state;
    run(spins);
    assert_in_range(stays[0], 8000, 12000);
    assert_in_range(v->hw->loads, 4, 6);
}

static unsigned sent;

static void sends_and_waits(struct vcpu *who, struct exit *e)
{
    if (who == w) {
        if (stays[1] == 1)
            e->kind = EXIT_HLT;
        else
            vm_exit(who->vm, 0);
    } else if (stays[1] == 1 && !sent) { /* the other one sleeps: IPI 0x41 to it */
        sent = stays[0];
        *e = (struct exit){
            .kind = EXIT_MSR,
            .msr = {.index = X2APIC_MSR_FIRST + 0x30, .write = true, .value = 1ull << 32 | 0x41}};
    }
}

/* An interrupt for a vCPU that shares its CPU with the sender makes the CPU look at it at once. */
static void neighbours_are_woken(void **state)
{
    (void)state;
    sent = 0;
    run(sends_and_waits);
    assert_int_equal(stays[1], 2);
    assert_in_range(stays[0], sent + 1, sent + SLICE_STAYS + 10); /* its slice was to end anyway */
    assert_in_range(fake.kicks[0], 1, 3);
}

static void writes_and_leaves(struct vcpu *who, struct exit *e)
{
    (void)e;
    vm_exit(who->vm, 1);
}

static void finish_one(void)
{
    assert_true(fake_disk.count);
    fake_disk_finish(0, 0);
}

/* Stopped, the loop stays until the store has nothing of the VM any more. */
static void writes_are_waited_for(void **state)
{
    (void)state;
    fake.idle = finish_one;
    assert_int_equal(pager_evict_range(vm, (gfn_t){1}, (gfn_t){2}), 1);
    world_touch(v, 1);
    vcpu_set_state(v, VCPU_RUNNABLE);
    assert_int_equal(vm->pager.io.inflight, 2);
    run(writes_and_leaves);
    assert_int_equal(vm->pager.io.inflight, 0);
    assert_int_equal(fake.idles, 2);
}

/* Also if it was another CPU that stopped the VM, at a time that this CPU's last look at the clock does not know of. */
static void stopped_in_the_future(void **state)
{
    (void)state;
    fake.idle = finish_one;
    world_touch(v, 1);
    vm_exit(vm, 0);
    vm->stopped = fake.now + 500;
    run(NULL);
    assert_int_equal(vm->pager.io.inflight, 0);
    assert_int_equal(fake.idles, 1);
}

/* But not for ever. */
static void a_dead_store_is_given_up(void **state)
{
    u64 start = fake.now;

    (void)state;
    world_touch(v, 1);
    vcpu_set_state(v, VCPU_RUNNABLE);
    run(writes_and_leaves);
    assert_int_equal(vm->status, 1);
    assert_in_range(fake.now - start, vm->config.io_give_up, vm->config.io_give_up + 2 * WATCHDOG_PERIOD);
    assert_int_equal(vm->pager.io.inflight, 1);
}

/* A store that never answers: paused in public, then stopped (watchdog). */
static void silent_store(void **state)
{
    u64 start = fake.now;

    (void)state;
    run(touches_page_1);
    assert_int_equal(vm->status, VM_STATUS_STORE_TIMEOUT);
    assert_int_equal(stays[0], 1);
    assert_in_range(fake.now - start, vm->config.io_give_up, vm->config.io_give_up + 2 * WATCHDOG_PERIOD);
    assert_non_null(strstr(fake.console, "paused"));
}

static void only_timers(void)
{
    assert_true(vm->pager.frames.free >= vm->pager.low); /* it does not sleep on owed work */
    vm_exit(vm, 0);
}

/* An idle CPU takes pages back until enough frames are free, then sleeps. */
static void idle_time_is_used(void **state)
{
    (void)state;
    fake_disk.prompt = 256;
    for (u64 i = 0; i < 126; i++)
        pager_load(vm, &vm->slot[0], (gfn_t){10 + i}, NULL);
    assert_true(vm->pager.frames.free < vm->pager.low);
    vcpu_set_state(v, VCPU_HALTED);
    fake.idle = only_timers;
    run(NULL);
    assert_int_equal(fake.idles, 1);
}

/* CPUs other than 0, and CPUs without vCPUs, go through the same loop without a watchdog. */
static void another_cpu(void **state)
{
    (void)state;
    vm_exit(vm, 0);
    fake_cpu = 1;
    run(NULL);
    assert_int_equal(stays[0], 0);
    fake_cpu = 0;
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(until_exit),
        test(idle_until_a_timer),
        test(idle_until_a_page),
        test(idle_until_a_request),
        test(no_sleep_on_a_request),
        cmocka_unit_test_setup_teardown(slices, setup_two, world_teardown),
        cmocka_unit_test_setup_teardown(neighbours_are_woken, setup_two, world_teardown),
        test(writes_are_waited_for),
        test(stopped_in_the_future),
        test(a_dead_store_is_given_up),
        test(silent_store),
        test(idle_time_is_used),
        test(another_cpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
