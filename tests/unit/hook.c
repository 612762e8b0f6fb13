/* SPDX-License-Identifier: BSD-2-Clause */
/* hook.c: the test hook: pages that go missing and come back, as the guest that asks for it sees them. */
#include "hook_rig.h"
#include "loop.h"
#include "watchdog.h"

#define G module_gfn(3)

static int setup(void **state)
{
    (void)state;
    make_hooked(&(struct world_config){.apf = FL_APF_INT, .vcpus = 2, .cpus = 2, .frames = 600});
    return 0;
}

static bool mapped_to(gfn_t gfn, u64 *pfn)
{
    struct tdp_leaf leaf;

    if (tdp_lookup(&vm->tdp, v->root, gfn, &leaf) != TDP_OK)
        return false;
    *pfn = leaf.pfn.v;
    return true;
}

/* Ports of other sizes and numbers are as if nobody drove them; so are all without the device. */
static void ports(void **state)
{
    struct exit byte = {.kind = EXIT_IO, .io = {.port = HOOK_PORT_ID, .size = 1}};
    struct hook *device = vm->hook;

    (void)state;
    assert_int_equal(port_in(HOOK_PORT_ID), HOOK_ID);
    assert_int_equal(port_in(HOOK_PORT_CAPS), 0x3fe);
    assert_int_equal(port_in(HOOK_PORT_PAGE), ~0u);
    assert_int_equal(port_in(HOOK_PORT_ID + 1), ~0u);
    assert_int_equal(port_in(HOOK_PORT_END), ~0u);
    exit_handle(v, &byte);
    assert_int_equal(byte.io.value, ~0u);
    byte.io = (typeof(byte.io)){.port = HOOK_PORT_COMMAND, .size = 2, .write = true, .value = HOOK_WINDOW};
    exit_handle(v, &byte);
    assert_int_equal(port_in(HOOK_PORT_COMMAND), 0);
    assert_int_equal(hook(0, G, 0), -PV_ENOSYS);
    assert_int_equal(hook(HOOK_SAVE, G, 0), -PV_ENOSYS);
    assert_int_equal(hook(~0u, G, 0), -PV_ENOSYS);
    vm->hook = NULL;
    assert_int_equal(port_in(HOOK_PORT_ID), ~0u);
    assert_true(port_out(HOOK_PORT_COMMAND, HOOK_MISS));
    vm->hook = device;
}

static void refusals(void **state)
{
    gfn_t hole = gpa_gfn((gpa_t){WORLD_HOLE});

    (void)state;
    assert_int_equal(hook(HOOK_MISS, hole, 0), -PV_EFAULT);
    assert_int_equal(hook(HOOK_STATE, hole, 0), -PV_EFAULT);
    assert_int_equal(hook(HOOK_MISS, G, HOOK_DELAY_MAX + 1), -PV_EINVAL);
    assert_int_equal(hook(HOOK_DONE, G, HOOK_DELAY_MAX + 1), -PV_EINVAL);
    assert_int_equal(hook(HOOK_DONE, G, 0), -PV_ENOENT);
    assert_int_equal(hook(HOOK_FAIL, G, 0), -PV_ENOENT);
    assert_int_equal(hook(HOOK_STATE, G, 0), HOOK_IS_PRESENT);
    assert_int_equal(hook(HOOK_MISS, G, HOOK_HOLD), 0);
    assert_int_equal(hook(HOOK_MISS, G, HOOK_HOLD), -PV_EBUSY);
    assert_int_equal(hook(HOOK_COUNT, G, 6), -PV_EINVAL);
    assert_int_equal(vm->hook->count, 1);
}

/* A page of the APIC or of nobody is not the guest's to take away. */
static void not_the_apic_page(void **state)
{
    (void)state;
    vm->state = VM_SETUP;
    assert_int_equal(slot_add_private(vm, SLOT_APIC_PAGE, (gfn_t){0xfee00}), SLOT_OK);
    vm->state = VM_RUNNING;
    v->hw->virt_apic = true;
    fault_handle(v, (gpa_t){0xfee00000}, ACCESS_WRITE);
    assert_int_equal(hook(HOOK_MISS, (gfn_t){0xfee00}, 0), -PV_EFAULT);
    assert_int_equal(world_state((gfn_t){0xfee00}), PAGE_RESIDENT);
    assert_int_equal(vm->hook->count, 0);
}

