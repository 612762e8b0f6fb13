/* SPDX-License-Identifier: BSD-2-Clause */
/* dirty.c: the dirty log: what is in it, what is not, and what it does to leaves and TLBs (SPEC C8, H-C-22, 23). */
#include "dirty_rig.h"

/* Set by hardware, and looked for, or listed by hardware too. */
static bool by_dirty_bits(void)
{
    return mmu->log != TDP_LOG_WRITE_PROTECT;
}

static void written_pages_are_logged(void)
{
    guest_writes(v, FIRST, 1); /* before: no news */
    start();
    expect(0, 0);
    guest_writes(v, FIRST, 2);
    guest_writes(v, FIRST + 1, 2); /* never touched before */
    guest_writes(world.vm->vcpu[1], 70, 2);
    (void)reach(v, FIRST + 2, false); /* read */
    expect(ONE(FIRST) | ONE(FIRST + 1), ONE(70));
    expect(0, 0);
    guest_writes(v, 70, 3); /* through whatever it has left in its TLB */
    guest_writes(world.vm->vcpu[1], 70, 3);
    expect(0, ONE(70));
    expect(0, 0);
}

/* C8-8: on return nobody has a translation by which it could write unnoticed. */
static void flushed_before_the_answer(void)
{
    start();
    for (u64 i = 0; i < 4; i++) {
        for (unsigned k = 0; k < 2; k++)
            guest_writes(vm->vcpu[k], FIRST + k, i);
        expect(ONE(FIRST) | ONE(FIRST + 1), 0);
    }
}

/* Kicked out by the collector's flush, the guest comes back at once and finds what the tables allow by then. */
static void comes_back_at_once(unsigned cpu)
{
    (void)cpu;
    req_back(&v->pub);
    vcpu_service(v);
    (void)mmu_reach(v, (gfn_t){FIRST}, true);
}

/* C8-4: first the leaf, then the flush. */
static void flushed_after_the_change(void)
{
    start();
    guest_writes(v, FIRST, 1);
    assert_true(req_go(&v->pub, MODE_IN_GUEST));
    fake.kick = comes_back_at_once;
    expect(ONE(FIRST), 0);
    fake.kick = NULL;
    assert_int_equal(fake.kicks[v->cpu], 1);
    guest_writes(v, FIRST, 2);
    expect(ONE(FIRST), 0);
}

static void host_writes_are_logged(void)
{
    u64 page[2 * 512] = {0};
    gfn_t at;

    start();
    for (u64 i = 0; i < 6; i++)
        (void)reach(v, FIRST + i, false);
    assert_int_equal(guest_write32(vm, gfn_gpa((gfn_t){FIRST}), 5), GUEST_OK);
    assert_int_equal(guest_write64(vm, gfn_gpa((gfn_t){FIRST + 1}), 5), GUEST_OK);
    assert_int_equal(guest_write(vm, (gpa_t){(FIRST + 2) * PAGE_SIZE + 1}, page, 2 * PAGE_SIZE, &at),
                     GUEST_OK);
    assert_int_equal(guest_read(vm, gfn_gpa((gfn_t){FIRST + 5}), page, 8, &at), GUEST_OK);
    expect(ONE(FIRST) | ONE(FIRST + 1) | ONE(FIRST + 2) | ONE(FIRST + 3) | ONE(FIRST + 4), 0);
    assert_int_equal(guest_write(vm, gfn_gpa((gfn_t){250}), page, 2 * PAGE_SIZE, &at), GUEST_ABSENT);
    expect(0, 0);
}

