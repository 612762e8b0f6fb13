/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_migrate.c: in another frame a page is the same, to the guest and to who waits for it; blocks come together. */
#include "fake/world.h"
#include "fault.h"
#include "guestmem.h"

#define FRAMES 64u
static const gfn_t PAGE = {30};

static struct vm *vm;
static struct vcpu *v;
static struct tdp_ops ops; /* NPT's, with something that happens between the bracket's start and the zap */
static void (*before_zap)(gfn_t at);

static gfn_t zap(struct tdp *t, struct tdp_root *r, unsigned level, gfn_t start, gfn_t end,
                 struct tdp_cache *c, struct tdp_gather *g)
{
    void (*act)(gfn_t) = before_zap;

    before_zap = NULL;
    if (act)
        act(start);
    return tdp_npt.zap(t, r, level, start, end, c, g);
}

static void make(unsigned frames, unsigned memory)
{
    world_make(&(struct world_config){.frames = frames, .memory = memory});
    vm = world.vm;
    v = world.v;
    ops = tdp_npt;
    ops.zap = zap;
    vm->tdp.ops = &ops;
    before_zap = NULL;
}

static int setup(void **state)
{
    (void)state;
    make(FRAMES, WORLD_MEMORY);
    return 0;
}

static u32 *guest(gfn_t g, u32 access)
{
    u64 *l;

    while (!(l = world_leaf(g)) || !(*l & WORLD_P)) {
        fault_handle(v, gfn_gpa(g), access);
        fake_disk_finish_all();
        vcpu_service(v);
    }
    *l |= access == ACCESS_WRITE ? WORLD_A | WORLD_D : WORLD_A;
    return port_map((hpa_t){(*l & WORLD_FRAME) + (*l & WORLD_HUGE ? (g.v % BLOCK_PAGES) * PAGE_SIZE : 0)});
}

static struct page *page(gfn_t g)
{
    return slot_page(slot_find(vm, g), g);
}

static unsigned move(gfn_t g)
{
    return pager_migrate_range(vm, g, (gfn_t){g.v + 1});
}

static u64 frame(gfn_t g)
{
    return pager_hpa(vm, page(g)->word).v;
}

static void contents_follow(void **state)
{
    u64 old, generation = vm->flush_generation;
    u32 free = vm->pager.frames.free;

    (void)state;
    *guest(PAGE, ACCESS_WRITE) = 0x1234;
    old = frame(PAGE);
    assert_int_equal(move(PAGE), 1);
    assert_int_equal(world_state(PAGE), PAGE_RESIDENT);
    assert_int_not_equal(frame(PAGE), old);
    assert_false(world_mapped(PAGE));
    assert_true(vm->flush_generation > generation);
    assert_int_equal(vm->pager.frames.free, free - 1);
    assert_int_equal(vm->stats.migrations, 1);
    assert_int_equal(vm->stats.evictions, 0);
    memset(port_map((hpa_t){old}), 0x77, PAGE_SIZE); /* nobody looks there any more */
    assert_int_equal(*guest(PAGE, ACCESS_READ), 0x1234);
    assert_int_equal(vm->inv.in_progress, 0);
    assert_false(write_held(&vm->tdp.lock));
}

/* Dirty by the host, by the leaf's bit alone, clean, from swap, and as old as before. */
static void flags_stay(void **state)
{
    (void)state;
    guest(PAGE, ACCESS_READ);
    page(PAGE)->word = (page(PAGE)->word & ~PAGE_REF) | PAGE_AGED(2);
    move(PAGE);
    assert_int_equal(page(PAGE)->word & PAGE_MASK, PAGE_RESIDENT | PAGE_AGED(2));
    *guest(PAGE, ACCESS_WRITE) = 5;
    assert_false(page(PAGE)->word & PAGE_DIRTY);
    move(PAGE);
    assert_int_equal(page(PAGE)->word & PAGE_MASK, PAGE_RESIDENT | PAGE_DIRTY | PAGE_AGED(2));
    world_evict(PAGE);
    assert_int_equal(*guest(PAGE, ACCESS_READ), 5);
    move(PAGE);
    assert_int_equal(page(PAGE)->word & PAGE_MASK, PAGE_RESIDENT | PAGE_SWAPPED | PAGE_REF);
    assert_int_equal(vm->stats.writes, 1);
    world_evict(PAGE);
    assert_int_equal(vm->stats.writes, 1); /* clean, and known to be */
    assert_int_equal(*guest(PAGE, ACCESS_READ), 5);
}

