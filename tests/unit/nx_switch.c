/* SPDX-License-Identifier: BSD-2-Clause */
/* nx_switch.c: when huge leaves are not executable, and who may change that (SPEC C10-3, C6-32). */
#include "fake/world.h"
#include "nx_worker.h"
#include "abi/faultline.h"
#include "abi/kvm_hypercall.h"

#define MS   1000000ull
#define HUGE 512u

static struct vm *vm;
static struct nx *list;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.cpus = 2});
    vm = world.vm;
    list = &vm->tdp.nx;
    return 0;
}

/* C10-3 */
static void modes(void **state)
{
    static const struct {
        enum nx_mode mode;
        bool needed, on;
        enum nx_result later;
    } rows[] = {{NX_AUTO, false, false, NX_DONE},
                {NX_AUTO, true, true, NX_DONE},
                {NX_FORCE, false, true, NX_DONE},
                {NX_OFF, true, false, NX_DONE},
                {NX_NEVER, true, false, NX_REFUSED}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        vm->config.nx = rows[i].mode;
        fake.nx_needed = rows[i].needed;
        nx_init(vm);
        assert_int_equal(list->on, rows[i].on);
        assert_int_equal(list->enforced, rows[i].on);
        assert_int_equal(nx_set(vm, false), NX_DONE);
        assert_false(list->on);
        assert_int_equal(nx_set(vm, true), rows[i].later);
        assert_int_equal(list->on, rows[i].later == NX_DONE);
        vcpu_service(world.v);
    }
    nx_set_pace(vm, 1, MS);
    assert_int_equal(nx_work(vm, MS), TIME_NEVER); /* never: no worker */
}

static void map(unsigned level, unsigned nx_level, u64 gfn)
{
    struct tdp_map m = {
        .gfn = {gfn}, .pfn = {gfn}, .level = level, .nx_level = nx_level, .access = ACCESS_EXEC};

    assert_true(tdp_cache_fill(&world.v->cache));
    read_lock(&vm->tdp.lock);
    assert_int_equal(tdp_map(&vm->tdp, world.v->root, &m, &world.v->cache), TDP_OK);
    read_unlock(&vm->tdp.lock);
}

static bool executable(void)
{
    struct tdp_leaf leaf;

    return tdp_lookup(&vm->tdp, world.v->root, (gfn_t){HUGE}, &leaf) == TDP_OK && leaf.exec;
}

/* C6-32: switched over, no root has a leaf of the other kind, and the worker is woken. No switch, nothing is zapped. */
static void switching_zaps_everything(void **state)
{
    struct tdp_root *before = world.v->root;

    (void)state;
    map(1, 0, HUGE);
    assert_true(executable());
    assert_int_equal(nx_set(vm, true), NX_DONE);
    assert_int_equal(fake.kicks[NX_CPU], 1);
    assert_true(before->invalid);
    assert_false(executable());
    assert_true(world.v->pub.requests & REQ_ROOT);
    vcpu_service(world.v);
    map(1, 0, HUGE);
    assert_false(executable());
    before = world.v->root;
    assert_int_equal(nx_set(vm, true), NX_DONE);
    assert_false(before->invalid);
    assert_int_equal(nx_set(vm, false), NX_DONE);
    assert_true(before->invalid);
    vcpu_service(world.v);
    map(1, 0, HUGE);
    assert_true(executable());
}

static void one_switches_at_a_time(void **state)
{
    (void)state;
    vm->nx_worker.switching = 1;
    assert_int_equal(nx_set(vm, true), NX_BUSY);
    assert_false(list->on);
    vm->nx_worker.switching = 0;
    assert_int_equal(nx_set(vm, true), NX_DONE);
}

static u64 call(u64 on, u64 ratio, u64 ms)
{
    struct exit e = {.kind = EXIT_HYPERCALL, .call = {.nr = FL_HC_NX, .arg = {on, ratio << 32 | ms}}};

    exit_handle(world.v, &e);
    assert_int_equal(world.v->hw->completions, 1);
    world.v->hw->completions = 0;
    return e.call.ret;
}

static void hypercall(void **state)
{
    struct exit e = {.kind = EXIT_HYPERCALL, .call = {.nr = FL_HC_NX, .arg = {1, 0}}};
    struct fl_stats s;

    (void)state;
    assert_int_equal(call(2, 1, 1), -(u64)PV_EINVAL);
    assert_int_equal(call(~0ull, 1, 1), -(u64)PV_EINVAL);
    assert_false(list->on);
    assert_int_equal(call(1, 7, 0xffffffff), 0);
    assert_true(list->on);
    assert_int_equal(vm->nx_worker.ratio, 7);
    assert_int_equal(vm->nx_worker.period, 0xffffffff * MS);
    vcpu_service(world.v);
    map(0, 1, 2 * HUGE);
    map(0, 1, 3 * HUGE);
    vm_stats(vm, &s);
    assert_int_equal(s.nx_splits, 2);
    assert_int_equal(s.nx_listed, 2);
    assert_int_equal(tdp_recover(&vm->tdp, 1), 1);
    vm_stats(vm, &s);
    assert_int_equal(s.nx_recovered, 1);
    assert_int_equal(s.nx_listed, 1);
    vm->nx_worker.switching = 1; /* by another CPU: the guest calls again */
    exit_handle(world.v, &e);
    assert_int_equal(world.v->hw->completions, 0);
    vm->nx_worker.switching = 0;
    fake.nx_needed = true;
    assert_int_equal(call(0, 7, 1), -(u64)PV_EOPNOTSUPP);
    assert_true(list->on);
    fake.nx_needed = false;
    assert_int_equal(call(0, 7, 1), 0);
    assert_false(list->on);
    vm->config.nx = NX_NEVER;
    assert_int_equal(call(1, 9, 1), -(u64)PV_EOPNOTSUPP);
    assert_int_equal(vm->nx_worker.ratio, 7);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {test(modes), test(switching_zaps_everything),
                                       test(one_switches_at_a_time), test(hypercall)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
