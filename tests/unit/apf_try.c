/* SPDX-License-Identifier: BSD-2-Clause */
/* apf_try.c: which faults become asynchronous, which halt, which are sat out, and how each of them ends (A0). */
#include "apf_int_rig.h"
#include "fault.h"

#define FRAMES 256

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.apf = FL_APF_INT, .vcpus = 2, .cpus = 2, .frames = FRAMES});
    v = world.v;
    for (unsigned i = 0; i < 2; i++) {
        v = world.vm->vcpu[1 - i];
        enable();
    }
    return 0;
}

/* The access is sat out: no event, nothing interrupts, and the read ends it. */
static void expect_sync(u64 page)
{
    world_touch(v, page);
    assert_int_equal(v->state, VCPU_WAIT_PAGE);
    assert_int_equal(world_slot(v, FLAGS), 0);
    world_read_done(page);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(world_new(v), 0);
    assert_int_equal(v->apf.used, 0);
}

/* T-A-063, T-A-064, A0-9 d */
static void interrupts_not_open(void **state)
{
    (void)state;
    set_if(false);
    expect_sync(1);
    v->hw->intr_flag = true; /* IF = 1 behind an STI */
    expect_sync(2);
}

/* T-A-065, T-A-066, A0-9 b, c */
static void event_pending(void **state)
{
    (void)state;
    hw_inject_gp(v);
    assert_int_equal(world_next(v).event, FAKE_GP);
    expect_sync(1);
    assert_int_equal(v->hw->pending.event, FAKE_GP); /* delivered exactly once, later */
}

/* A fault being sat out is not interrupted; what came meanwhile is not lost. */
static void sync_wait_is_not_interrupted(void **state)
{
    (void)state;
    set_if(false);
    world_touch(v, 1);
    set_if(true);
    lapic_raise(v, 0x41);
    at_store(&v->pub.nmi, 1);
    vcpu_request(v, REQ_EVENT);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_WAIT_PAGE);
    world_read_done(1);
    world_enter(v);
    assert_int_equal(world_next(v).event, FAKE_NMI);
    expect_interrupt(0x41);
}

/* T-A-071, A0-7 */
static void second_touch_halts(void **state)
{
    u32 token;

    (void)state;
    token = miss(1);
    world_touch(v, 1);
    assert_int_equal(v->state, VCPU_APF_HALTED);
    assert_int_equal(world_new(v), 0);
    assert_int_equal(__builtin_popcountll(v->apf.used), 1);
    assert_int_equal(fake_disk.count, 1);
    world_read_done(1);
    expect_ready(token);
    world_touch(v, 1);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(world_new(v), 0);
    assert_int_equal(world.vm->pager.frames.free, FRAMES - 3); /* no frame was lost on the way */
}

/* T-A-072, A0-23: the other vCPU gets a token of its own; one read serves both. */
static void two_vcpus_one_page(void **state)
{
    struct vcpu *a = v, *b = world.vm->vcpu[1];
    u32 ta, tb;

    (void)state;
    ta = miss(1);
    v = b;
    tb = miss(1);
    assert_int_not_equal(ta, tb);
    assert_int_equal(fake_disk.count, 1);
    world_read_done(1);
    expect_ready(tb);
    v = a;
    expect_ready(ta);
}

/* T-A-073, A0-6, H-A-1 */
static void sixty_four_and_no_more(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64; i++)
        miss(i);
    world_touch(v, 64);
    assert_int_equal(v->state, VCPU_WAIT_PAGE);
    assert_int_equal(world_new(v), 0);
    world_read_done(64);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    world_read_done(7);
    expect_interrupt(WORLD_VECTOR);
    world_slot_set(v, TOKEN, 0);
    ack(), eoi();
    miss(65);
    assert_int_equal(world.vm->stats.not_present, 65);
    assert_int_equal(world.vm->stats.sync_waits, 1);
}

/* A0-6: the wake-all event counts. */
static void wake_all_counts(void **state)
{
    (void)state;
    world_slot_set(v, TOKEN, 1);
    set_en(ACTIVE);
    for (unsigned i = 0; i < 63; i++)
        miss(i);
    world_touch(v, 63);
    assert_int_equal(v->state, VCPU_WAIT_PAGE);
}

