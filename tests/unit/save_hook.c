/* SPDX-License-Identifier: BSD-2-Clause */
/* save_hook.c: the test hook saves a VM, and is there with its memory in the VM that goes on (abi/testhook.h). */
#include "save_rig.h"
#include "fault.h"

#define HAND 20u /* pages of the guest that the hook takes */

static gfn_t window, rom;

static u32 port_in(u16 port)
{
    struct exit e = {.kind = EXIT_IO, .io = {.port = port, .size = 4}};

    exit_handle(v, &e);
    return e.io.value;
}

static void port_out(u16 port, u32 value)
{
    struct exit e = {.kind = EXIT_IO, .io = {.port = port, .size = 4, .write = true, .value = value}};

    exit_handle(v, &e);
}

static void begin_command(u32 command, gfn_t gfn, u32 value)
{
    port_out(HOOK_PORT_PAGE, (u32)gfn.v);
    port_out(HOOK_PORT_VALUE, value);
    port_out(HOOK_PORT_COMMAND, command);
}

static int hook(u32 command, gfn_t gfn, u32 value)
{
    begin_command(command, gfn, value);
    return (int)port_in(HOOK_PORT_COMMAND);
}

static int hooked(void **state)
{
    setup(state);
    vm->state = VM_SETUP; /* the swap of this world has no room for more */
    assert_true(hook_make(vm));
    vm->state = VM_RUNNING;
    window.v = (u64)hook(HOOK_WINDOW, (gfn_t){0}, HOOK_WINDOW_MAX);
    rom.v = (u64)hook(HOOK_ROM, (gfn_t){0}, 0);
    return 0;
}

static gfn_t page(u64 i)
{
    return (gfn_t){window.v + i};
}

static void save_and_boot(void)
{
    begin_command(HOOK_SAVE, (gfn_t){0x1234}, 0);
    until_over();
    assert_true(save_again(vm));
    assert_int_equal(boot_again(), RESTORE_OK);
}

/* It is there where the host knows of a partition. */
static void offered(void **state)
{
    (void)state;
    assert_true(port_in(HOOK_PORT_CAPS) & HOOK_CAP(HOOK_SAVE));
    assert_int_equal(hook(HOOK_SAVE, (gfn_t){0}, 2), -PV_EINVAL);
    assert_int_equal(vm->save.step, SAVE_IDLE);
    save_offer(vm, NULL);
    assert_false(port_in(HOOK_PORT_CAPS) & HOOK_CAP(HOOK_SAVE));
    assert_int_equal(hook(HOOK_SAVE, (gfn_t){0}, 0), -PV_ENOSYS);
}

/* The write of the command is over in the VM that goes on, and its result is 1; each time. */
static void goes_on(void **state)
{
    unsigned done;

    (void)state;
    for (u32 value = 0; value <= HOOK_SAVE_APF_BEFORE; value++) {
        done = v->hw->completions;
        begin_command(HOOK_SAVE, (gfn_t){0x1234}, value);
        assert_int_equal(v->hw->completions, done + 2); /* and not this one */
        until_over();
        assert_int_equal(vm->save.header->apf_first, value);
        assert_int_equal(boot_again(), RESTORE_OK);
        assert_int_equal(v->hw->completed.kind, EXIT_IO);
        assert_int_equal(port_in(HOOK_PORT_COMMAND), 1);
        assert_int_equal(vm->hook->page, 0x1234);
        assert_int_equal(vm->hook->value, value);
        assert_true(port_in(HOOK_PORT_CAPS) & HOOK_CAP(HOOK_SAVE));
    }
}

/* A save that the hypercall asked for leaves the ports alone. */
static void another_one_asks(void **state)
{
    (void)state;
    assert_int_equal(hook(HOOK_DONE, page(0), 0), -PV_ENOENT);
    save(SAVE_GO_ON);
    assert_int_equal(boot_again(), RESTORE_OK);
    assert_int_equal((int)port_in(HOOK_PORT_COMMAND), -PV_ENOENT);
}

