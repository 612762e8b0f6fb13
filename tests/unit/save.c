/* SPDX-License-Identifier: BSD-2-Clause */
/* save.c: what a VM's memory holds when it is saved, wherever its pages are, the restored VM finds again. */
#include "save_rig.h"

static void evict(gfn_t gfn)
{
    (void)pager_evict_range(vm, gfn, (gfn_t){gfn.v + 1});
    fake_disk_finish_all();
    assert_int_equal(world_state(gfn), PAGE_ABSENT);
}

/* Every way in which a page can be at the time. */
enum { IN_MEMORY = FIRST, IN_SWAP, ZEROED, UNTOUCHED, BACK_FROM_SWAP };

static void fill(void)
{
    guest_writes((gfn_t){IN_MEMORY}, 101);
    guest_writes((gfn_t){IN_SWAP}, 102);
    evict((gfn_t){IN_SWAP});
    guest_writes((gfn_t){ZEROED}, 103);
    guest_writes((gfn_t){ZEROED}, 0);
    guest_writes((gfn_t){BACK_FROM_SWAP}, 104);
    evict((gfn_t){BACK_FROM_SWAP});
    (void)guest_reads((gfn_t){BACK_FROM_SWAP});
    guest_writes(module_gfn(1), 105);
    (void)guest_reads(module_gfn(2));
}

static void expect_filled(void)
{
    assert_int_equal(guest_reads((gfn_t){IN_MEMORY}), 101);
    assert_int_equal(guest_reads((gfn_t){IN_SWAP}), 102);
    assert_int_equal(guest_reads((gfn_t){ZEROED}), 0);
    assert_int_equal(guest_reads((gfn_t){UNTOUCHED}), 0);
    assert_int_equal(guest_reads((gfn_t){BACK_FROM_SWAP}), 104);
    assert_int_equal(guest_reads(module_gfn(1)), 105);
    for (u64 i = 2; i < 4; i++)
        assert_int_equal((u8)guest_reads(module_gfn(i)), fake_store_byte(i));
}

static u32 entry(unsigned slot, u64 page)
{
    return vm->saved.memory[slot].index[page];
}

static void every_kind_of_page(void **state)
{
    (void)state;
    fill();
    save(SAVE_STOP);
    assert_int_equal(vm->state, VM_STOPPED);
    assert_int_equal(vm->status, 7);
    assert_int_equal(boot_again(), RESTORE_OK);
    assert_int_equal(entry(0, ZEROED), SAVED_ZERO);
    assert_int_equal(entry(0, UNTOUCHED), SAVED_ZERO);
    assert_int_equal(entry(1, 2), SAVED_SOURCE);
    expect_filled();
}

/* Nothing is read before it is touched; what is zero is never read. */
static void memory_is_lazy(void **state)
{
    (void)state;
    fill();
    save(SAVE_STOP);
    assert_int_equal(boot_again(), RESTORE_OK);
    for (u64 i = FIRST; i < WORLD_MEMORY; i++)
        assert_int_equal(world_state((gfn_t){i}), PAGE_ABSENT);
    (void)guest_reads((gfn_t){UNTOUCHED});
    (void)guest_reads((gfn_t){ZEROED});
    assert_int_equal(vm->stats.reads, 0);
    (void)guest_reads((gfn_t){IN_MEMORY});
    assert_int_equal(vm->stats.reads, 1);
}

/* A VM that runs from its image is saved over it: pages that did not change stay, and space is used again. */
static void many_in_a_row(void **state)
{
    u64 end_then = 0;
    u32 place;

    (void)state;
    fill();
    save(SAVE_GO_ON);
    for (unsigned i = 0; i < 10; i++) {
        assert_true(save_again(vm));
        assert_int_equal(boot_again(), RESTORE_OK);
        assert_int_equal(vm->saved.header.sequence, i + 1);
        assert_int_equal(vm->saved.place, i % 2);
        place = entry(0, IN_SWAP);
        if (i == 3)
            end_then = vm->saved.header.end;
        assert_int_equal(guest_reads((gfn_t){IN_MEMORY}), 101 + i);
        assert_int_equal(guest_reads((gfn_t){BACK_FROM_SWAP}), 104);
        guest_writes((gfn_t){IN_MEMORY}, 101 + i + 1);
        save(SAVE_GO_ON);
    }
    assert_int_equal(boot_again(), RESTORE_OK);
    assert_int_equal(entry(0, IN_SWAP), place);
    assert_int_equal(vm->saved.header.end, end_then);
    guest_writes((gfn_t){IN_MEMORY}, 101);
    expect_filled();
}

