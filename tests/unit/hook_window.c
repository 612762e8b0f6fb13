/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_window.c: pages of the test hook that cannot be written, or are not there, and what APF does with such slots. */
#include "hook_rig.h"

static gfn_t window, rom;

static int setup(void **state)
{
    (void)state;
    make_hooked(&(struct world_config){.apf = FL_APF_INT, .vcpus = 2, .cpus = 2});
    window.v = (u64)hook(HOOK_WINDOW, (gfn_t){0}, HOOK_WINDOW_MAX);
    rom.v = (u64)hook(HOOK_ROM, (gfn_t){0}, 0);
    return 0;
}

static bool leaf(gfn_t gfn, struct tdp_leaf *out)
{
    return tdp_lookup(&vm->tdp, v->root, gfn, out) == TDP_OK;
}

static gfn_t page(u64 i)
{
    return (gfn_t){window.v + i};
}

/* Activate APF with the slot at the beginning of this page, and take the wake-all event. */
static void enable_at(gfn_t gfn)
{
    fault_handle(v, gfn_gpa(gfn), ACCESS_WRITE);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_VEC, WORLD_VECTOR), OUTCOME_DONE);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_EN, gfn_gpa(gfn).v | ACTIVE), OUTCOME_DONE);
    expect_ready(APF_TOKEN_WAKE_ALL);
}

/* Sixteen pages, the same each time, of memory. */
static void memory(void **state)
{
    (void)state;
    for (u64 i = 0; i < HOOK_WINDOW_MAX; i++) {
        fault_handle(v, gfn_gpa(page(i)), ACCESS_WRITE);
        assert_int_equal(guest_write32(vm, gfn_gpa(page(i)), (u32)i), GUEST_OK);
    }
    assert_int_equal(hook(HOOK_WINDOW, (gfn_t){0}, 1), window.v);
    assert_int_equal(hook(HOOK_WINDOW, (gfn_t){0}, HOOK_WINDOW_MAX + 1), -PV_EINVAL);
    assert_int_equal(slot_move(vm, window, (gfn_t){0x90000}), SLOT_MISSING);
    assert_int_equal(at_load(&vm->state), VM_RUNNING);
}

static void refusals(void **state)
{
    (void)state;
    assert_int_equal(hook(HOOK_PROTECT, (gfn_t){30}, 1), -PV_EINVAL);
    assert_int_equal(hook(HOOK_PROTECT, page(HOOK_WINDOW_MAX), 1), -PV_EINVAL);
    assert_int_equal(hook(HOOK_PROTECT, window, 2), -PV_EINVAL);
    assert_int_equal(hook(HOOK_HOLE, (gfn_t){window.v - 1}, 1), -PV_EINVAL);
    assert_int_equal(hook(HOOK_HOLE, rom, 1), -PV_EINVAL);
    assert_int_equal(hook(HOOK_HOLE, window, 2), -PV_EINVAL);
    assert_int_equal(hook(HOOK_MISS, window, HOOK_HOLD), 0);
    assert_int_equal(hook(HOOK_HOLE, window, 1), -PV_EBUSY);
    assert_int_equal(hook(HOOK_PROTECT, window, 1), -PV_EBUSY);
    assert_int_equal(hook(HOOK_DONE, window, 0), 0);
    assert_int_equal(hook(HOOK_HOLE, window, 1), 0);
    assert_int_equal(hook(HOOK_PROTECT, window, 1), -PV_EFAULT);
    assert_int_equal(hook(HOOK_MISS, window, 1), -PV_EFAULT);
}

/* A page whose memory is in use by a disk, or while another change is under way: the command is executed again. */
static void later(void **state)
{
    (void)state;
    fault_handle(v, gfn_gpa(window), ACCESS_WRITE);
    assert_true(port_out(HOOK_PORT_PAGE, (u32)window.v));
    assert_true(port_out(HOOK_PORT_VALUE, 1));
    vm->slot_table.updating = 1;
    assert_false(port_out(HOOK_PORT_COMMAND, HOOK_HOLE));
    vm->slot_table.updating = 0;
    assert_true(port_out(HOOK_PORT_COMMAND, HOOK_HOLE));
    assert_int_equal(port_in(HOOK_PORT_COMMAND), 0);
}