/* Untouched, awaited, failed: what they hold is saved, and they are pages like any other. */
static void missing_pages(void **state)
{
    (void)state;
    for (u64 i = 0; i < 4; i++) {
        guest_writes((gfn_t){HAND + i}, 100 + i);
        assert_int_equal(hook(HOOK_MISS, (gfn_t){HAND + i}, HOOK_HOLD), 0);
    }
    v->hw->intr_open = false; /* it sits the wait out */
    fault_handle(v, gfn_gpa((gfn_t){HAND + 1}), ACCESS_READ);
    assert_int_equal(hook(HOOK_FAIL, (gfn_t){HAND + 2}, 0), 0);
    assert_int_equal(hook(HOOK_DONE, (gfn_t){HAND + 3}, 0), 0);
    save_and_boot();
    assert_int_equal(vm->hook->count, 0);
    for (u64 i = 0; i < 4; i++) {
        assert_int_equal(hook(HOOK_STATE, (gfn_t){HAND + i}, 0), HOOK_IS_PRESENT);
        assert_int_equal(guest_reads((gfn_t){HAND + i}), 100 + i);
    }
    assert_int_equal(hook(HOOK_MISS, (gfn_t){HAND}, HOOK_HOLD), 0);
    assert_int_equal(hook(HOOK_STATE, (gfn_t){HAND}, 0), HOOK_IS_MISSING);
}

static bool read_only(gfn_t gfn)
{
    return slot_find(vm, gfn)->read_only;
}

/* What they hold, which cannot be written, which are away; once more from the image that the VM runs from. */
static void the_window(void **state)
{
    (void)state;
    for (u64 i = 0; i < 3; i++)
        guest_writes(page(i), 200 + i);
    assert_int_equal(hook(HOOK_PROTECT, page(1), 1), 0);
    assert_int_equal(hook(HOOK_HOLE, page(2), 1), 0);
    for (unsigned times = 0; times < 2; times++) {
        save_and_boot();
        assert_int_equal(hook(HOOK_WINDOW, (gfn_t){0}, 1), window.v);
        assert_false(read_only(page(0)));
        assert_true(read_only(page(1)));
        assert_null(slot_find(vm, page(2)));
        assert_true(read_only(rom));
        assert_int_equal(guest_reads(page(0)), 200);
        assert_int_equal(guest_reads(page(1)), 201);
    }
    assert_int_equal(hook(HOOK_PROTECT, page(1), 0), 0);
    guest_writes(page(1), 7);
    assert_int_equal(hook(HOOK_HOLE, page(2), 0), 0);
    assert_int_equal(guest_reads(page(2)), 202);
}

/* What the registers point to may be away then. */
static void an_apf_slot_that_is_away(void **state)
{
    u64 en = gfn_gpa(page(0)).v | APF_EN_ON | APF_EN_INT;

    (void)state;
    guest_writes(page(0), 0);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_VEC, WORLD_VECTOR), OUTCOME_DONE);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_EN, en), OUTCOME_DONE);
    assert_int_equal(hook(HOOK_HOLE, page(0), 1), 0);
    save_and_boot();
    assert_int_equal(world_msr(v, PV_MSR_APF_EN), en);
    assert_true(v->apf.wake_all);
}

/* The guest goes on, with what was missing still missing. */
static void no_room(void **state)
{
    (void)state;
    guest_writes((gfn_t){HAND}, 1);
    assert_int_equal(hook(HOOK_MISS, (gfn_t){HAND}, HOOK_HOLD), 0);
    to.store.bytes = PAGE_SIZE;
    assert_int_equal(hook(HOOK_SAVE, (gfn_t){0}, 0), -PV_ENOSPC); /* at once */
    to.store.bytes = (SAVED_FIRST + SAVED_PAGES(sizeof(struct saved_state))) * PAGE_SIZE;
    begin_command(HOOK_SAVE, (gfn_t){0}, 0);
    until_over();
    assert_int_equal(vm->save.step, SAVE_IDLE);
    assert_int_equal((int)port_in(HOOK_PORT_COMMAND), -PV_ENOSPC);
    assert_int_equal(hook(HOOK_STATE, (gfn_t){HAND}, 0), HOOK_IS_MISSING);
    to.store.bytes = PLACES * PAGE_SIZE;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(offered, hooked, end),
        cmocka_unit_test_setup_teardown(goes_on, hooked, end),
        cmocka_unit_test_setup_teardown(another_one_asks, hooked, end),
        cmocka_unit_test_setup_teardown(missing_pages, hooked, end),
        cmocka_unit_test_setup_teardown(the_window, hooked, end),
        cmocka_unit_test_setup_teardown(an_apf_slot_that_is_away, hooked, end),
        cmocka_unit_test_setup_teardown(no_room, hooked, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
