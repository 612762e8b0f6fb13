/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager_evict.c: taking pages back: that what is in use stays, that nothing changed is lost, that tables go too, within
 * the quota. (Who is chosen among the others: pager_age.c.)
 */
#include <stdlib.h>
#include "fake/world.h"
#include "fault.h"
#include "guestmem.h"

#define FRAMES 64u

static struct vm *vm;
static struct vcpu *v;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.frames = FRAMES});
    vm = world.vm;
    v = world.v;
    return 0;
}

/* The guest writes: faults as often as it must, then the hardware sets A and D. */
static void guest_writes(gfn_t g, u32 value)
{
    u64 *l;

    while (!(l = world_leaf(g)) || !(*l & WORLD_P)) {
        fault_handle(v, gfn_gpa(g), ACCESS_WRITE);
        fake_disk_finish_all();
        vcpu_service(v);
        assert_int_equal(v->state, VCPU_RUNNABLE);
    }
    *l |= WORLD_A | WORLD_D;
    *(u32 *)port_map((hpa_t){*l & WORLD_FRAME}) = value;
}

static u32 guest_reads(gfn_t g)
{
    u64 *l;

    while (!(l = world_leaf(g)) || !(*l & WORLD_P)) {
        fault_handle(v, gfn_gpa(g), ACCESS_READ);
        fake_disk_finish_all();
        vcpu_service(v);
        assert_int_equal(v->state, VCPU_RUNNABLE);
    }
    *l |= WORLD_A;
    return *(u32 *)port_map((hpa_t){*l & WORLD_FRAME});
}

static unsigned resident(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < vm->slots->count; i++)
        for (u64 k = 0; k < vm->slots->at[i]->pages; k++)
            n += (vm->slots->at[i]->page[k].word & PAGE_STATE) != PAGE_ABSENT;
    return n;
}

/* What only the leaf's D bit knows of must reach swap (C3-6, H-C-4). */
static void dirty_by_hardware(void **state)
{
    gfn_t g = {30};

    (void)state;
    guest_writes(g, 0xabcd);
    assert_int_equal(slot_page(&vm->slot[0], g)->word & PAGE_DIRTY, 0);
    world_evict(g);
    assert_false(world_mapped(g));
    assert_int_equal(vm->stats.writes, 1);
    assert_int_equal(guest_reads(g), 0xabcd);
}

/* D, then the mapping goes without the page going: the page word remembers. */
static void dirty_survives_unmapping(void **state)
{
    gfn_t g = {30}, next = {31};

    (void)state;
    guest_writes(g, 0x77);
    pager_unmap_range(vm, g, next);
    assert_true(slot_page(&vm->slot[0], g)->word & PAGE_DIRTY);
    assert_int_equal(world_state(g), PAGE_RESIDENT);
    assert_int_equal(guest_reads(g), 0x77);
    world_evict(g);
    assert_int_equal(guest_reads(g), 0x77);
}

static void dirty_by_the_host(void **state)
{
    gfn_t g = {30};

    (void)state;
    guest_reads(g);
    assert_int_equal(guest_write32(vm, gfn_gpa(g), 0x1234), GUEST_OK);
    world_evict(g);
    assert_int_equal(guest_reads(g), 0x1234);
}

/* Every frame beyond the quota is paid for with a page taken back; contents follow their pages. */
static void the_quota_holds(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3; round++)
        for (u64 i = 0; i < 200; i++) {
            gfn_t g = {10 + i};

            if (round)
                assert_int_equal(guest_reads(g), 1000 * round + i);
            guest_writes(g, (u32)(1000 * (round + 1) + i));
            assert_true(resident() <= FRAMES);
            assert_int_equal(resident() + vm->pager.frames.free, FRAMES);
        }
    assert_true(vm->stats.evictions >= 2 * 200);
}

static void run_down(void)
{
    while (pager_reclaim(vm))
        fake_disk_finish_all();
}

/* Pages in use survive, whether the host or the hardware saw the use; the others go. */
static void second_chance(void **state)
{
    (void)state;
    for (u64 i = 0; i < FRAMES - 1; i++) /* all but one frame; one is the slot's */
        guest_reads((gfn_t){10 + i});
    vm->pager.low = 0;
    for (u64 i = 0; i < FRAMES - 1; i++) { /* nothing has been used for long … */
        slot_page(&vm->slot[0], (gfn_t){10 + i})->word &= ~PAGE_REF;
        *world_leaf((gfn_t){10 + i}) &= ~WORLD_A;
    }
    slot_page(&vm->slot[0], (gfn_t){1})->word &= ~PAGE_REF;
    guest_reads((gfn_t){20}); /* … but these */
    assert_int_equal(guest_read32(vm, gfn_gpa((gfn_t){21}), &(u32){0}), GUEST_OK);
    vm->pager.low = 20;
    run_down();
    assert_true(vm->pager.frames.free >= 20);
    assert_int_equal(world_state((gfn_t){20}), PAGE_RESIDENT);
    assert_int_equal(world_state((gfn_t){21}), PAGE_RESIDENT);
}