/* It keeps its frame, what the guest wrote, and that it is dirty; in between nobody reaches it, nor takes it. */
static void contents_stay(void **state)
{
    gfn_t g = {30};
    u64 before, after;
    u32 word = 0;

    (void)state;
    fault_handle(v, gfn_gpa(g), ACCESS_WRITE);
    assert_int_equal(guest_write32(vm, gfn_gpa(g), 0x1234), GUEST_OK);
    assert_true(mapped_to(g, &before));
    assert_int_equal(hook(HOOK_MISS, g, HOOK_HOLD), 0);
    assert_int_equal(hook(HOOK_STATE, g, 0), HOOK_IS_MISSING);
    assert_false(mapped_to(g, &after));
    assert_int_equal(guest_read32(vm, gfn_gpa(g), &word), GUEST_ABSENT);
    assert_int_equal(pager_evict_range(vm, g, (gfn_t){31}), 0);
    assert_int_equal(pager_migrate_range(vm, g, (gfn_t){31}), 0);
    assert_int_equal(slot_delete(vm, (gfn_t){0}), SLOT_BUSY);
    assert_int_equal(hook(HOOK_STATE, g, 0), HOOK_IS_MISSING);
    assert_int_equal(hook(HOOK_DONE, g, 0), 0);
    assert_int_equal(hook(HOOK_STATE, g, 0), HOOK_IS_PRESENT);
    assert_int_equal(guest_read32(vm, gfn_gpa(g), &word), GUEST_OK);
    assert_int_equal(word, 0x1234);
    assert_true(slot_page(&vm->slot[0], g)->word & PAGE_DIRTY);
    fault_handle(v, gfn_gpa(g), ACCESS_READ);
    assert_true(mapped_to(g, &after));
    assert_int_equal(after, before);
    assert_int_equal(vm->hook->count, 0);
}

/* A page that is on disk or in swap is brought in first. */
static void absent_page(void **state)
{
    gfn_t g = {30};

    (void)state;
    assert_int_equal(hook(HOOK_MISS, G, HOOK_HOLD), 0);
    assert_int_equal(vm->stats.reads, 1);
    assert_int_equal(world_state(G), PAGE_ASIDE);
    fault_handle(v, gfn_gpa(g), ACCESS_WRITE);
    assert_int_equal(guest_write32(vm, gfn_gpa(g), 7), GUEST_OK);
    world_evict(g);
    assert_int_equal(hook(HOOK_MISS, g, HOOK_HOLD), 0);
    assert_int_equal(hook(HOOK_DONE, g, 0), 0);
    assert_int_equal(guest_read32(vm, gfn_gpa(g), &(u32){0}), GUEST_OK);
}

/* A whole cycle of APF over a missing page: no disk is asked, and the delay counts from the touch on. */
static void asynchronous(void **state)
{
    u32 token;

    (void)state;
    enable();
    assert_int_equal(hook(HOOK_MISS, G, 500), 0);
    u64 reads = vm->stats.reads;
    pass_us(1000);
    assert_int_equal(hook(HOOK_STATE, G, 0), HOOK_IS_MISSING);
    assert_int_equal(fake.kicks[0], 0);
    token = miss(3);
    assert_int_equal(fake.kicks[0], 1); /* its CPU must not run the guest beyond the time */
    assert_int_equal(hook(HOOK_STATE, G, 0), HOOK_IS_AWAITED);
    assert_int_equal(hook_work(vm, fake.now), fake.now + 500 * US);
    pass_us(499);
    expect_quiet();
    pass_us(1);
    expect_ready(token);
    assert_int_equal(hook(HOOK_STATE, G, 0), HOOK_IS_PRESENT);
    assert_int_equal(hook_work(vm, fake.now), TIME_NEVER);
    assert_int_equal(vm->stats.reads, reads);
    world_touch(v, 3);
    assert_true(world_mapped(G));
}

/* Two vCPUs wait for one page, each with its own token; the other CPU is kicked when it is there. */
static void two_wait(void **state)
{
    struct vcpu *first = v;
    u32 token, other;

    (void)state;
    enable();
    v = vm->vcpu[1];
    enable();
    assert_int_equal(hook(HOOK_MISS, G, HOOK_HOLD), 0);
    other = miss(3);
    v = first;
    token = miss(3);
    assert_int_not_equal(token, other);
    fake_cpu = 0;
    at_store(&vm->vcpu[1]->pub.mode, MODE_BLOCKED);
    assert_int_equal(hook(HOOK_DONE, G, 0), 0);
    assert_int_equal(fake.kicks[1], 1);
    req_back(&vm->vcpu[1]->pub);
    expect_ready(token);
    v = vm->vcpu[1];
    expect_ready(other);
}