/* H-C-23: the flush is owed for the bits, not for the leaves that change; and each consumer gets each event. */
static void two_consumers(void)
{
    gfn_t from = {FIRST}, to = {FIRST + 1};
    struct tdp_gather g = {0};
    u64 before;

    start();
    guest_writes(v, FIRST, 1);
    read_lock(&vm->tdp.lock); /* somebody else, who has not flushed yet */
    if (by_dirty_bits())
        tdp_harvest(&vm->tdp, from, to, &g);
    else
        tdp_write_protect(&vm->tdp, from, to, &g);
    read_unlock(&vm->tdp.lock);
    assert_true(g.flush);
    assert_true(flags(FIRST) & PAGE_DIRTY);
    before = vm->flush_generation;
    expect(ONE(FIRST), 0);
    assert_int_equal(vm->flush_generation, before + 1);
    guest_writes(v, FIRST, 2);
    expect(ONE(FIRST), 0);
    before = vm->flush_generation;
    expect(0, 0);
    assert_int_equal(vm->flush_generation, before); /* none taken, none owed */
}

/* The log takes what the hardware noted; the pager must know it all the same. */
static void harvested_pages_are_written_back(void)
{
    gfn_t g = {FIRST};

    guest_writes(v, FIRST, 77);
    start(); /* the note is taken here … */
    assert_true(flags(FIRST) & PAGE_DIRTY);
    world_evict(g);
    assert_int_equal(*reach(v, FIRST, false), 77);
    guest_writes(v, FIRST, 78);
    collect(); /* … and here */
    world_evict(g);
    assert_int_equal(vm->stats.writes, 2);
    assert_int_equal(*reach(v, FIRST, false), 78);
    world_evict(g); /* clean: swap has it */
    assert_int_equal(vm->stats.writes, 2);
    assert_int_equal(*reach(v, FIRST, false), 78);
}

/* Written while its write to swap is under way: it comes back, and is written again. */
static void dirtied_while_written_back(void)
{
    gfn_t g = {FIRST};

    start();
    guest_writes(v, FIRST, 1);
    assert_int_equal(pager_evict_range(vm, g, (gfn_t){g.v + 1}), 1);
    assert_int_equal(world_state(g), PAGE_EVICTING);
    expect(ONE(FIRST), 0);
    guest_writes(v, FIRST, 2); /* waits for the write, whose end brings the page back */
    expect(ONE(FIRST), 0);
    world_evict(g);
    assert_int_equal(vm->stats.writes, 2);
    assert_int_equal(*reach(v, FIRST, false), 2);
    expect(0, 0);
}

/* C8-4: exactly the pages that were taken. */
static void others_are_left_alone(void)
{
    hpa_t frame;
    u64 *leaf;

    start();
    guest_writes(v, FIRST, 1);
    guest_writes(v, 70, 1);
    assert_int_equal(dirty_collect(vm, memory, 0, 64, bits), DIRTY_OK);
    assert_int_equal(bits[0], ONE(FIRST));
    leaf = mmu_leaf(v, (gfn_t){70}, &frame);
    assert_true(mmu_allows(*leaf, true));
    assert_int_equal(*leaf & mmu->dirty, mmu->dirty);
    leaf = mmu_leaf(v, (gfn_t){FIRST}, &frame);
    assert_int_equal(mmu_allows(*leaf, true), by_dirty_bits());
    assert_int_equal(*leaf & mmu->dirty, 0);
    assert_int_equal(dirty_collect(vm, memory, 64, 64, bits), DIRTY_OK);
    assert_int_equal(bits[0], ONE(70));
}

/* The edges of runs, words and the slot. */
static void runs_and_edges(void)
{
    static const u64 page[] = {16, 17, 18, 62, 63, 64, 65, 127, 128, WORLD_MEMORY - 1};
    u64 all[WORLD_MEMORY / 64] = {0};

    start();
    for (unsigned i = 0; i < sizeof(page) / sizeof(page[0]); i++) {
        guest_writes(v, page[i], 1);
        all[page[i] / 64] |= ONE(page[i]);
    }
    for (unsigned again = 0; again < 2; again++) {
        assert_int_equal(dirty_collect(vm, memory, 0, WORLD_MEMORY, bits), DIRTY_OK);
        assert_memory_equal(bits, all, sizeof(all));
        for (unsigned i = 0; i < sizeof(page) / sizeof(page[0]); i++)
            guest_writes(v, page[i], 2);
    }
    for (u64 i = FIRST; i < 128; i++)
        guest_writes(v, i, 3);
    assert_int_equal(dirty_collect(vm, memory, 64, 64, bits), DIRTY_OK);
    assert_int_equal(bits[0], ~0ull);
    for (u64 i = FIRST; i < 128; i++)
        guest_writes(v, i, 4);
    expect(~0ull << FIRST, ~0ull);
}