/* The guest has its own memory where the page is, is to be, or is kept: that says so, and nothing changes. */
static void taken(void **state)
{
    gfn_t away = {window.v + 0x100}, memory = {0};

    (void)state;
    assert_int_equal(slot_move(vm, memory, (gfn_t){away.v - 8}), SLOT_OK);
    assert_int_equal(hook(HOOK_HOLE, window, 1), -PV_EEXIST);
    assert_int_equal(slot_look(vm, window, &(struct slot *){NULL}), SLOT_USABLE);
    assert_int_equal(slot_move(vm, (gfn_t){away.v - 8}, memory), SLOT_OK);
    for (u64 i = 0; i < HOOK_WINDOW_MAX; i++)
        assert_int_equal(hook(HOOK_HOLE, page(i), 1), 0);
    assert_int_equal(slot_move(vm, memory, (gfn_t){window.v - WORLD_MEMORY + 1}), SLOT_OK);
    assert_int_equal(hook(HOOK_PROTECT, window, 0), -PV_EEXIST);
    assert_int_equal(hook(HOOK_PROTECT, window, 1), -PV_EEXIST);
    assert_int_equal(hook(HOOK_HOLE, window, 0), -PV_EEXIST);
    assert_int_equal(hook(HOOK_HOLE, page(1), 0), 0);
}

/* Of a page whose wait has failed nobody is told that it is missing. */
static void present_after_failure(void **state)
{
    (void)state;
    for (u32 on = 0; on < 2; on++) {
        gfn_t gfn = page(on);

        assert_int_equal(hook(HOOK_MISS, gfn, HOOK_HOLD), 0);
        assert_int_equal(hook(HOOK_FAIL, gfn, 0), 0);
        assert_int_equal(hook(on ? HOOK_PROTECT : HOOK_HOLE, gfn, 1), 0);
    }
}

/* Reads work, writes do not, and nothing makes the leaf writable; unprotected it is as before, contents and all. */
static void protect_one(void)
{
    struct tdp_leaf l;
    u32 word;

    fault_handle(v, gfn_gpa(window), ACCESS_WRITE);
    assert_int_equal(guest_write32(vm, gfn_gpa(window), 0x55), GUEST_OK);
    assert_int_equal(hook(HOOK_PROTECT, window, 1), 0);
    assert_int_equal(hook(HOOK_PROTECT, window, 1), 0);
    assert_false(leaf(window, &l)); /* a writable leaf is not left behind */
    fault_handle(v, gfn_gpa(window), ACCESS_READ);
    assert_true(leaf(window, &l));
    assert_false(l.write);
    assert_int_equal(tdp_fix(&vm->tdp, v->root, window, ACCESS_WRITE), TDP_NONE);
    assert_int_equal(guest_read32(vm, gfn_gpa(window), &word), GUEST_OK);
    assert_int_equal(word, 0x55);
    assert_int_equal(guest_write32(vm, gfn_gpa(window), 1), GUEST_HOLE);
    pager_unmap_range(vm, window, page(1));
    fault_prefetch(v, window);
    assert_true(leaf(window, &l));
    assert_false(l.write);
    assert_int_equal(hook(HOOK_PROTECT, window, 0), 0);
    fault_handle(v, gfn_gpa(window), ACCESS_WRITE);
    assert_true(leaf(window, &l) && l.write);
    assert_int_equal(guest_write32(vm, gfn_gpa(window), 1), GUEST_OK);
}

static void protect(void **state)
{
    const struct tdp_ops *const formats[] = {&tdp_npt, &tdp_ept,     &tdp_ept_noad,
                                             &tdp_s2,  &tdp_s2_soft, &tdp_toy};

    for (unsigned i = 0; i < ARRAY_SIZE(formats); i++) {
        world_end();
        fake_tdp = formats[i];
        setup(state);
        protect_one();
    }
    fake_tdp = formats[0];
}

static void writing_rom_is_the_end(void **state)
{
    struct tdp_leaf l;

    (void)state;
    fault_handle(v, gfn_gpa(rom), ACCESS_READ);
    assert_true(leaf(rom, &l));
    assert_false(l.write);
    write_lock(&vm->tdp.lock);
    assert_null(tdp_check(&vm->tdp, &(struct tdp_count){0}));
    write_unlock(&vm->tdp.lock);
    fault_handle(v, gfn_gpa(rom), ACCESS_WRITE);
    assert_int_equal(vm->status, VM_STATUS_GUEST_BUG);
    assert_non_null(strstr(fake.console, "write at gpa 0xd0010000, which is read-only"));
}

