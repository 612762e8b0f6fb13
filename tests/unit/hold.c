/* SPDX-License-Identifier: BSD-2-Clause */
/* hold.c: a guest that is held stands still, wherever its CPUs were, and goes on afterwards. */
#include "fake/world.h"
#include "loop.h"

static struct vm *vm;
static struct vcpu *v;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.vcpus = 2, .cpus = 2});
    vm = world.vm;
    v = world.v;
    return 0;
}

/* Until each CPU has passed, the guest does not stand still; nobody enters it meanwhile. */
static void held(void **state)
{
    (void)state;
    assert_true(hold_begin(vm));
    assert_false(hold_begin(vm)); /* one at a time */
    assert_true(hold_news(&vm->hold, 0));
    assert_int_equal(vcpu_run(v, TIME_NEVER), false);
    assert_int_equal(v->hw->entries, 0);
    assert_false(hold_still(&vm->hold));
    hold_pass(&vm->hold, 0);
    assert_false(hold_news(&vm->hold, 0));
    assert_false(hold_still(&vm->hold));
    hold_pass(&vm->hold, 1);
    assert_true(hold_still(&vm->hold));
    vm_pause(vm); /* the watchdog's, in between */
    vm_resume(vm);
    assert_false(vm_may_run(vm));
    hold_end(vm);
    (void)vcpu_run(v, TIME_NEVER);
    assert_int_equal(v->hw->entries, 1);
    assert_true(fake.kicks[0] >= 2 && fake.kicks[1] >= 2); /* asleep or not */
}

#define HELD 5u /* passes of the loop */

static struct store_req pass; /* is done in each */
static unsigned passes;

static void end_of_pass(struct store_req *r)
{
    if (++passes <= HELD) {
        assert_int_equal(v->hw->flushes, 0);
        assert_int_equal(v->hw->entries, 0);
    }
    if (passes == HELD)
        hold_end(vm);
    assert_int_equal(store_submit(&world.swap.store, r), 0);
}

static void ends(struct vcpu *who, struct exit *e)
{
    (void)e;
    assert_int_equal(passes, HELD);
    vm_exit(who->vm, 0);
}

/* Servicing requests may write guest memory (APF): what that would write is written when the guest goes on. */
static void not_serviced(void **state)
{
    (void)state;
    fake.cpus = 1;
    assert_true(port_frame_alloc(&pass.frame));
    pass.done = end_of_pass;
    passes = 0;
    v->hw->flushes = 0;
    fake_guest = ends;
    fake_disk.prompt = 256; /* each poll finishes what there is */
    assert_int_equal(store_submit(&world.swap.store, &pass), 0);
    assert_true(hold_begin(vm));
    vcpu_request(v, REQ_FLUSH);
    loop_run(vm);
    assert_int_equal(v->hw->flushes, 1);
    fake_disk_reset();
    port_frame_free(pass.frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(held, setup, world_teardown),
        cmocka_unit_test_setup_teardown(not_serviced, setup, world_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