/* With everything in use the first round spares all, and says that there is more to do; later ones find victims. */
static void all_in_use(void **state)
{
    (void)state;
    for (u64 i = 0; i < FRAMES - 1; i++)
        guest_reads((gfn_t){10 + i});
    assert_int_equal(vm->pager.frames.free, 0);
    assert_true(pager_reclaim(vm));
    run_down();
    assert_true(vm->pager.frames.free >= vm->pager.low);
    assert_false(pager_reclaim(vm));
}

/* While enough frames are about to be freed by writes, a slow disk does not make reclaim take page after page. */
static void writes_in_flight_are_bounded(void **state)
{
    unsigned taken;

    (void)state;
    for (u64 i = 0; i < FRAMES - 1; i++)
        guest_writes((gfn_t){10 + i}, 5);
    for (unsigned i = 0; i < 100; i++)
        (void)pager_reclaim(vm);
    taken = fake_disk.count;
    assert_true(taken >= EVICT_WRITES);
    assert_true(taken < EVICT_WRITES + BATCH_MAX);
    assert_false(pager_reclaim(vm)); /* the CPU may sleep until the disk answers */
    fake_disk_finish_all();
    assert_int_equal(vm->pager.frames.free, taken);
}

/* Only one CPU moves the hand; the other one knows that there is work. */
static void one_hand(void **state)
{
    (void)state;
    for (u64 i = 0; i < FRAMES - 1; i++)
        guest_reads((gfn_t){10 + i});
    vm->pager.aging.moving = 1;
    assert_true(pager_reclaim(vm));
    assert_int_equal(vm->stats.evictions, 0);
    vm->pager.aging.moving = 0;
}

/* The smallest pool still takes pages back. */
static void few_frames(void **state)
{
    (void)state;
    world_end();
    world_make(&(struct world_config){.frames = 4});
    vm = world.vm;
    v = world.v;
    for (u64 i = 0; i < 40; i++)
        guest_writes((gfn_t){10 + i}, (u32)i);
    for (u64 i = 0; i < 40; i++)
        assert_int_equal(guest_reads((gfn_t){10 + i}), i);
}

/* FL_HC_EVICT: batch by batch until nothing is left, then the range's tables go by way of the epoch. */
static void evict_range(void **state)
{
    unsigned before, sum = 0, n;

    (void)state;
    for (u64 i = 0; i < 40; i++)
        guest_reads(module_gfn(i));
    (void)epoch_collect(vm->tdp.epoch);
    before = fake.frames;
    do {
        n = pager_evict_range(vm, module_gfn(0), (gfn_t){module_gfn(0).v + 512 * 512});
        assert_true(n <= BATCH_MAX);
        sum += n;
        fake_disk_finish_all();
    } while (n);
    assert_int_equal(sum, 40);
    assert_int_equal(vm->stats.evictions, 40);
    assert_int_equal(vm->stats.writes, 0);
    assert_true(vm->pager.frames.free >= 40);
    assert_int_equal(epoch_collect(vm->tdp.epoch), 2); /* one table of leaves, one above it */
    assert_int_equal(fake.frames, before - 2);
    assert_null(world_leaf(module_gfn(0)));
    assert_int_equal(vm->inv.in_progress, 0);
    assert_int_equal(guest_reads(module_gfn(7)), fake_store_byte(7) * 0x01010101u);
}

/* All 512 pages of a block, mapped by one leaf, which is dirty. */
static gfn_t huge_leaf(void)
{
    struct tdp_map m = {.gfn = {BLOCK_PAGES}, .level = 1, .access = ACCESS_WRITE};

    world_end();
    world_make(&(struct world_config){.frames = 3 * BLOCK_PAGES, .memory = 2 * BLOCK_PAGES});
    vm = world.vm;
    v = world.v;
    for (u64 i = 0; i < BLOCK_PAGES; i++)
        pager_load(vm, &vm->slot[0], (gfn_t){m.gfn.v + i}, NULL);
    assert_true(framepool_whole(&vm->pager.frames, m.gfn, &m.pfn));
    assert_true(tdp_cache_fill(&v->cache));
    read_lock(&vm->tdp.lock);
    assert_int_equal(tdp_map(&vm->tdp, v->root, &m, &v->cache), TDP_OK);
    read_unlock(&vm->tdp.lock);
    *world_leaf(m.gfn) |= WORLD_A | WORLD_D;
    assert_true(*world_leaf(m.gfn) & WORLD_HUGE);
    return m.gfn;
}

