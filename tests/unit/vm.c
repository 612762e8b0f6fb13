/* SPDX-License-Identifier: BSD-2-Clause */
/* vm.c: how a VM comes to be, with every allocation failing once; who decides how it ends; pause, resume, counters. */
#include <pthread.h>
#include "fake/world.h"

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.vcpus = 3, .cpus = 2});
    return 0;
}

/* H-C-51 */
static void every_allocation_fails_once(void **state)
{
    struct vm_config c = {.resident = 20 * PAGE_SIZE, .vcpus = 2};
    struct vm *vm = NULL;
    unsigned n = 0;

    (void)state;
    while (!vm) {
        fake_fail_allocation(++n);
        vm = vm_create(0, &c, NULL);
        if (!vm) {
            assert_int_equal(fake.frames, 0);
            assert_int_equal(fake.zalloced, 0);
        }
    }
    assert_true(n > 20 + 6);
    fake_fail_allocation(0);
    vm_destroy(vm);
}

static void as_made(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct vcpu *v = world.vm->vcpu[i];

        assert_int_equal(v->id, i);
        assert_int_equal(v->cpu, i % 2);
        assert_ptr_equal(v->vm, world.vm);
        assert_int_equal(v->hw->root.v, v->root->table.v);
        assert_int_equal(v->pub.sipi, SIPI_NONE);
        assert_int_equal(v->pub.mode, 0);
    }
}

/* The first to end the VM decides; all vCPUs are told, running ones interrupted. */
static void the_first_end_counts(void **state)
{
    (void)state;
    fake_console_clear();
    world.vm->vcpu[1]->pub.mode = MODE_IN_GUEST;
    vm_exit(world.vm, 7);
    vm_exit(world.vm, 8);
    vm_kill(world.vm, NULL, VM_STATUS_STORE_ERROR, "too late");
    assert_int_equal(world.vm->state, VM_STOPPED);
    assert_int_equal(world.vm->status, 7);
    assert_int_equal(fake.console_length, 0);
    assert_int_equal(fake.kicks[1], 1);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(world.vm->vcpu[i]->pub.requests & REQ_STATE);
        vcpu_service(world.vm->vcpu[i]);
        assert_int_equal(world.vm->vcpu[i]->state, VCPU_STOPPED);
    }
    vm_pause(world.vm);
    vm_resume(world.vm);
    assert_int_equal(world.vm->state, VM_STOPPED);
}

static void a_kill_says_why(void **state)
{
    (void)state;
    vm_kill(world.vm, world.v, VM_STATUS_GUEST_BUG, "it did %d", 5);
    assert_non_null(strstr(fake.console, "vm0 stopped on vcpu 0: it did 5\n"));
    assert_int_equal(world.v->hw->reports, 1);
    assert_int_equal(world.vm->status, VM_STATUS_GUEST_BUG);
}

/* A guest cannot end with a status of the host's. */
static void status_range(void **state)
{
    (void)state;
    vm_exit(world.vm, VM_STATUS_STORE_ERROR);
    assert_int_equal(world.vm->status, VM_STATUS_GUEST_MAX);
    assert_non_null(strstr(fake.console, "status 97"));
}

#define ENDINGS 2000

static void *ender(void *arg)
{
    struct vm *vm = arg;

    for (unsigned i = 0; i < ENDINGS; i++) {
        while (at_load_acq(&vm->state) != VM_RUNNING)
            at_relax();
        at_add(&fake.now, 1);
        vm_exit(vm, 1 + i % VM_STATUS_GUEST_MAX);
    }
    return NULL;
}

/* Whoever sees STOPPED sees the status and the time that belong to it. */
static void stopped_means_final(void **state)
{
    struct vm *vm = world.vm;
    pthread_t t;

    (void)state;
    assert_int_equal(pthread_create(&t, NULL, ender, vm), 0);
    for (unsigned i = 0; i < ENDINGS; i++) {
        while (at_load_acq(&vm->state) != VM_STOPPED)
            ;
        assert_int_equal(at_load(&vm->status), 1 + i % VM_STATUS_GUEST_MAX);
        assert_int_equal(at_load(&vm->stopped), at_load(&fake.now));
        at_store(&vm->ending, 0);
        at_store(&vm->status, 0);
        at_store_rel(&vm->state, VM_RUNNING);
    }
    pthread_join(t, NULL);
    vm->state = VM_STOPPED;
}

static void pause_and_resume(void **state)
{
    (void)state;
    vm_resume(world.vm);
    assert_int_equal(world.vm->state, VM_RUNNING);
    vm_pause(world.vm);
    assert_int_equal(world.vm->state, VM_PAUSED);
    assert_true(world.v->pub.requests & REQ_STATE);
    world_enter(world.v);
    assert_int_equal(world.v->hw->entries, 0);
    vm_resume(world.vm);
    world_enter(world.v);
    assert_int_equal(world.v->hw->entries, 1);
}

/* Idle time: closed stretches plus the open ones, over all vCPUs. */
static void idle_time(void **state)
{
    struct fl_stats s;
    u64 before;

    (void)state;
    vm_stats(world.vm, &s);
    before = s.idle_ns;
    vcpu_set_state(world.v, VCPU_HALTED);
    fake.now += 1000;
    vcpu_set_state(world.v, VCPU_WAIT_PAGE);
    fake.now += 500;
    vm_stats(world.vm, &s);
    assert_int_equal(s.idle_ns - before, 1500);
    vcpu_set_state(world.v, VCPU_RUNNABLE);
    fake.now += 10000;
    vm_stats(world.vm, &s);
    assert_int_equal(s.idle_ns - before, 1500);
    assert_int_equal(s.size, sizeof(s));
    assert_int_equal(s.now_ns, fake.now);
    assert_int_equal(s.resident, 3); /* the slots' pages */
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_allocation_fails_once, fake_setup, fake_teardown),
        test(as_made),
        test(the_first_end_counts),
        test(a_kill_says_why),
        test(status_range),
        test(stopped_means_final),
        test(pause_and_resume),
        test(idle_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
