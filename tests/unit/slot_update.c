/* SPDX-License-Identifier: BSD-2-Clause */
/* slot_update.c: delete and move slots: what goes, what goes along, and what is refused without a trace (SPEC B5). */
#include "fake/world.h"
#include "resident.h"
#include "fault.h"
#include "guestmem.h"

#define ELSEWHERE (WORLD_BASE + 0x100000)

static struct vm *vm;
static struct vcpu *v;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.vcpus = 2, .cpus = 2, .apf = FL_APF_INT});
    vm = world.vm;
    v = world.v;
    return 0;
}

static void touch(gfn_t g)
{
    fault_handle(v, gfn_gpa(g), ACCESS_WRITE);
}

/* Bring a page of the module in, and map it at gfn. */
static void fetch(gfn_t gfn, u64 page)
{
    touch(gfn);
    world_read_done(page);
    vcpu_service(v);
    touch(gfn);
    assert_true(world_mapped(gfn));
}

static u64 mapped_to(gfn_t g)
{
    struct tdp_leaf leaf;

    return tdp_lookup(&vm->tdp, vm->vcpu[0]->root, g, &leaf) == TDP_OK ? leaf.pfn.v : 0;
}

static gfn_t there(u64 page)
{
    return (gfn_t){ELSEWHERE + page};
}

static unsigned frames_used(void)
{
    return vm->pager.frames.count - vm->pager.frames.free;
}

static void delete_gives_all_back(void **state)
{
    size_t bytes = fake.zalloced;
    unsigned used = frames_used();

    (void)state;
    fetch(module_gfn(3), 3);
    fetch(module_gfn(4), 4);
    *world_leaf(module_gfn(4)) |= WORLD_D;
    assert_int_equal(slot_delete(vm, module_gfn(0)), SLOT_OK);
    assert_int_equal(mapped_to(module_gfn(3)), 0);
    assert_int_equal(frames_used(), used);
    assert_int_equal(fake.zalloced, bytes - resident_bytes(WORLD_MODULE));
    assert_int_equal(fake_disk.count, 0); /* nothing is written for nobody */
    assert_null(slot_find_any(vm, module_gfn(3)));
    assert_int_equal(vm->slots->count, 1);
    assert_int_equal(v->pub.requests & REQ_FLUSH, REQ_FLUSH);
    fault_prefetch(v, module_gfn(3)); /* in front of a ready event that is still to be told */
    touch(module_gfn(3));
    assert_int_equal(vm->status, VM_STATUS_GUEST_BUG);
    assert_non_null(strstr(fake.console, "where there is no memory"));
}

static void move_takes_pages_along(void **state)
{
    u64 pfn, reads;
    u32 word;

    (void)state;
    fetch(module_gfn(3), 3);
    pfn = mapped_to(module_gfn(3));
    assert_int_equal(guest_write32(vm, module_gpa(3), 0x1234), GUEST_OK);
    assert_int_equal(slot_move(vm, module_gfn(0), there(0)), SLOT_OK);
    assert_int_equal(mapped_to(module_gfn(3)), 0);
    assert_null(slot_find_any(vm, module_gfn(3)));
    reads = vm->stats.reads;
    touch(there(3));
    assert_int_equal(mapped_to(there(3)), pfn);
    assert_int_equal(vm->stats.reads, reads);
    /* It can be evicted from there, and comes back. */
    world_evict(there(3));
    touch(there(3));
    fake_disk_finish_all();
    vcpu_service(v);
    assert_int_equal(guest_read32(vm, gfn_gpa(there(3)), &word), GUEST_OK);
    assert_int_equal(word, 0x1234);
    /* What was never read comes from the right place of the module. */
    touch(there(7));
    world_read_done(7);
    vcpu_service(v);
    assert_int_equal(guest_read32(vm, gfn_gpa(there(7)), &word), GUEST_OK);
    assert_int_equal(word & 0xff, fake_store_byte(7));
}

/* C3-6: the zap in the middle meets dirty bits of a slot that is INVALID. */
static void move_keeps_dirty_bits(void **state)
{
    (void)state;
    fetch(module_gfn(3), 3);
    assert_int_equal(slot_page(slot_find(vm, module_gfn(3)), module_gfn(3))->word & PAGE_DIRTY, 0);
    *world_leaf(module_gfn(3)) |= WORLD_D;
    assert_int_equal(slot_move(vm, module_gfn(0), there(0)), SLOT_OK);
    assert_int_equal(slot_page(slot_find(vm, there(3)), there(3))->word & PAGE_DIRTY, PAGE_DIRTY);
}

/* By one page, onto itself; and back. */
static void move_by_one(void **state)
{
    u64 pfn;

    (void)state;
    fetch(module_gfn(3), 3);
    pfn = mapped_to(module_gfn(3));
    assert_int_equal(slot_move(vm, module_gfn(0), module_gfn(1)), SLOT_OK);
    touch(module_gfn(4));
    assert_int_equal(mapped_to(module_gfn(4)), pfn);
    assert_int_equal(mapped_to(module_gfn(3)), 0);
    assert_null(slot_find(vm, module_gfn(0)));
    assert_int_equal(slot_move(vm, module_gfn(1), module_gfn(0)), SLOT_OK);
    touch(module_gfn(3));
    assert_int_equal(mapped_to(module_gfn(3)), pfn);
}

