/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_io.c: the age of what the store has. */
#include "fake/world.h"

static struct vm *vm;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.frames = 64, .vcpus = 2, .cpus = 2});
    vm = world.vm;
    return 0;
}

static void oldest_request(void **state)
{
    struct pager_io io;
    u64 age;

    (void)state;
    assert_false(pager_io_oldest(&vm->pager.io, fake.now, &age, &io));
    pager_load(vm, &vm->slot[1], module_gfn(1), NULL);
    fake.now += 100;
    pager_load(vm, &vm->slot[1], module_gfn(2), NULL);
    fake.now += 10;
    assert_true(pager_io_oldest(&vm->pager.io, fake.now, &age, &io));
    assert_int_equal(age, 110);
    assert_int_equal(io.gfn.v, module_gfn(1).v);
    world_read_done(1);
    assert_true(pager_io_oldest(&vm->pager.io, fake.now, &age, &io));
    assert_int_equal(age, 10);
    assert_int_equal(io.gfn.v, module_gfn(2).v);
    world_read_done(2);
    assert_false(pager_io_oldest(&vm->pager.io, fake.now, &age, &io));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(oldest_request, setup, world_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