/* DONE with a delay, with and without somebody waiting; the last word counts. */
static void done_later(void **state)
{
    u32 token;

    (void)state;
    enable();
    assert_int_equal(hook(HOOK_MISS, G, HOOK_HOLD), 0);
    assert_int_equal(hook(HOOK_DONE, G, 100), 0);
    pass_us(99);
    assert_int_equal(hook(HOOK_STATE, G, 0), HOOK_IS_MISSING);
    pass_us(1);
    assert_int_equal(hook(HOOK_STATE, G, 0), HOOK_IS_PRESENT);
    assert_int_equal(hook(HOOK_MISS, G, HOOK_HOLD), 0);
    token = miss(3);
    assert_int_equal(hook(HOOK_DONE, G, 300), 0);
    pass_us(200);
    assert_int_equal(hook(HOOK_DONE, G, 300), 0);
    pass_us(299);
    expect_quiet();
    pass_us(1);
    expect_ready(token);
}

/* T-A-115, A3-95: the event comes, the page does not; the next access gets it without another event or wait. */
static void failure(void **state)
{
    u32 token;

    (void)state;
    enable();
    assert_int_equal(hook(HOOK_MISS, G, HOOK_HOLD), 0);
    token = miss(3);
    assert_int_equal(hook(HOOK_FAIL, G, 0), 0);
    assert_int_equal(hook(HOOK_STATE, G, 0), HOOK_IS_PRESENT);
    assert_int_equal(hook(HOOK_DONE, G, 0), -PV_ENOENT);
    expect_ready(token);
    assert_false(world_mapped(G));
    assert_int_equal(world_state(G), PAGE_ASIDE);
    u64 told = vm->stats.not_present, waits = vm->stats.sync_waits;
    world_touch(v, 3);
    assert_true(world_mapped(G));
    assert_int_equal(vm->stats.not_present, told);
    assert_int_equal(vm->stats.sync_waits, waits);
    assert_int_equal(vm->hook->count, 0);
}

