/* SPDX-License-Identifier: BSD-2-Clause */
/* fault.c: a page fault from exit to entry: what is installed, what is turned away, what ends the VM (SPEC B3, H-B). */
#include "fake/world.h"
#include "fault.h"
#include "retry.h"

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

static void touch(gfn_t g)
{
    fault_handle(v, gfn_gpa(g), ACCESS_WRITE);
}

static u64 mapped_to(gfn_t g)
{
    struct tdp_leaf leaf;

    return tdp_lookup(&vm->tdp, v->root, g, &leaf) == TDP_OK ? leaf.pfn.v : 0;
}

static struct inv_bracket open = {.who = "a test"};

static void bracket(u64 start, u64 end)
{
    bracket_enter(vm, &open);
    write_lock(&vm->tdp.lock);
    bracket_start(vm, &open);
    bracket_add(vm, &open, (gfn_t){start}, (gfn_t){end});
    write_unlock(&vm->tdp.lock);
}

static void bracket_over(void)
{
    bracket_end(vm, &open);
    assert_null(strstr(fake.console, "invariant"));
}

static void zero_page_in_one_go(void **state)
{
    (void)state;
    touch((gfn_t){30});
    assert_int_not_equal(mapped_to((gfn_t){30}), 0);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(vm->stats.zero_fills, 1);
    assert_int_equal(vm->stats.tdp_faults, 1);
    assert_int_equal(vm->stats.tdp_absent, 0);
    touch((gfn_t){30}); /* spurious: another CPU was faster */
    assert_int_equal(vm->stats.tdp_faults, 2);
    assert_int_equal(vm->stats.tdp_retries, 0);
}

static void resident_page_is_mapped(void **state)
{
    (void)state;
    touch((gfn_t){30});
    u64 pfn = mapped_to((gfn_t){30});
    pager_unmap_range(vm, (gfn_t){30}, (gfn_t){31});
    assert_int_equal(mapped_to((gfn_t){30}), 0);
    touch((gfn_t){30});
    assert_int_equal(mapped_to((gfn_t){30}), pfn);
    assert_int_equal(vm->stats.zero_fills, 1);
}

/* H-B-1, H-B-2: inside an open bracket nothing is installed; outside its hull things go on; after it all is well. */
static void open_bracket(void **state)
{
    (void)state;
    touch((gfn_t){30});
    pager_unmap_range(vm, (gfn_t){30}, (gfn_t){31});
    bracket(30, 31);
    touch((gfn_t){30});
    assert_int_equal(mapped_to((gfn_t){30}), 0);
    assert_int_equal(v->state, VCPU_RUNNABLE); /* B3-6: it just faults again */
    assert_int_equal(vm->stats.tdp_retries, 1);
    touch((gfn_t){31});
    assert_int_not_equal(mapped_to((gfn_t){31}), 0);
    bracket_over();
    touch((gfn_t){30});
    assert_int_not_equal(mapped_to((gfn_t){30}), 0);
}

/* The same for the mapping in front of a ready event (A0-4): it is skipped, not forced. */
static void prefetch_respects_brackets(void **state)
{
    gfn_t g = {30};

    (void)state;
    fault_prefetch(v, g); /* not resident: nothing happens */
    assert_int_equal(mapped_to(g), 0);
    touch(g);
    pager_unmap_range(vm, g, (gfn_t){31});
    bracket(0, 100);
    fault_prefetch(v, g);
    assert_int_equal(mapped_to(g), 0);
    bracket_over();
    fault_prefetch(v, g);
    assert_int_not_equal(mapped_to(g), 0);
}

/* A bracket that comes and goes between look-up and installation: played by the allocation inside the fault. */
static void bracket_passes_by(void **state)
{
    (void)state;
    for (u32 i = 0; i < 124; i++) /* the pool is nearly empty … */
        touch((gfn_t){10 + i});
    vm->pager.low = 64;
    while (pager_reclaim(vm))
        fake_disk_finish_all();
    vm->pager.low = 1;
    u64 seq = inv_snapshot(&vm->inv);
    bracket(0, 1000);
    bracket_over();
    assert_true(inv_retry(&vm->inv, seq, (gfn_t){200}));
    touch((gfn_t){200});
    assert_int_not_equal(mapped_to((gfn_t){200}), 0);
}

/* A first touch that has to take a page back first still needs one fault only. */
static void eviction_inside_the_fault(void **state)
{
    u64 retries;

    (void)state;
    world_end();
    world_make(&(struct world_config){.frames = 16});
    vm = world.vm;
    v = world.v;
    for (u64 i = 0; i < 100; i++) {
        touch((gfn_t){30 + i});
        assert_int_not_equal(mapped_to((gfn_t){30 + i}), 0);
    }
    retries = vm->stats.tdp_retries;
    assert_int_equal(retries, 0);
    assert_int_equal(vm->stats.tdp_faults, 100);
}

/* B6-5: a bracket without a range turns all away; it is reported once, and so is its end (B6-1). */
static void bracket_without_range(void **state)
{
    const char *first;

    (void)state;
    bracket_enter(vm, &open);
    write_lock(&vm->tdp.lock);
    bracket_start(vm, &open);
    write_unlock(&vm->tdp.lock);
    for (unsigned i = 0; i < 3; i++)
        touch((gfn_t){30});
    assert_int_equal(mapped_to((gfn_t){30}), 0);
    assert_int_equal(vm->stats.tdp_retries, 3);
    first = strstr(fake.console, "B6-5");
    assert_non_null(first);
    assert_null(strstr(first + 1, "B6-5"));
    bracket_end(vm, &open);
    assert_non_null(strstr(fake.console, "B6-1"));
    assert_int_equal(vm->state, VM_RUNNING);
    touch((gfn_t){30});
    assert_int_not_equal(mapped_to((gfn_t){30}), 0);
}