/* A fault that looked up before the start does not install after it. */
static void a_bracket_around_the_start(void)
{
    u64 seq = inv_snapshot(&vm->inv);

    start();
    assert_int_equal(vm->inv.in_progress, 0);
    read_lock(&vm->tdp.lock);
    assert_true(inv_retry(&vm->inv, seq, (gfn_t){FIRST}));
    read_unlock(&vm->tdp.lock);
    assert_true(vm->flush_generation >= 1); /* C8-2: also if no leaf changed */
}

static void stop_and_start_again(void)
{
    start();
    assert_int_equal(dirty_start(vm, mmu->log), DIRTY_ALREADY_ON);
    guest_writes(v, FIRST, 1);
    assert_int_equal(dirty_stop(vm), DIRTY_OK);
    assert_int_equal(dirty_stop(vm), DIRTY_OFF);
    assert_int_equal(dirty_collect(vm, memory, 0, COUNT, bits), DIRTY_OFF);
    guest_writes(v, FIRST + 1, 1);
    start();
    expect(0, 0); /* nothing of before */
    guest_writes(v, FIRST + 1, 2);
    expect(ONE(FIRST + 1), 0);
}

/* C8-3: a huge leaf is split, or protected until a write splits it. */
static void huge_leaves(void)
{
    struct tdp_leaf leaf;
    struct slot *block;

    vm->state = VM_SETUP;
    assert_int_equal(slot_add(vm, "block", (gfn_t){BLOCK}, 512, NULL), 0);
    vm->state = VM_RUNNING;
    block = slot_find(vm, (gfn_t){BLOCK});
    assert_int_equal(map_block(1, 0, ACCESS_READ | ACCESS_WRITE), TDP_OK);
    start();
    assert_int_equal(tdp_lookup(&vm->tdp, v->root, (gfn_t){BLOCK + 5}, &leaf), TDP_OK);
    assert_int_equal(leaf.level, by_dirty_bits() ? 0 : 1);
    assert_int_equal(leaf.write, by_dirty_bits());
    assert_int_equal(leaf.pfn.v, 512 * 9 + 5);
    assert_int_equal(count_taken(block), 0);
    if (mmu->log == TDP_LOG_WRITE_PROTECT) {
        assert_int_equal(tdp_fix(&vm->tdp, v->root, (gfn_t){BLOCK + 5}, ACCESS_WRITE), TDP_NONE);
        assert_int_equal(map_block(0, 5, ACCESS_WRITE), TDP_OK);
    }
    vcpu_service(v);
    assert_non_null(mmu_reach(v, (gfn_t){BLOCK + 5}, true));
    assert_int_equal(count_taken(block), 1);
    assert_int_equal(bits[0], BIT(5));
    pager_unmap_range(vm, (gfn_t){BLOCK}, (gfn_t){BLOCK + 512});
    assert_int_equal(count_taken(block), 0);
}

static void (*const each[])(void) = {
    written_pages_are_logged,
    flushed_before_the_answer,
    flushed_after_the_change,
    host_writes_are_logged,
    two_consumers,
    harvested_pages_are_written_back,
    dirtied_while_written_back,
    others_are_left_alone,
    runs_and_edges,
    a_bracket_around_the_start,
    stop_and_start_again,
    huge_leaves,
};

static void every_mode(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
        begin(*state);
        each[i]();
        world_end();
        assert_int_equal(fake_teardown(NULL), 0);
    }
}

#define MODES (sizeof(mmus) / sizeof(mmus[0]))

int main(void)
{
    struct CMUnitTest tests[MODES];

    for (unsigned i = 0; i < MODES; i++)
        tests[i] = (struct CMUnitTest){mmus[i].name, every_mode, NULL, end, &mmus[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