/* The APIC page is no memory of the guest's: it is neither saved nor there afterwards, and its neighbours are. */
static void not_the_apic_page(void **state)
{
    struct slot *s;

    (void)state;
    fake.may_virt_apic = true;
    vm->state = VM_SETUP;
    assert_true(apic_page_make(vm));
    assert_int_equal(slot_add(vm, "behind", (gfn_t){0x300000}, 4, NULL), SLOT_OK);
    vm->state = VM_RUNNING;
    fill();
    guest_writes((gfn_t){0x300001}, 106);
    save(SAVE_STOP);
    assert_int_equal(boot_again(), RESTORE_OK);
    assert_int_equal(vm->saved.header.slots, 3);
    assert_int_equal(slot_by_id(vm, SLOT_APIC_PAGE, &s), SLOT_NONE);
    expect_filled();
    assert_int_equal(guest_reads((gfn_t){0x300001}), 106);
}

/* From one partition, to another one: pages that only the first has are copied. */
static void to_another_partition(void **state)
{
    struct fake_store other;

    (void)state;
    fill();
    save(SAVE_STOP);
    assert_int_equal(boot_again(), RESTORE_OK);
    fake_store_make(&other, "other", PLACES * PAGE_SIZE);
    save_offer(vm, &other.store);
    save(SAVE_STOP);
    memset(to.data, 0xee, PLACES * PAGE_SIZE);
    assert_int_equal(boot_again(), RESTORE_OK);
    expect_filled();
    fake_disk_finish_all();
    fake_store_free(&other);
}

/* KEEP: the VM goes on with 0, and what was saved goes on with 1 some other time. */
static void kept(void **state)
{
    (void)state;
    fill();
    assert_int_equal(v->hw->completions, 0);
    save(SAVE_KEEP);
    assert_int_equal(v->hw->completions, 1);
    assert_int_equal(v->hw->completed.call.ret, 0);
    assert_true(vm_may_run(vm));
    guest_writes((gfn_t){IN_MEMORY}, 1);
    save(SAVE_KEEP); /* once more, over the first one */
    guest_writes((gfn_t){IN_MEMORY}, 2);
    assert_int_equal(boot_again(), RESTORE_OK);
    assert_int_equal(v->hw->completed.call.ret, 1);
    assert_int_equal(guest_reads((gfn_t){IN_MEMORY}), 1);
}

/* Asked n times, each step of the save may come later: the store takes one request at a time. */
static void a_store_with_little_room(void **state)
{
    (void)state;
    fill();
    fake_disk.room = 1;
    save(SAVE_STOP);
    fake_disk.room = FAKE_QUEUE;
    assert_int_equal(boot_again(), RESTORE_OK);
    expect_filled();
}

/* Finish n requests, then the power goes. Returns whether the save got to its end. */
static bool killed_after(unsigned n)
{
    assert_int_equal(ask(SAVE_STOP), SAVE_OK);
    for (unsigned i = 0; i < STEPS && vm->save.step != SAVE_OVER; i++) {
        step();
        while (fake_disk.count && n) {
            fake_disk_finish(fake_disk.count - 1, 0);
            n--;
        }
        if (fake_disk.count && !n)
            break;
    }
    fake_disk.count = 0; /* nobody will hear of them */
    vm->pager.io.inflight = 0;
    return vm->save.step == SAVE_OVER;
}

/* The header is written last: before that, nothing was saved. */
static void killed_at_any_time(void **state)
{
    bool over = false;

    for (unsigned n = 0; !over; n++) {
        if (n) {
            end(state);
            setup(state);
        }
        fill();
        over = killed_after(n);
        assert_int_equal(boot_again(), over ? RESTORE_OK : RESTORE_NEVER);
    }
    expect_filled();
}