static void write_at_the_last_moment(gfn_t at)
{
    u64 *l = world_leaf(at);

    *l |= WORLD_A | WORLD_D;
    *(u32 *)port_map((hpa_t){*l & WORLD_FRAME}) = 0xbeef;
}

/* What the guest writes until the flush is in the copy, and known to be dirty (C3-3). */
static void a_late_write(void **state)
{
    (void)state;
    guest(PAGE, ACCESS_READ);
    before_zap = write_at_the_last_moment;
    assert_int_equal(move(PAGE), 1);
    assert_true(page(PAGE)->word & PAGE_DIRTY);
    world_evict(PAGE);
    assert_int_equal(*guest(PAGE, ACCESS_READ), 0xbeef);
}

static enum page_state state_meanwhile;

/* With the mapping lock held, so nothing may fail here. */
static void fault_meanwhile(gfn_t at)
{
    u64 leaf = at_xchg(world_leaf(at), 0); /* a CPU whose walk comes right after the zap */

    state_meanwhile = world_state(at);
    fault_handle(v, gfn_gpa(at), ACCESS_READ);
    at_store(world_leaf(at), leaf);
    pager_load(vm, slot_find(vm, at), at,
               &v->apf.tickets.sync); /* and one that looked before the bracket began */
}

/* A fault in the bracket is sent back without a word to the guest; one that had begun before waits, and is told. */
static void faults_meanwhile(void **state)
{
    (void)state;
    guest(PAGE, ACCESS_READ);
    vcpu_set_state(v, VCPU_WAIT_PAGE);
    before_zap = fault_meanwhile;
    assert_int_equal(move(PAGE), 1);
    assert_int_equal(state_meanwhile, PAGE_EVICTING);
    assert_int_equal(vm->stats.tdp_retries, 1);
    assert_int_equal(vm->stats.tdp_absent, 0);
    assert_null(page(PAGE)->waiters);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(vm->stats.reads, 0);
}

/* At most a batch at a time, and only what is resident. */
static void batches(void **state)
{
    (void)state;
    for (u64 i = 0; i < 20; i++)
        guest((gfn_t){40 + 2 * i}, ACCESS_READ);
    assert_int_equal(pager_migrate_range(vm, (gfn_t){40}, (gfn_t){80}), BATCH_MAX);
    assert_false(world_mapped((gfn_t){40 + 2 * (BATCH_MAX - 1)}));
    assert_true(world_mapped((gfn_t){40 + 2 * BATCH_MAX}));
    assert_int_equal(pager_migrate_range(vm, (gfn_t){40 + 2 * BATCH_MAX}, (gfn_t){80}), 20 - BATCH_MAX);
    assert_int_equal(pager_migrate_range(vm, (gfn_t){81}, (gfn_t){200}), 0);
    assert_int_equal(pager_migrate_range(vm, (gfn_t){WORLD_MEMORY}, module_gfn(0)), 0);
    assert_int_equal(vm->stats.migrations, 20);
}

/* Without a free frame a page stays as it is; with a few, a few move. */
static void few_frames_are_free(void **state)
{
    (void)state;
    for (u64 i = 0; i < FRAMES - 3; i++)
        guest((gfn_t){40 + i}, ACCESS_READ);
    assert_int_equal(vm->pager.frames.free, 2);
    assert_int_equal(pager_migrate_range(vm, (gfn_t){40}, (gfn_t){60}), 2);
    assert_int_equal(vm->pager.frames.free, 2);
    guest((gfn_t){200}, ACCESS_READ);
    guest((gfn_t){201}, ACCESS_READ);
    assert_int_equal(vm->pager.frames.free, 0);
    assert_int_equal(pager_migrate_range(vm, (gfn_t){40}, (gfn_t){60}), 0);
    assert_true(world_mapped((gfn_t){50}));
    assert_int_equal(world_state((gfn_t){50}), PAGE_RESIDENT);
}