/* T-A-061, T-A-083, A0-23 */
static void tokens(void **state)
{
    u32 out[2][64];
    unsigned n = 0;

    (void)state;
    for (unsigned round = 0; round < 20000 / 32; round++) {
        for (unsigned i = 0; i < 32; i++) {
            unsigned who = i & 1;

            v = world.vm->vcpu[who];
            out[who][i / 2] = miss(i);
            assert_int_not_equal(out[who][i / 2], 0);
            assert_int_not_equal(out[who][i / 2], 0xffffffff);
            for (unsigned k = 0; k < i; k++)
                assert_int_not_equal(out[who][i / 2], out[k & 1][k / 2]);
            n++;
        }
        fake_disk_finish_all();
        for (unsigned i = 0; i < 32; i++) {
            v = world.vm->vcpu[i & 1];
            expect_ready(out[i & 1][i / 2]);
        }
        for (unsigned i = 0; i < 32; i++)
            world_evict(module_gfn(i));
        world_forget(world.vm->vcpu[0]);
        world_forget(world.vm->vcpu[1]);
    }
    assert_int_equal(world.vm->stats.not_present, n);
    assert_int_equal(world.vm->stats.ready, n);
}

/* A0-8, T-A-077, T-A-078: an artificial halt ends by interrupt and NMI, and resumes; RIP never moves. */
static void artificial_halt(void **state)
{
    unsigned completions;

    (void)state;
    set_en(ACTIVE & ~APF_EN_ALWAYS);
    expect_ready(APF_TOKEN_WAKE_ALL);
    completions = v->hw->completions;
    world_touch(v, 1);
    assert_int_equal(v->state, VCPU_APF_HALTED);
    lapic_raise(v, 0x41);
    expect_interrupt(0x41);
    world_touch(v, 1);
    assert_int_equal(v->state, VCPU_APF_HALTED);
    at_store(&v->pub.nmi, 1);
    vcpu_request(v, REQ_EVENT);
    world_enter(v);
    assert_int_equal(world_next(v).event, FAKE_NMI);
    world_touch(v, 1);
    assert_int_equal(v->state, VCPU_APF_HALTED);
    set_if(false); /* cannot be in a halt; shows that only deliverable events count */
    lapic_raise(v, 0x91);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_APF_HALTED);
    set_if(true);
    world_read_done(1);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(v->hw->completions, completions);
    assert_int_equal(v->apf.used, 0);
}

/* An interrupt that the last entry could not deliver ends the halt before it begins. */
static void halt_with_a_deliverable_interrupt(void **state)
{
    (void)state;
    set_en(ACTIVE & ~APF_EN_ALWAYS);
    expect_ready(APF_TOKEN_WAKE_ALL);
    v->hw->tpr = 0xf0;
    lapic_raise(v, 0x41);
    expect_quiet();
    v->hw->tpr = 0;
    world_touch(v, 1);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    expect_interrupt(0x41);
}

/* D2: the ticket of a dropped item does not finish the item that now has its number. */
static void stale_tickets(void **state)
{
    u32 token;

    (void)state;
    miss(1);
    set_en(0);
    set_en(ACTIVE);
    expect_ready(APF_TOKEN_WAKE_ALL);
    token = miss(2);
    world_read_done(1);
    expect_quiet();
    assert_int_equal(__builtin_popcountll(v->apf.used), 1);
    world_read_done(2);
    expect_ready(token);
    assert_int_equal(world.vm->stats.not_present, world.vm->stats.ready + world.vm->stats.dropped);
}

/* 128 stale tickets are out: the next fault is sat out. */
static void no_tickets_left(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 128; i++) {
        miss(i);
        if (i % 64 < 63)
            continue;
        set_en(0);
        set_en(ACTIVE);
        expect_ready(APF_TOKEN_WAKE_ALL);
        world_forget(v);
    }
    world_touch(v, 0);
    assert_int_equal(v->state, VCPU_WAIT_PAGE);
    world_read_done(0);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(world.vm->stats.dropped, 128);
}