/* It fails after a while; it goes missing again; the host's own access gets a failed page, too. */
static void failure_again(void **state)
{
    (void)state;
    enable();
    assert_int_equal(hook(HOOK_MISS, G, HOOK_HOLD), 0);
    assert_int_equal(hook(HOOK_FAIL, G, 50), 0);
    pass_us(50);
    assert_int_equal(world_state(G), PAGE_ASIDE);
    assert_int_equal(hook(HOOK_STATE, G, 0), HOOK_IS_PRESENT);
    assert_int_equal(hook(HOOK_MISS, G, HOOK_HOLD), 0);
    assert_int_equal(hook(HOOK_STATE, G, 0), HOOK_IS_MISSING);
    u32 token = miss(3);
    assert_int_equal(hook(HOOK_FAIL, G, 0), 0);
    expect_ready(token);
    guest_bring(v, G);
    world_enter(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(world_state(G), PAGE_RESIDENT);
    assert_int_equal(vm->hook->count, 0);
}

static void limits(void **state)
{
    gfn_t g = {0};

    (void)state;
    for (g.v = 20; g.v < 20 + HOOK_MISSING_MAX; g.v++)
        assert_int_equal(hook(HOOK_MISS, g, HOOK_HOLD), 0);
    assert_int_equal(hook(HOOK_MISS, g, HOOK_HOLD), -PV_ENOMEM);
    assert_int_equal(hook(HOOK_MISS, (gfn_t){20}, HOOK_HOLD), -PV_EBUSY);
    assert_int_equal(hook(HOOK_DONE, (gfn_t){20}, 0), 0);
    assert_int_equal(hook(HOOK_MISS, g, HOOK_HOLD), 0);
}

/* Few frames: most of them stay with the guest. */
static void share(void **state)
{
    (void)state;
    world_end();
    make_hooked(&(struct world_config){.frames = 40});
    for (u64 g = 20; g < 30; g++)
        assert_int_equal(hook(HOOK_MISS, (gfn_t){g}, HOOK_HOLD), 0);
    assert_int_equal(hook(HOOK_MISS, (gfn_t){30}, HOOK_HOLD), -PV_ENOMEM);
    for (u64 g = 30; g < 80; g++) {
        fault_handle(v, (gpa_t){g * PAGE_SIZE}, ACCESS_WRITE);
        fake_disk_finish_all();
        world_enter(v);
        assert_int_equal(v->state, VCPU_RUNNABLE);
    }
}

static void other_cpu_wants_it(unsigned cpu)
{
    struct vcpu *other = vm->vcpu[1];

    fake.kick = NULL;
    assert_int_equal(cpu, 1);
    assert_int_equal(world_state(G), PAGE_EVICTING);
    req_back(&other->pub);
    guest_bring(other, G);
}

/* A page may be wanted between the moment it is taken and the moment it is known to be missing. */
static void wanted_at_once(void **state)
{
    (void)state;
    world_touch(v, 3);
    fake_disk_finish_all();
    world_enter(v);
    world_touch(v, 3);
    at_or(&vm->vcpu[1]->pub.mode, MODE_IN_GUEST);
    fake.kick = other_cpu_wants_it;
    assert_int_equal(hook(HOOK_MISS, G, 100), 0);
    assert_null(fake.kick);
    assert_int_equal(hook(HOOK_STATE, G, 0), HOOK_IS_AWAITED);
    assert_int_equal(vm->vcpu[1]->state, VCPU_WAIT_PAGE);
    pass_us(100);
    world_enter(vm->vcpu[1]);
    assert_int_equal(vm->vcpu[1]->state, VCPU_RUNNABLE);
}

static u32 counted(u32 what)
{
    return (u32)hook(HOOK_COUNT, (gfn_t){0}, what);
}

static void counts(void **state)
{
    u32 exits, busy;

    (void)state;
    enable();
    exits = counted(HOOK_COUNT_EXITS);
    assert_int_equal(counted(HOOK_COUNT_EXITS), exits + 4);
    assert_int_equal(counted(HOOK_COUNT_READY), 1);
    hook(HOOK_MISS, G, HOOK_HOLD);
    u32 sync = counted(HOOK_COUNT_SYNC);
    u32 token = miss(3);
    assert_int_equal(counted(HOOK_COUNT_NOT_PRESENT), 1);
    assert_int_equal(counted(HOOK_COUNT_HALTS), 0);
    hook(HOOK_DONE, G, 0);
    expect_ready(token);
    assert_int_equal(counted(HOOK_COUNT_READY), 2);
    assert_int_equal(counted(HOOK_COUNT_SYNC), sync);
    busy = counted(HOOK_COUNT_BUSY_US);
    vcpu_set_state(vm->vcpu[1], VCPU_HALTED);
    fake.now += 1000 * US;
    assert_int_equal(counted(HOOK_COUNT_BUSY_US), busy + 1000);
}

static unsigned stays;

/* One access to the missing page; then the end. */
static void touches_once(struct vcpu *who, struct exit *e)
{
    fake.now += US;
    *e = (struct exit){.kind = EXIT_TDP, .tdp = {.gpa = gfn_gpa(G), .access = ACCESS_READ}};
    if (stays++)
        vm_exit(who->vm, 0);
}

/* The loop gives a page back when it is due: its CPU sleeps no longer than that. */
static void loop_gives_back(void **state)
{
    (void)state;
    world_end();
    make_hooked(&(struct world_config){.frames = 600});
    assert_int_equal(hook(HOOK_MISS, G, 700), 0);
    u64 start = fake.now;
    stays = 0;
    fake_guest = touches_once;
    loop_run(vm);
    assert_int_equal(stays, 2);
    assert_int_equal(fake.now, start + (1 + 700 + 1) * US);
    assert_int_equal(hook(HOOK_STATE, G, 0), HOOK_IS_PRESENT);
}

/* A page that is held is not a store that is silent; and the VM ends, with pages missing and waited for. */
static void end(void **state)
{
    (void)state;
    enable();
    hook(HOOK_MISS, G, HOOK_HOLD);
    miss(3);
    hook(HOOK_MISS, module_gfn(4), HOOK_HOLD);
    guest_bring(v, module_gfn(4));
    assert_int_equal(v->state, VCPU_WAIT_PAGE);
    watchdog_look(vm, fake.now + 10 * vm->config.io_give_up);
    assert_int_equal(vm->state, VM_RUNNING);
    vm_exit(vm, 5);
    loop_run(vm);
    assert_int_equal(vm->status, 5);
    assert_int_equal(v->state, VCPU_WAIT_PAGE); /* and is given back with the VM */
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(ports),           test(refusals),    test(not_the_apic_page),
        test(contents_stay),   test(absent_page), test(asynchronous),
        test(two_wait),        test(done_later),  test(failure),
        test(failure_again),   test(limits),      test(share),
        test(wanted_at_once),  test(counts),      test(end),
        test(loop_gives_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