/* B4-7, H-B-13: the longest row is known; a fault that starves is spoken for until it ends in any other way. */
static void fault_that_starves(void **state)
{
    (void)state;
    bracket(30, 31);
    for (unsigned i = 0; i < RETRY_PATIENCE - 1; i++)
        touch((gfn_t){30});
    assert_int_equal(vm->inv.starving, 0);
    touch((gfn_t){30});
    touch((gfn_t){30});
    assert_int_equal(vm->inv.starving, 1);
    assert_int_equal(vm->stats.tdp_retries_max, RETRY_PATIENCE + 1);
    bracket_over();
    touch((gfn_t){30});
    assert_int_equal(vm->inv.starving, 0);
    bracket(30, 31);
    touch((gfn_t){40}); /* outside the hull: not turned away */
    bracket_over();
    assert_int_equal(vm->stats.tdp_retries_max, RETRY_PATIENCE + 1);
    bracket(30, 31);
    pager_unmap_range(vm, (gfn_t){30}, (gfn_t){31});
    for (unsigned i = 0; i < RETRY_PATIENCE; i++)
        touch((gfn_t){30});
    assert_int_equal(vm->inv.starving, 1);
    bracket_over();
    world_touch(v, 5); /* a wait ends it as well */
    assert_int_equal(vm->inv.starving, 0);
}

static void page_being_read(void **state)
{
    struct vcpu *b = vm->vcpu[1];

    (void)state;
    world_touch(v, 3);
    assert_int_equal(v->state, VCPU_APF_HALTED); /* no APF in this VM: an artificial halt */
    world_touch(b, 3);
    assert_int_equal(b->state, VCPU_APF_HALTED);
    assert_int_equal(fake_disk.count, 1);
    assert_int_equal(vm->stats.tdp_absent, 2);
    world_read_done(3);
    vcpu_service(v);
    vcpu_service(b);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(b->state, VCPU_RUNNABLE);
    world_touch(v, 3);
    assert_int_not_equal(mapped_to(module_gfn(3)), 0);
    assert_int_equal(vm->stats.reads, 1);
}

static void no_memory_there(void **state)
{
    (void)state;
    fault_handle(v, (gpa_t){WORLD_HOLE + 5}, ACCESS_WRITE);
    assert_int_equal(vm->state, VM_STOPPED);
    assert_int_equal(vm->status, VM_STATUS_GUEST_BUG);
    assert_non_null(strstr(fake.console, "write at gpa 0x700000005, where there is no memory"));
    assert_int_equal(v->hw->reports, 1);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_STOPPED);
}

/* H-C-51: no host memory for tables ends the VM, in words, and leaves nothing half done. */
static void every_allocation_fails_once(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= TDP_CACHE; n++) {
        world_end();
        world_make(&(struct world_config){0});
        vm = world.vm;
        v = world.v;
        fake_fail_allocation(n);
        touch((gfn_t){30});
        assert_int_equal(vm->status, VM_STATUS_MACHINE);
        assert_int_equal(mapped_to((gfn_t){30}), 0);
        assert_int_equal(world_state((gfn_t){30}), PAGE_ABSENT);
        fake_fail_allocation(1);
        fault_prefetch(v, (gfn_t){1}); /* resident; only an optimisation fails */
        fake_fail_allocation(0);
        fault_prefetch(v, (gfn_t){1});
        assert_int_not_equal(mapped_to((gfn_t){1}), 0);
    }
}

/* The store takes no more: the guest is not stuck, it faults again. */
static void store_full(void **state)
{
    (void)state;
    fake_disk.room = 0;
    for (unsigned i = 0; i < 3; i++) {
        world_touch(v, 3);
        vcpu_service(v);
        assert_int_equal(v->state, VCPU_RUNNABLE);
    }
    fake_disk.room = FAKE_QUEUE;
    world_touch(v, 3);
    world_read_done(3);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
}

/* No frame: the guest is not told, APF being off, but halts artificially; the write that frees one feeds the page. */
static void no_frame(void **state)
{
    (void)state;
    world_end();
    world_make(&(struct world_config){.frames = 16, .vcpus = 2, .cpus = 2});
    vm = world.vm;
    v = world.v;
    for (u64 i = 0; i < 14; i++) {
        world_touch(vm->vcpu[1], i);
        vcpu_set_state(vm->vcpu[1], VCPU_RUNNABLE);
    }
    touch((gfn_t){100}); /* what is left are the slots' pages, and they are dirty */
    assert_int_equal(v->state, VCPU_APF_HALTED);
    assert_int_equal(vm->pager.starved.count, 1);
    fake_store_finish(&world.swap, 1, 0);
    assert_int_equal(vm->pager.starved.count, 0);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    touch((gfn_t){100});
    assert_int_not_equal(mapped_to((gfn_t){100}), 0);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(zero_page_in_one_go),
        test(resident_page_is_mapped),
        test(open_bracket),
        test(prefetch_respects_brackets),
        test(bracket_passes_by),
        test(eviction_inside_the_fault),
        test(bracket_without_range),
        test(fault_that_starves),
        test(page_being_read),
        test(no_memory_there),
        test(every_allocation_fails_once),
        test(store_full),
        test(no_frame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
