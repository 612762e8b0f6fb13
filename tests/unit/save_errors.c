/* SPDX-License-Identifier: BSD-2-Clause */
/* save_errors.c: a save that cannot be is refused or given up, and the guest goes on with an error. */
#include "save_rig.h"
#include "loop.h"

static void hypercall(u64 call, u64 status, struct exit *e)
{
    *e = (struct exit){.kind = EXIT_HYPERCALL, .call = {.nr = FL_HC_SAVE, .arg = {call, status}}};
    exit_handle(v, e);
}

static void refused(s64 error)
{
    unsigned completions = v->hw->completions;
    struct exit e;

    hypercall(FL_SAVE_KEEP, 0, &e);
    assert_int_equal(v->hw->completions, completions + 1);
    assert_int_equal((s64)v->hw->completed.call.ret, error);
    assert_true(vm_may_run(vm));
}

/* The save that has begun ends with this error; the guest goes on. */
static void given_up(s64 error)
{
    until_over();
    assert_int_equal(vm->save.step, SAVE_IDLE);
    assert_int_equal((s64)v->hw->completed.call.ret, error);
    assert_true(vm_may_run(vm));
    assert_true(save_io_idle(&vm->save));
    assert_non_null(strstr(fake.console, "not saved: "));
}

static void bad_calls(void **state)
{
    static const u64 bad[][2] = {
        {3, 0}, {~0ull, 0}, {FL_SAVE_STOP, VM_STATUS_GUEST_MAX + 1}, {FL_SAVE_GO_ON, 1}};
    struct exit e;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        hypercall(bad[i][0], bad[i][1], &e);
        assert_int_equal((s64)v->hw->completed.call.ret, -PV_EINVAL);
        assert_true(vm_may_run(vm));
    }
    v->hw->cpl = 3;
    hypercall(FL_SAVE_STOP, 0, &e);
    assert_int_equal((s64)v->hw->completed.call.ret, -PV_EPERM);
}

static void nowhere(void **state)
{
    (void)state;
    save_offer(vm, NULL);
    refused(-PV_EOPNOTSUPP);
}

/* One at a time, and not beside a copy, whichever began first. */
static void busy(void **state)
{
    struct exit e = {.kind = EXIT_HYPERCALL};
    struct precopy_config c = {
        .sink = image_sink(&vm->image), .mode = TDP_LOG_DIRTY_BIT, .small = 4, .rounds = PRECOPY_ROUNDS};

    (void)state;
    assert_int_equal(ask(SAVE_KEEP), SAVE_OK);
    assert_int_equal(save_start(vm->vcpu[1], &e, SAVE_KEEP, 0, false), SAVE_BUSY);
    until_over();
    assert_true(vm_may_run(vm));
    assert_int_equal(precopy_start(vm, &c), DIRTY_OK);
    refused(-PV_EBUSY);
    while (precopy_runs(&vm->precopy)) {
        step();
        (void)precopy_work(vm, fake.now);
        fake_disk_finish_all();
    }
    assert_int_equal(ask(SAVE_KEEP), SAVE_OK);
    assert_int_equal(precopy_start(vm, &c), DIRTY_OK); /* on another CPU, before it has stopped */
    for (unsigned i = 0; i < 10; i++)
        (void)precopy_work(vm, fake.now); /* which must not hold as well */
    given_up(-PV_EBUSY);
}

static void too_small_for_anything(void **state)
{
    (void)state;
    to.store.bytes = 3 * PAGE_SIZE;
    refused(-PV_ENOSPC);
}

/* Each size that is too small is found out, and one page more suffices. */
static void too_small(void **state)
{
    u64 needed;

    (void)state;
    for (u64 i = 0; i < 20; i++)
        guest_writes((gfn_t){FIRST + i}, i + 1);
    save(SAVE_KEEP);
    needed = 2 + SAVED_PAGES(sizeof(struct saved_state)) + 2 + 20;
    for (u64 pages = needed - 8; pages < needed; pages++) {
        to.store.bytes = pages * PAGE_SIZE;
        assert_int_equal(ask(SAVE_KEEP), SAVE_OK);
        given_up(-PV_ENOSPC);
    }
    to.store.bytes = needed * PAGE_SIZE;
    save(SAVE_STOP);
    assert_int_equal(boot_again(), RESTORE_OK);
    assert_int_equal(guest_reads((gfn_t){FIRST + 19}), 20);
}

/* Every allocation fails once. */
static void no_memory(void **state)
{
    unsigned n = 1;

    (void)state;
    for (bool over = false; !over; n++) {
        enum save_error e;

        fake_fail_allocation(n);
        e = ask(SAVE_KEEP);
        if (!e)
            until_over();
        over = !e && !vm->save.error;
        fake.fail_at = 0;
        if (e)
            assert_int_equal(e, SAVE_NO_MEMORY);
        else if (!over)
            given_up(-PV_ENOMEM);
        assert_true(vm_may_run(vm));
    }
    assert_in_range(n, 4, 40);
}