/* T-A-084, A0-33, A0-38: the slot's page is away: no event, an artificial halt, and the page is fetched. */
static void slot_absent_at_miss(void **state)
{
    (void)state;
    world_evict(gpa_gfn((gpa_t){WORLD_SLOT(0)}));
    world_touch(v, 1);
    assert_int_equal(v->state, VCPU_APF_HALTED);
    assert_int_equal(world_new(v), 0);
    assert_true(fake_store_waits(&world.swap, 1));
    fake_store_finish(&world.swap, 1, 0);
    vcpu_service(v);
    assert_int_equal(world_slot(v, FLAGS), 0);
    assert_int_equal(v->state, VCPU_APF_HALTED);
    world_read_done(1);
    expect_quiet();
    assert_int_equal(v->state, VCPU_RUNNABLE);
}

/* T-A-085: the slot's own page is what is touched: no recursion, one read, no deadlock. */
static void slot_itself_is_touched(void **state)
{
    (void)state;
    world_evict(gpa_gfn((gpa_t){WORLD_SLOT(0)}));
    fault_handle(v, (gpa_t){WORLD_SLOT(0)}, ACCESS_READ);
    assert_int_equal(v->state, VCPU_APF_HALTED);
    assert_int_equal(fake_disk.count, 1);
    fake_store_finish(&world.swap, 1, 0);
    expect_quiet();
    assert_int_equal(v->state, VCPU_RUNNABLE);
}

/* T-A-123, T-A-124, A0-34: the slot's page is away when the read is done: held, then delivered. */
static void slot_absent_at_done(void **state)
{
    u32 a, b;

    (void)state;
    a = miss(1), b = miss(2);
    world_evict(gpa_gfn((gpa_t){WORLD_SLOT(0)}));
    world_read_done(1);
    expect_quiet();
    world_read_done(2);
    expect_quiet();
    fake_store_finish(&world.swap, 1, 0);
    expect_ready(a);
    expect_ready(b);
}

/* The same when there is not even a frame for the slot's page: the first one that becomes free is the slot's. */
static void no_frame_for_the_slot(void **state)
{
    struct exit hlt = {.kind = EXIT_HLT};
    static u32 held[FRAMES];
    unsigned n = 0;
    u32 token;

    (void)state;
    token = miss(1);
    world_evict(gpa_gfn((gpa_t){WORLD_SLOT(0)}));
    while ((held[n] = framepool_get(&world.vm->pager.frames, (gfn_t){0})) != FRAME_NONE)
        n++;
    world.vm->pager.low = 0; /* nothing is taken back either */
    world_read_done(1);
    expect_quiet();
    exit_handle(v, &hlt);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_HALTED);
    while (n)
        pager_frame_release(world.vm, held[--n]);
    expect_quiet();
    fake_store_finish(&world.swap, 1, 0);
    expect_ready(token);
}

/* The store is full when the slot's page is wanted: the vCPU's CPU gets back to its loop, which polls the store. */
static void store_full_for_the_slot(void **state)
{
    u32 token;

    (void)state;
    token = miss(1);
    world_evict(gpa_gfn((gpa_t){WORLD_SLOT(0)}));
    world_read_done(1);
    fake_disk.room = 0;
    for (unsigned i = 0; i < 3; i++)
        world_enter(v); /* each time it comes back */
    assert_int_equal(world_new(v), 0);
    fake_disk.room = FAKE_QUEUE;
    expect_quiet();
    fake_store_finish(&world.swap, 1, 0);
    expect_ready(token);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(interrupts_not_open),
        test(event_pending),
        test(sync_wait_is_not_interrupted),
        test(second_touch_halts),
        test(two_vcpus_one_page),
        test(sixty_four_and_no_more),
        test(wake_all_counts),
        test(tokens),
        test(artificial_halt),
        test(halt_with_a_deliverable_interrupt),
        test(stale_tickets),
        test(no_tickets_left),
        test(slot_absent_at_miss),
        test(slot_itself_is_touched),
        test(slot_absent_at_done),
        test(no_frame_for_the_slot),
        test(store_full_for_the_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