static void again_and_again(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3 * SLOTS; i++) {
        assert_int_equal(slot_add(vm, "x", (gfn_t){0x2000}, 1, &world.module.store), SLOT_NO_SWAP);
        assert_int_equal(slot_move(vm, module_gfn(0), there(i)), SLOT_OK);
        assert_int_equal(slot_move(vm, there(i), module_gfn(0)), SLOT_OK);
        assert_int_equal(slot_delete(vm, module_gfn(0)), SLOT_OK);
        assert_int_equal(slot_add(vm, "data", module_gfn(0), WORLD_MODULE, &world.module.store), SLOT_OK);
        fetch(module_gfn(i), i);
    }
    assert_int_equal(vm->slots->count, 2);
    assert_int_equal(vm->slots->generation & 1, 0);
}

/* What the refused must leave as it was. */
static struct slots before;

static void remember(void)
{
    before = *vm->slots;
}

static void assert_unchanged(void)
{
    assert_int_equal(vm->slots->count, before.count);
    assert_memory_equal(vm->slots->at, before.at, sizeof(before.at));
    assert_null(vm->slots->invalid);
    assert_int_equal(vm->slots->generation & 1, 0);
    assert_int_equal(vm->slot_table.updating, 0);
    assert_int_equal(vm->state, VM_RUNNING);
}

static void no_such_slot_or_place(void **state)
{
    u64 limit = BIT(FAKE_MAXPHYADDR - PAGE_SHIFT);

    (void)state;
    fetch(module_gfn(3), 3);
    remember();
    assert_int_equal(slot_delete(vm, module_gfn(1)), SLOT_MISSING);
    assert_int_equal(slot_delete(vm, (gfn_t){WORLD_MEMORY}), SLOT_MISSING);
    assert_int_equal(slot_delete(vm, (gfn_t){~0ull}), SLOT_MISSING);
    assert_int_equal(slot_move(vm, module_gfn(1), there(0)), SLOT_MISSING);
    assert_int_equal(slot_move(vm, module_gfn(0), (gfn_t){WORLD_MEMORY - 1}), SLOT_OVERLAP);
    assert_int_equal(slot_move(vm, module_gfn(0), (gfn_t){limit}), SLOT_BEYOND);
    assert_int_equal(slot_move(vm, module_gfn(0), (gfn_t){limit - WORLD_MODULE + 1}), SLOT_BEYOND);
    assert_int_equal(slot_move(vm, module_gfn(0), (gfn_t){~0ull - 1}), SLOT_BEYOND);
    vm->slot_table.updating = 1;
    assert_int_equal(slot_delete(vm, module_gfn(0)), SLOT_BUSY);
    assert_int_equal(slot_move(vm, module_gfn(0), there(0)), SLOT_BUSY);
    assert_int_equal(slot_delete_private(vm, SLOT_APIC_PAGE), SLOT_BUSY);
    vm->slot_table.updating = 0;
    assert_unchanged();
    assert_int_equal(vm->slots->generation, before.generation);
    assert_true(world_mapped(module_gfn(3)));
    assert_int_equal(slot_move(vm, module_gfn(0), (gfn_t){limit - WORLD_MODULE}), SLOT_OK);
}

static void busy_with_io(void **state)
{
    (void)state;
    fetch(module_gfn(3), 3);
    remember();
    touch(module_gfn(5)); /* being read */
    assert_int_equal(slot_delete(vm, module_gfn(0)), SLOT_BUSY);
    assert_int_equal(slot_move(vm, module_gfn(0), there(0)), SLOT_BUSY);
    assert_unchanged();
    assert_true(world_mapped(module_gfn(3)));
    world_read_done(5);
    *world_leaf(module_gfn(3)) |= WORLD_D;
    assert_int_equal(pager_evict_range(vm, module_gfn(3), module_gfn(4)), 1); /* being written */
    assert_int_equal(slot_delete(vm, module_gfn(0)), SLOT_BUSY);
    assert_unchanged();
    fake_disk_finish_all();
    assert_int_equal(slot_delete(vm, module_gfn(0)), SLOT_OK);
}

/* A page that starves has no I/O yet, but a place in the queue of those who wait for frames. */
static void busy_starving(void **state)
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
    touch((gfn_t){100});
    assert_int_equal(vm->pager.starved.count, 1);
    remember();
    assert_int_equal(slot_delete(vm, (gfn_t){0}), SLOT_BUSY);
    assert_unchanged();
}

/* B6-9: cannot happen; would be said once. */
static void inside_another(void **state)
{
    const char *first;

    (void)state;
    vm->slot_table.set[0].generation |= 1;
    vm->slot_table.set[1].generation |= 1;
    assert_int_equal(slot_move(vm, module_gfn(0), there(0)), SLOT_OK);
    first = strstr(fake.console, "B6-9");
    assert_non_null(first);
    vm->slots->generation |= 1;
    assert_int_equal(slot_move(vm, there(0), module_gfn(0)), SLOT_OK);
    assert_null(strstr(first + 1, "B6-9"));
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(delete_gives_all_back), test(move_takes_pages_along), test(move_keeps_dirty_bits),
        test(move_by_one),           test(again_and_again),        test(no_such_slot_or_place),
        test(busy_with_io),          test(busy_starving),          test(inside_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
