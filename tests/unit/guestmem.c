/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guestmem.c: the host's own accesses to guest memory: whole or not at all, never waiting, always leaving their
 * marks.
 */
#include <pthread.h>
#include "fake/world.h"
#include "guestmem.h"

static struct vm *vm;
static gfn_t at;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.frames = 32});
    vm = world.vm;
    return 0;
}

static void bring(gfn_t gfn)
{
    pager_load(vm, slot_find(vm, gfn), gfn, NULL);
    fake_disk_finish_all();
    assert_int_equal(world_state(gfn), PAGE_RESIDENT);
}

static u64 flags(gfn_t gfn)
{
    return slot_page(slot_find(vm, gfn), gfn)->word & PAGE_MASK & ~PAGE_STATE;
}

/* Clean, and not used since the clock hand passed. */
static void wash(gfn_t gfn)
{
    slot_page(slot_find(vm, gfn), gfn)->word &= ~(PAGE_DIRTY | PAGE_REF);
}

static void across_pages(void **state)
{
    static char out[3 * PAGE_SIZE], in[3 * PAGE_SIZE];

    (void)state;
    for (unsigned i = 0; i < sizeof(out); i++)
        out[i] = (char)(i * 31);
    for (u64 g = 10; g < 14; g++)
        bring((gfn_t){g});
    assert_int_equal(guest_write(vm, (gpa_t){10 * PAGE_SIZE + 77}, out, sizeof(out), &at), GUEST_OK);
    assert_int_equal(guest_read(vm, (gpa_t){10 * PAGE_SIZE + 77}, in, sizeof(in), &at), GUEST_OK);
    assert_memory_equal(in, out, sizeof(in));
    assert_int_equal(guest_read(vm, (gpa_t){10 * PAGE_SIZE}, in, 0, &at), GUEST_OK);
}

static void marks(void **state)
{
    gfn_t g = {10};
    u32 word = 1;

    (void)state;
    bring(g);
    wash(g);
    assert_int_equal(guest_read32(vm, gfn_gpa(g), &word), GUEST_OK);
    assert_int_equal(word, 0);
    assert_int_equal(flags(g), PAGE_REF);
    wash(g);
    assert_int_equal(guest_write32(vm, gfn_gpa(g), 5), GUEST_OK);
    assert_int_equal(flags(g), PAGE_REF | PAGE_DIRTY);
    wash(g);
    assert_int_equal(guest_write64(vm, gfn_gpa(g), 5ull << 32 | 6), GUEST_OK);
    assert_int_equal(flags(g), PAGE_REF | PAGE_DIRTY);
    assert_int_equal(guest_read32(vm, (gpa_t){gfn_gpa(g).v + 4}, &word), GUEST_OK);
    assert_int_equal(word, 5);
}

/* What stands in the way is named; nothing was copied before it was found. */
static void absent_and_hole(void **state)
{
    char buffer[2 * PAGE_SIZE];
    u64 edge = WORLD_MEMORY * PAGE_SIZE;

    (void)state;
    bring((gfn_t){10});
    memset(buffer, 0x77, sizeof(buffer));
    assert_int_equal(guest_write(vm, (gpa_t){10 * PAGE_SIZE + 8}, buffer, PAGE_SIZE, &at), GUEST_ABSENT);
    assert_int_equal(at.v, 11);
    assert_int_equal(guest_read(vm, (gpa_t){10 * PAGE_SIZE}, buffer, 64, &at), GUEST_OK);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(buffer[i], 0);
    bring((gfn_t){WORLD_MEMORY - 1});
    assert_int_equal(guest_read(vm, (gpa_t){edge - 8}, buffer, 16, &at), GUEST_HOLE);
    assert_int_equal(at.v, WORLD_MEMORY);
    assert_int_equal(guest_read(vm, (gpa_t){~0ull - 3}, buffer, 16, &at), GUEST_HOLE);
    assert_int_equal(guest_read32(vm, (gpa_t){WORLD_HOLE}, &(u32){0}), GUEST_HOLE);
    assert_int_equal(guest_write64(vm, module_gpa(0), 1), GUEST_ABSENT);
    expect_assert_failure((void)!guest_read32(vm, (gpa_t){2}, &(u32){0}));
    expect_assert_failure((void)!guest_write64(vm, (gpa_t){4}, 0));
}