static u32 starved;

/* A page that starved while a migration held the last frame gets the old one. */
static void starve_meanwhile(gfn_t at)
{
    (void)at;
    vm->pager.aging.moving = 1; /* no other page is to be had */
    pager_load(vm, slot_find(vm, module_gfn(3)), module_gfn(3), &v->apf.tickets.sync);
    starved = vm->pager.starved.count;
}

static void frames_go_to_the_starving(void **state)
{
    (void)state;
    for (u64 i = 0; i < FRAMES - 2; i++)
        guest((gfn_t){40 + i}, ACCESS_READ);
    assert_int_equal(vm->pager.frames.free, 1);
    vcpu_set_state(v, VCPU_WAIT_PAGE);
    before_zap = starve_meanwhile;
    assert_int_equal(move((gfn_t){45}), 1);
    assert_int_equal(starved, 1);
    assert_int_equal(vm->pager.starved.count, 0);
    world_read_done(3);
    assert_int_equal(world_state(module_gfn(3)), PAGE_RESIDENT);
    vm->pager.aging.moving = 0;
}

/* Pages of a block that came in while no block was empty lie anywhere; later they are brought home. */
static void a_block_comes_together(void **state)
{
    gfn_t block = {2 * BLOCK_PAGES}, others[] = {{4 * BLOCK_PAGES}, {5 * BLOCK_PAGES}};
    pfn_t base;

    world_teardown(state);
    make(3 * BLOCK_PAGES, 8 * BLOCK_PAGES); /* the APF slot's neighbourhood has one block, and these … */
    for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
        pager_load(vm, slot_find(vm, others[i]), others[i], NULL);
    for (u64 i = 0; i < BLOCK_PAGES; i++)
        *guest((gfn_t){block.v + i}, ACCESS_WRITE) = (u32)i;
    assert_false(framepool_whole(&vm->pager.frames, block, &base));
    assert_false(pager_gather_block(vm, block)); /* no block is empty */
    assert_int_equal(vm->stats.migrations, 0);

    world_evict(others[1]); /* … until now */
    world_evict((gfn_t){block.v + 77});
    assert_false(pager_gather_block(vm, block)); /* a page is absent */
    assert_int_equal(vm->stats.migrations, 0);
    pager_load(vm, slot_find(vm, others[1]), others[1], NULL);
    guest((gfn_t){block.v + 77}, ACCESS_READ);
    world_evict(others[1]); /* nobody has reserved its block */
    assert_true(pager_gather_block(vm, (gfn_t){block.v + 99}));
    assert_true(framepool_whole(&vm->pager.frames, block, &base));
    for (u64 i = 0; i < BLOCK_PAGES; i++) {
        assert_int_equal(frame((gfn_t){block.v + i}), pfn_hpa(base).v + i * PAGE_SIZE);
        assert_int_equal(*guest((gfn_t){block.v + i}, ACCESS_READ), i);
    }
    assert_true(pager_gather_block(vm, block)); /* nothing left to do */
}

/* Blocks that are not memory, or only in part, are refused. */
static void no_block_there(void **state)
{
    (void)state;
    assert_false(pager_gather_block(vm, PAGE));
    assert_false(pager_gather_block(vm, module_gfn(0)));
    assert_false(pager_gather_block(vm, gpa_gfn((gpa_t){WORLD_HOLE})));
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(contents_follow),
        test(flags_stay),
        test(a_late_write),
        test(faults_meanwhile),
        test(batches),
        test(few_frames_are_free),
        test(frames_go_to_the_starving),
        test(a_block_comes_together),
        test(no_block_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