/* … or what the VM was running from is still there, whole. */
static void killed_while_it_runs_from_the_partition(void **state)
{
    bool over = false;

    for (unsigned n = 0; !over; n++) {
        if (n) {
            end(state);
            setup(state);
        }
        fill();
        save(SAVE_STOP);
        assert_int_equal(boot_again(), RESTORE_OK);
        guest_writes((gfn_t){IN_MEMORY}, 201);
        guest_writes((gfn_t){UNTOUCHED}, 202);
        over = killed_after(n);
        assert_int_equal(boot_again(), RESTORE_OK);
        assert_int_equal(guest_reads((gfn_t){IN_MEMORY}), over ? 201 : 101);
        assert_int_equal(guest_reads((gfn_t){UNTOUCHED}), over ? 202 : 0);
    }
}

/* … but not what another VM left there, of which something may be gone already: all of it is there, or nothing. */
static void killed_over_what_was_saved_before(void **state)
{
    bool over = false;

    for (unsigned n = 0; !over; n++) {
        enum restore_error e;

        if (n) {
            end(state);
            setup(state);
        }
        fill();
        save(SAVE_KEEP);
        guest_writes((gfn_t){IN_MEMORY}, 201);
        over = killed_after(n);
        e = boot_again();
        assert_true(e == RESTORE_OK || e == RESTORE_NEVER);
        if (e == RESTORE_OK)
            assert_int_equal(guest_reads((gfn_t){IN_MEMORY}), over ? 201 : 101);
        assert_true(e == RESTORE_OK || !over);
    }
}

/* A page on its way to swap is waited for. */
static void a_page_that_is_being_evicted(void **state)
{
    (void)state;
    fill();
    (void)pager_evict_range(vm, (gfn_t){IN_MEMORY}, (gfn_t){IN_MEMORY + 1});
    assert_int_equal(world_state((gfn_t){IN_MEMORY}), PAGE_EVICTING);
    assert_int_equal(ask(SAVE_STOP), SAVE_OK);
    for (unsigned i = 0; i < 50; i++) {
        step();
        while (fake_disk.count > 1)
            fake_disk_finish(1, 0);
    }
    assert_int_equal(vm->save.step, SAVE_MEMORY);
    until_over();
    assert_int_equal(boot_again(), RESTORE_OK);
    expect_filled();
}

/* It is told how a long one goes. */
static void progress(void **state)
{
    (void)state;
    fill();
    assert_int_equal(ask(SAVE_STOP), SAVE_OK);
    fake_console_clear();
    (void)save_work(vm, fake.now - 1); /* another CPU's pass had begun before */
    assert_int_equal(fake.console_writes, 0);
    step();
    step();
    fake_console_clear();
    fake.now += 2000000000;
    step();
    assert_non_null(strstr(fake.console, "saving to partition save: "));
    assert_non_null(strstr(fake.console, " of 384 pages"));
    until_over();
    assert_non_null(strstr(fake.console, "saved to partition save: 384 pages of memory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_of_page, setup, end),
        cmocka_unit_test_setup_teardown(memory_is_lazy, setup, end),
        cmocka_unit_test_setup_teardown(many_in_a_row, setup, end),
        cmocka_unit_test_setup_teardown(not_the_apic_page, setup, end),
        cmocka_unit_test_setup_teardown(to_another_partition, setup, end),
        cmocka_unit_test_setup_teardown(kept, setup, end),
        cmocka_unit_test_setup_teardown(a_store_with_little_room, setup, end),
        cmocka_unit_test_setup_teardown(killed_at_any_time, setup, end),
        cmocka_unit_test_setup_teardown(killed_while_it_runs_from_the_partition, setup, end),
        cmocka_unit_test_setup_teardown(killed_over_what_was_saved_before, setup, end),
        cmocka_unit_test_setup_teardown(a_page_that_is_being_evicted, setup, end),
        cmocka_unit_test_setup_teardown(progress, setup, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