static bool stop;

static void *evictor(void *arg)
{
    gfn_t g = *(gfn_t *)arg, next = {g.v + 1};

    for (unsigned i = 0; i < 4000; i++) {
        pager_evict_range(vm, g, next);
        fake_disk_finish_all();
        pager_load(vm, slot_find(vm, g), g, NULL);
        fake_disk_finish_all();
    }
    at_store(&stop, true);
    return NULL;
}

/* "Nothing was written" holds also if the last page is taken away in the middle of the copy. */
static void whole_or_not_at_all(void **state)
{
    static u64 next[(8 * PAGE_SIZE + 8) / 8];
    gfn_t first = {10}, last = {18};
    u64 want = 0, seen;
    pthread_t t;

    (void)state;
    for (gfn_t g = first; g.v <= last.v; g.v++)
        bring(g);
    at_store(&stop, false);
    fake.cpus = 2;
    assert_int_equal(pthread_create(&t, NULL, evictor, &last), 0);
    fake_cpu = 1;
    for (u64 n = 1; !at_load(&stop); n++) {
        next[0] = n;
        if (guest_write(vm, gfn_gpa(first), next, sizeof(next), &at) == GUEST_OK)
            want = n;
        assert_int_equal(guest_read(vm, gfn_gpa(first), &seen, sizeof(seen), &at), GUEST_OK);
        assert_int_equal(seen, want);
    }
    pthread_join(t, NULL);
    fake_cpu = 0;
}

static void bring_waits_for_the_page(void **state)
{
    (void)state;
    guest_bring(world.v, module_gfn(3));
    assert_int_equal(world.v->state, VCPU_WAIT_PAGE);
    world_read_done(3);
    vcpu_service(world.v);
    assert_int_equal(world.v->state, VCPU_RUNNABLE);
    guest_bring(world.v, module_gfn(3)); /* came meanwhile */
    vcpu_service(world.v);
    assert_int_equal(world.v->state, VCPU_RUNNABLE);
    assert_int_equal(vm->stats.sync_waits, 2);
}

/* Set-up: an image larger than what may be resident goes out to swap and comes back. */
static void load_more_than_fits(void **state)
{
    static u8 image[100 * PAGE_SIZE], back[PAGE_SIZE];

    (void)state;
    for (unsigned i = 0; i < sizeof(image); i++)
        image[i] = (u8)(i / 100);
    vm->state = VM_SETUP;
    fake_disk.prompt = 256;
    assert_true(guest_load(vm, (gpa_t){20 * PAGE_SIZE + 5}, image, sizeof(image)));
    for (unsigned i = 0; i + PAGE_SIZE <= sizeof(image); i += PAGE_SIZE) {
        gpa_t from = {20 * PAGE_SIZE + 5 + i};

        while (guest_read(vm, from, back, sizeof(back), &at) == GUEST_ABSENT) {
            pager_load(vm, slot_find(vm, at), at, NULL);
            (void)store_poll();
        }
        assert_memory_equal(back, image + i, PAGE_SIZE);
    }
    assert_true(vm->stats.writes >= 100 - 32);
    assert_false(guest_load(vm, (gpa_t){WORLD_MEMORY * PAGE_SIZE - 4}, image, 8));
}

/* A frame behind the APIC page is the hardware's business. */
static void apic_page(void **state)
{
    gfn_t apic = {0xfee00};
    u32 word;

    (void)state;
    assert_int_equal(slot_delete(vm, module_gfn(0)), SLOT_OK); /* room in swap */
    assert_int_equal(slot_add_private(vm, SLOT_APIC_PAGE, apic), SLOT_OK);
    bring(apic);
    assert_null(slot_find_ram(vm, apic));
    assert_int_equal(guest_read32(vm, gfn_gpa(apic), &word), GUEST_HOLE);
    assert_int_equal(guest_write32(vm, gfn_gpa(apic), 1), GUEST_HOLE);
    assert_int_equal(guest_write(vm, gfn_gpa((gfn_t){apic.v - 1}), "ab", 2, &at), GUEST_HOLE);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(across_pages),        test(marks),
        test(absent_and_hole),     test(whole_or_not_at_all),
        test(load_more_than_fits), test(bring_waits_for_the_page),
        test(apic_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