/* One page of a huge leaf goes: the others stay mapped. They may have been written, all of them. */
static void page_of_a_huge_leaf(void **state)
{
    gfn_t block = huge_leaf(), g = {block.v + 5};
    unsigned frames = fake.frames;

    (void)state;
    assert_int_equal(pager_evict_range(vm, g, (gfn_t){g.v + 1}), 1);
    assert_int_equal(fake.frames, frames + 1); /* a table more, and the rest of the cache went back */
    assert_false(world_mapped(g));
    assert_int_equal(world_state(g), PAGE_EVICTING);
    assert_true(world_mapped(block));
    assert_true(world_mapped((gfn_t){block.v + BLOCK_PAGES - 1}));
    assert_false(*world_leaf(block) & WORLD_HUGE);
    assert_int_equal(fake_disk.count, 1);
}

/* C9-5: without memory for a table the leaf goes as a whole; taking pages back needs none. */
static void huge_leaf_without_memory(void **state)
{
    gfn_t block = huge_leaf(), g = {block.v + 5};
    unsigned frames = fake.frames;

    (void)state;
    fake_fail_allocation(1);
    assert_int_equal(pager_evict_range(vm, g, (gfn_t){g.v + 1}), 1);
    assert_int_equal(fake.frames, frames);
    assert_int_equal(world_state(g), PAGE_EVICTING);
    assert_false(world_mapped(block));
    assert_int_equal(world_state(block), PAGE_RESIDENT);
    assert_true(slot_page(&vm->slot[0], block)->word & PAGE_DIRTY);
    guest_reads(block); /* the rest faults back */
}

/* A bracket that is open, or has passed, turns faults away; none is left open (H-B-7). */
static void brackets_balance(void **state)
{
    u64 seq = vm->inv.seq;

    (void)state;
    guest_reads((gfn_t){30});
    world_evict((gfn_t){30});
    pager_unmap_range(vm, (gfn_t){0}, (gfn_t){100});
    assert_int_equal(vm->inv.in_progress, 0);
    assert_int_equal(vm->inv.seq, seq + 2);
    assert_string_equal(fake.console, "");
    assert_false(write_held(&vm->tdp.lock));
}

/*
 * Random touches, writes by both sides, evictions, failing submissions: contents always equal those of a plain array.
 */
static void random_churn(void **state)
{
    static u32 want[200];
    gfn_t at;

    (void)state;
    srand(7);
    for (unsigned i = 0; i < ARRAY_SIZE(want); i++)
        want[i] = 0;
    for (unsigned n = 0; n < 20000; n++) {
        unsigned i = (unsigned)rand() % ARRAY_SIZE(want);
        gfn_t g = {10 + i};

        fake_disk.room = rand() % 8 ? FAKE_QUEUE : 0;
        switch (rand() % 6) {
        case 0:
        case 1:
            fake_disk.room = FAKE_QUEUE;
            guest_writes(g, want[i] = n);
            break;
        case 2:
            fake_disk.room = FAKE_QUEUE;
            assert_int_equal(guest_reads(g), want[i]);
            break;
        case 3:
            if (guest_write(vm, gfn_gpa(g), &n, sizeof(n), &at) == GUEST_OK)
                want[i] = n;
            break;
        case 4:
            pager_evict_range(vm, g, (gfn_t){g.v + (u64)rand() % 8});
            break;
        case 5:
            (void)pager_reclaim(vm);
            break;
        }
        if (fake_disk.count && rand() % 2)
            fake_disk_finish((unsigned)rand() % fake_disk.count, 0);
    }
    fake_disk.room = FAKE_QUEUE;
    fake_disk_finish_all();
    for (unsigned i = 0; i < ARRAY_SIZE(want); i++)
        assert_int_equal(guest_reads((gfn_t){10 + i}), want[i]);
    assert_int_equal(resident() + vm->pager.frames.free, FRAMES);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(dirty_by_hardware),
        test(dirty_survives_unmapping),
        test(dirty_by_the_host),
        test(the_quota_holds),
        test(second_chance),
        test(all_in_use),
        test(writes_in_flight_are_bounded),
        test(one_hand),
        test(few_frames),
        test(evict_range),
        test(page_of_a_huge_leaf),
        test(huge_leaf_without_memory),
        test(brackets_balance),
        test(random_churn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
