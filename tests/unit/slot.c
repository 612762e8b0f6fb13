/* SPDX-License-Identifier: BSD-2-Clause */
/* slot.c: which gfn belongs to which slot, what may be added, and what of swap each slot gets. */
#include "fake/world.h"

#define LIMIT BIT(FAKE_MAXPHYADDR - PAGE_SHIFT)

static struct vm *vm;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){0});
    vm = world.vm;
    vm->state = VM_SETUP;
    return 0;
}

static enum slot_error add(u64 base, u64 pages)
{
    return slot_add(vm, "x", (gfn_t){base}, pages, NULL);
}

static const char *at(u64 gfn)
{
    struct slot *s = slot_find(vm, (gfn_t){gfn});

    return s ? s->name : "none";
}

static void edges(void **state)
{
    struct slot *s;

    (void)state;
    assert_string_equal(at(0), "memory");
    assert_string_equal(at(WORLD_MEMORY - 1), "memory");
    assert_string_equal(at(WORLD_MEMORY), "none");
    assert_string_equal(at(WORLD_BASE - 1), "none");
    assert_string_equal(at(WORLD_BASE), "data");
    assert_string_equal(at(WORLD_BASE + WORLD_MODULE - 1), "data");
    assert_string_equal(at(WORLD_BASE + WORLD_MODULE), "none");
    assert_string_equal(at(~0ull), "none");
    assert_string_equal(at(1ull << 52), "none");
    assert_int_equal(slot_look(vm, (gfn_t){0}, &s), SLOT_USABLE);
    assert_int_equal(slot_look(vm, (gfn_t){WORLD_MEMORY}, &s), SLOT_NONE);
    assert_null(s);
}

/* Every error value, none of which changes anything; what lies just within each limit is taken. */
static void refused(void **state)
{
    u64 used = vm->pager.swap_used, sizes = fake.zalloced, generation = vm->slots->generation;

    (void)state;
    assert_int_equal(add(WORLD_MEMORY, 0), SLOT_ZERO);
    assert_int_equal(add(WORLD_MEMORY - 1, 1), SLOT_OVERLAP);
    assert_int_equal(add(WORLD_BASE - 5, 6), SLOT_OVERLAP);
    assert_int_equal(add(WORLD_BASE + 1, 1), SLOT_OVERLAP);
    assert_int_equal(add(0, LIMIT), SLOT_OVERLAP);
    assert_int_equal(add(LIMIT, 1), SLOT_BEYOND);
    assert_int_equal(add(LIMIT - 1, 2), SLOT_BEYOND);
    assert_int_equal(add(LIMIT - 1, ~0ull), SLOT_BEYOND);
    assert_int_equal(add(2, ~0ull), SLOT_BEYOND); /* base + pages wraps */
    assert_int_equal(add(~0ull, 1), SLOT_BEYOND);
    fake_fail_allocation(1);
    assert_int_equal(add(WORLD_MEMORY, 1), SLOT_NO_MEMORY);
    vm->slot_table.updating = 1;
    assert_int_equal(add(WORLD_MEMORY, 1), SLOT_BUSY);
    vm->slot_table.updating = 0;
    assert_int_equal(vm->slots->count, 2);
    assert_int_equal(vm->slots->generation, generation);
    assert_int_equal(vm->pager.swap_used, used);
    assert_int_equal(fake.zalloced, sizes);
    assert_int_equal(add(WORLD_MEMORY, 1), SLOT_OK);
    assert_int_equal(slot_add(vm, "y", (gfn_t){LIMIT - 1}, 1, NULL), SLOT_OK);
    assert_string_equal(at(LIMIT - 1), "y");
    assert_int_equal(vm->slots->generation, generation + 4);
}

static void too_many(void **state)
{
    (void)state;
    for (u64 i = 2; i < SLOT_MAX; i++)
        assert_int_equal(add(0x2000 * i, 1), SLOT_OK);
    assert_int_equal(add(0x2000, 1), SLOT_TOO_MANY);
    assert_int_equal(slot_add_private(vm, SLOT_APIC_PAGE, (gfn_t){0x2000}),
                     SLOT_OK); /* has a place of its own */
    assert_int_equal(slot_add_private(vm, SLOT_APIC_PAGE, (gfn_t){0x2001}), SLOT_TOO_MANY);
    assert_int_equal(slot_delete(vm, (gfn_t){0x4000}), SLOT_OK);
    assert_int_equal(add(0x2001, 1), SLOT_OK);
}

/* Found by its name, wherever it is; it cannot be had by its gfn. */
static void private_slot(void **state)
{
    struct slot *s;

    (void)state;
    assert_int_equal(slot_by_id(vm, SLOT_APIC_PAGE, &s), SLOT_NONE);
    assert_null(s);
    assert_int_equal(slot_add_private(vm, SLOT_APIC_PAGE, (gfn_t){0xfee00}), SLOT_OK);
    assert_int_equal(slot_by_id(vm, SLOT_APIC_PAGE, &s), SLOT_USABLE);
    assert_int_equal(s->base.v, 0xfee00);
    assert_int_equal(slot_delete(vm, (gfn_t){0xfee00}), SLOT_MISSING);
    assert_int_equal(slot_move(vm, (gfn_t){0xfee00}, (gfn_t){0x2000}), SLOT_MISSING);
    assert_int_equal(slot_delete_private(vm, SLOT_APIC_PAGE), SLOT_OK);
    assert_int_equal(slot_delete_private(vm, SLOT_APIC_PAGE), SLOT_MISSING);
    assert_int_equal(slot_by_id(vm, SLOT_APIC_PAGE, &s), SLOT_NONE);
}

/* Every page has a place of its own in swap; a deleted slot's is used again, and while the VM runs there is no more. */
static void swap_places(void **state)
{
    (void)state;
    assert_int_equal(vm->slots->at[0]->swap_offset, 0);
    assert_int_equal(vm->slots->at[1]->swap_offset, WORLD_MEMORY * PAGE_SIZE);
    assert_int_equal(vm->pager.swap_used, (WORLD_MEMORY + WORLD_MODULE) * PAGE_SIZE);
    vm->state = VM_RUNNING;
    assert_int_equal(add(0x2000, 1), SLOT_NO_SWAP);
    assert_int_equal(slot_delete(vm, module_gfn(0)), SLOT_OK);
    assert_int_equal(add(0x2000, WORLD_MODULE + 1), SLOT_NO_SWAP);
    assert_int_equal(add(0x2000, 3), SLOT_OK);
    assert_int_equal(add(0x3000, WORLD_MODULE - 3), SLOT_OK);
    assert_int_equal(vm->slots->at[1]->swap_offset, WORLD_MEMORY * PAGE_SIZE);
    assert_int_equal(vm->slots->at[2]->swap_offset, (WORLD_MEMORY + 3) * PAGE_SIZE);
    assert_int_equal(slot_delete(vm, (gfn_t){0x2000}), SLOT_OK);
    assert_int_equal(add(0x2000, 4), SLOT_NO_SWAP); /* what is free lies below another's */
    assert_int_equal(add(0x2000, 2), SLOT_OK);
    assert_int_equal(vm->slots->at[2]->swap_offset, WORLD_MEMORY * PAGE_SIZE);
    assert_int_equal(add(0x2100, 2), SLOT_NO_SWAP); /* behind the third one begins the second */
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(edges), test(refused), test(too_many), test(private_slot), test(swap_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