/* … also that of a VM that runs from what was saved. */
static void no_memory_for_the_map(void **state)
{
    (void)state;
    guest_writes((gfn_t){FIRST}, 1);
    save(SAVE_GO_ON);
    assert_int_equal(boot_again(), RESTORE_OK);
    no_memory(state);
}

/* Every request fails once: what was saved is not there then, and the guest goes on. */
static void store_errors(void **state)
{
    bool failed = true;

    (void)state;
    for (u64 i = 0; i < 3; i++)
        guest_writes((gfn_t){FIRST + i}, i + 1);
    (void)pager_evict_range(vm, (gfn_t){FIRST}, (gfn_t){FIRST + 1});
    fake_disk_finish_all();
    for (unsigned n = 0; failed; n++) {
        struct saved_header h;
        unsigned place, done = 0;

        assert_int_equal(ask(SAVE_KEEP), SAVE_OK);
        failed = false;
        while (vm->save.step != SAVE_IDLE) {
            step();
            for (; fake_disk.count; done++) {
                failed |= done == n;
                fake_disk_finish(0, done == n);
            }
        }
        assert_int_equal((s64)v->hw->completed.call.ret, failed ? -PV_EIO : 0);
        assert_true(vm_may_run(vm));
        fake_disk.prompt = 256;
        assert_int_equal(restore_find(&to.store, &h, &place), failed ? RESTORE_NEVER : RESTORE_OK);
        fake_disk.prompt = 0;
    }
    assert_non_null(strstr(fake.console, "save: write of store 'save', block "));
    assert_non_null(strstr(fake.console, "save: read of store 'swap', block "));
}

/* The VM ends while it is being saved. */
static void the_vm_ends(void **state)
{
    (void)state;
    guest_writes((gfn_t){FIRST}, 1);
    assert_int_equal(ask(SAVE_GO_ON), SAVE_OK);
    step();
    vm_kill(vm, NULL, VM_STATUS_STORE_TIMEOUT, "as the watchdog does");
    for (unsigned i = 0; i < 10; i++)
        step();
    fake_disk_finish_all();
    assert_false(save_again(vm));
    assert_int_equal(vm->status, VM_STATUS_STORE_TIMEOUT);
}

/* The answer is given by the CPU that owns the vCPU, and by no other. */
static void who_answers(void **state)
{
    struct exit e = {.kind = EXIT_HYPERCALL};
    struct vcpu *other = vm->vcpu[1];

    (void)state;
    assert_int_equal(save_start(other, &e, SAVE_KEEP, 0, false), SAVE_OK);
    hold_pass(&vm->hold, 1);
    for (unsigned i = 0; i < 100; i++) {
        hold_pass(&vm->hold, 0);
        (void)save_work(vm, fake.now);
        fake_disk_finish_all();
    }
    assert_int_equal(vm->save.step, SAVE_ANSWER);
    assert_int_equal(other->hw->completions, 0);
    assert_true(hold_on(&vm->hold));
    fake_cpu = 1;
    (void)save_work(vm, fake.now);
    fake_cpu = 0;
    assert_int_equal(other->hw->completions, 1);
    assert_false(hold_on(&vm->hold));
}

/* The registers of a vCPU are in memory when the guest stands still. */
static void asks(struct vcpu *who, struct exit *e)
{
    *e = (struct exit){.kind = EXIT_HYPERCALL, .call = {.nr = FL_HC_SAVE, .arg = {FL_SAVE_STOP, 5}}};
    assert_int_equal(who->hw->loads, who->hw->puts + 1);
}

static void registers_are_put(void **state)
{
    (void)state;
    fake.cpus = 1;
    vcpu_set_state(vm->vcpu[1], VCPU_HALTED);
    fake_guest = asks;
    fake_disk.prompt = 256;
    loop_run(vm);
    fake_disk.prompt = 0;
    assert_int_equal(vm->status, 5);
    assert_int_equal(v->hw->puts, v->hw->loads); /* fake/hw.c saw it when it counted */
    assert_int_equal(v->hw->entries, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bad_calls, setup, end),
        cmocka_unit_test_setup_teardown(nowhere, setup, end),
        cmocka_unit_test_setup_teardown(busy, setup, end),
        cmocka_unit_test_setup_teardown(too_small_for_anything, setup, end),
        cmocka_unit_test_setup_teardown(too_small, setup, end),
        cmocka_unit_test_setup_teardown(no_memory, setup, end),
        cmocka_unit_test_setup_teardown(no_memory_for_the_map, setup, end),
        cmocka_unit_test_setup_teardown(store_errors, setup, end),
        cmocka_unit_test_setup_teardown(the_vm_ends, setup, end),
        cmocka_unit_test_setup_teardown(who_answers, setup, end),
        cmocka_unit_test_setup_teardown(registers_are_put, setup, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