/* A0-37: #GP, and no state has changed. */
static void no_slot_there(void **state)
{
    (void)state;
    enable();
    u64 en = world_msr(v, PV_MSR_APF_EN);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_EN, gfn_gpa(rom).v | ACTIVE), OUTCOME_GP);
    assert_int_equal(hook(HOOK_PROTECT, window, 1), 0);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_EN, gfn_gpa(window).v | ACTIVE), OUTCOME_GP);
    assert_int_equal(hook(HOOK_HOLE, page(1), 1), 0);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_EN, gfn_gpa(page(1)).v | ACTIVE), OUTCOME_GP);
    assert_int_equal(world_msr(v, PV_MSR_APF_EN), en);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_EN, gfn_gpa(window).v), OUTCOME_DONE); /* off: any address */
}

/* T-A-084, A0-33: the marker cannot be written: no #PF, an artificial halt; the access completes, silently. */
static void mark_unwritable(void **state)
{
    (void)state;
    enable_at(window);
    assert_int_equal(hook(HOOK_PROTECT, window, 1), 0);
    expect_quiet();
    world_touch(v, 3);
    assert_int_equal(v->state, VCPU_APF_HALTED);
    assert_int_equal(at_load(&v->pub.requests), 0); /* and does not look at its slot again and again */
    world_read_done(3);
    expect_quiet();
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(hook(HOOK_PROTECT, window, 0), 0);
    assert_int_equal(world_slot(v, FLAGS), 0);
    expect_quiet();
}

/* T-A-123, A0-34: the ready record cannot be written: kept, and delivered when it can be, with a wake-all behind it. */
static void ready_unwritable(void **state)
{
    u32 token;

    (void)state;
    enable_at(window);
    token = miss(3);
    assert_int_equal(hook(HOOK_PROTECT, window, 1), 0);
    world_read_done(3);
    expect_quiet();
    assert_int_equal(at_load(&v->pub.requests), 0);
    assert_int_equal(hook(HOOK_PROTECT, window, 0), 0);
    expect_ready(token);
    expect_ready(APF_TOKEN_WAKE_ALL);
    expect_quiet();
    token = miss(4);
    world_read_done(4);
    expect_ready(token);
    expect_quiet(); /* once */
}

/* T-A-124, A0-35: the slot's memory is gone when the page is there, and comes back. */
static void slot_in_a_hole(void **state)
{
    u32 token;

    (void)state;
    enable_at(window);
    token = miss(3);
    world_slot_set(v, FLAGS, 0xabc); /* it holds what it held */
    assert_int_equal(hook(HOOK_HOLE, window, 1), 0);
    assert_int_equal(hook(HOOK_HOLE, window, 1), 0);
    assert_null(slot_find_any(vm, window));
    world_read_done(3);
    expect_quiet();
    assert_int_equal(at_load(&v->pub.requests), 0);
    assert_int_equal(hook(HOOK_HOLE, window, 0), 0);
    assert_int_equal(hook(HOOK_HOLE, window, 0), 0);
    assert_int_equal(world_slot(v, FLAGS), 0xabc);
    expect_ready(token);
    expect_quiet();
}

/* The same for memory that the guest moves away and back by hypercall. */
static void slot_moves_away(void **state)
{
    gfn_t memory = {0}, away = {0x40000};
    u32 token;

    (void)state;
    enable();
    token = miss(3);
    assert_int_equal(slot_move(vm, memory, away), SLOT_OK);
    world_read_done(3);
    expect_quiet();
    assert_int_equal(slot_move(vm, away, memory), SLOT_OK);
    expect_ready(token);
}

/* T-A-085, A0-38: the slot's page itself is missing: a halt, no recursion; it ends with the page, or with the slot. */
static void slot_missing(void **state)
{
    (void)state;
    enable_at(window);
    assert_int_equal(hook(HOOK_MISS, window, HOOK_HOLD), 0);
    world_touch(v, 3);
    assert_int_equal(v->state, VCPU_APF_HALTED);
    assert_int_equal(hook(HOOK_STATE, window, 0), HOOK_IS_AWAITED);
    world_read_done(3);
    expect_quiet();
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(hook(HOOK_DONE, window, 0), 0);
    expect_quiet();
    assert_int_equal(world_slot(v, FLAGS), 0);
    u32 token = miss(4);
    assert_int_equal(hook(HOOK_MISS, window, 200), 0);
    world_read_done(4);
    expect_quiet();
    pass_us(200);
    expect_ready(token);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(memory),
        test(refusals),
        test(later),
        test(taken),
        test(present_after_failure),
        test(protect),
        test(writing_rom_is_the_end),
        test(no_slot_there),
        test(mark_unwritable),
        test(ready_unwritable),
        test(slot_in_a_hole),
        test(slot_moves_away),
        test(slot_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
