/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slot_readers.c: what the readers of slots see while slots go, or go elsewhere (SPEC B5, H-B-10, 11, 24).
 *
 * The test plays CPU 1, in a pass for which the update, on a thread that plays CPU 0, has to wait.
 */
#include <pthread.h>
#include <sched.h>
#include "fake/world.h"
#include "fault.h"
#include "guestmem.h"
#include "loop.h"

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

static struct {
    pthread_t thread;
    enum slot_error (*update)(void);
    enum slot_error result;
    u32 ended;
} other;

static enum slot_error delete_module(void)
{
    return slot_delete(vm, module_gfn(0));
}

static enum slot_error move_by_16(void)
{
    return slot_move(vm, module_gfn(0), module_gfn(16));
}

static void *update_thread(void *unused)
{
    fake_cpu = 0;
    pass_enter(&vm->passes.cpu[0].count); /* as in an exit's handler */
    other.result = other.update();
    pass_leave(&vm->passes.cpu[0].count);
    at_store(&other.ended, 1);
    return unused;
}

/* CPU 1 is in a pass; CPU 0 begins the update. */
static void update_begins(enum slot_error (*update)(void))
{
    fake_cpu = 1;
    pass_enter(&vm->passes.cpu[1].count);
    at_store(&other.ended, 0);
    other.update = update;
    assert_int_equal(pthread_create(&other.thread, NULL, update_thread, NULL), 0);
}

static void wait_until_published(const struct slots *seen)
{
    while (at_load(&vm->slots) == seen)
        sched_yield();
}

/*
 * CPU 1's next pass, with nothing from the last one; returns once the next set is there. The update may not have looked
 * at the last pass yet, and would wait for this one in its place: so there are passes until it has seen one end.
 */
static void next_pass(void)
{
    const struct slots *seen = vm->slots;

    do {
        pass_leave(&vm->passes.cpu[1].count);
        pass_enter(&vm->passes.cpu[1].count);
        sched_yield();
    } while (at_load(&vm->slots) == seen);
}

static enum slot_error update_ends(void)
{
    pass_leave(&vm->passes.cpu[1].count);
    pthread_join(other.thread, NULL);
    return other.result;
}

/* B5-3: no mapping, no kill, no #GP, no page brought in, none taken away; all of it comes back afterwards. */
static void invalid_means_try_again(void **state)
{
    const struct slots *old = vm->slots;
    gfn_t g = module_gfn(20); /* memory before and after */
    struct slot *s;
    u64 faults;
    u32 word;

    (void)state;
    touch(g);
    world_read_done(20);
    vcpu_service(v);
    slot_page(slot_find(vm, g), g)->word &= ~PAGE_REF;
    pager_unmap_range(vm, g, (gfn_t){g.v + 1});
    update_begins(move_by_16);
    wait_until_published(old);
    assert_int_equal(vm->slots->generation & 1, 1); /* B5-4 */
    assert_int_equal(slot_look(vm, g, &s), SLOT_INVALID);
    assert_ptr_equal(slot_find_any(vm, g), s);
    faults = vm->stats.tdp_retries;
    touch(g);
    fault_prefetch(v, g);
    assert_false(world_mapped(g));
    assert_int_equal(vm->stats.tdp_retries, faults + 1);
    assert_int_equal(guest_read32(vm, gfn_gpa(g), &word), GUEST_ABSENT);
    guest_bring(v, g);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(pager_evict_range(vm, g, (gfn_t){g.v + 1}), 0);
    vm->pager.low = vm->pager.frames.count;
    (void)pager_reclaim(vm);
    vm->pager.low = 1;
    assert_int_equal(slot_page(s, g)->word & PAGE_STATE, PAGE_RESIDENT);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_EN, gfn_gpa(g).v | APF_EN_ON | APF_EN_INT), OUTCOME_DONE);
    assert_int_equal(v->pub.requests & REQ_DONE, REQ_DONE); /* its wake-all waits for the slot: look again */
    assert_int_equal(slot_delete(vm, (gfn_t){0}), SLOT_BUSY);
    assert_int_equal(at_load(&other.ended), 0);
    next_pass();
    assert_int_equal(vm->state, VM_RUNNING);
    assert_int_equal(slot_look(vm, g, &s), SLOT_USABLE); /* H-B-24 */
    assert_int_equal(s->base.v, module_gfn(16).v);
    assert_int_equal(update_ends(), SLOT_OK);
}

/* What was looked up stays usable to the end of the pass, page states included (the address sanitizer watches). */
static void freed_after_readers(void **state)
{
    const struct slots *old = vm->slots;
    struct slot *s = slot_find(vm, module_gfn(3));

    (void)state;
    update_begins(delete_module);
    wait_until_published(old);
    assert_ptr_equal(slot_find_any(vm, module_gfn(3)), s);
    next_pass();
    assert_null(slot_find_any(vm, module_gfn(3)));
    for (unsigned i = 0; i < 1000; i++)
        sched_yield();
    assert_int_equal(at_load(&other.ended), 0);
    assert_int_equal(s->base.v, module_gfn(0).v); /* looked up just before */
    assert_int_equal(slot_page(s, module_gfn(3))->word, PAGE_ABSENT);
    assert_int_equal(update_ends(), SLOT_OK);
}

/* A read that begins in the pass that saw the old set: the update finds it, and is refused. */
static void io_of_the_old_set(void **state)
{
    const struct slots *old = vm->slots;
    struct slot *s = slot_find(vm, module_gfn(3));

    (void)state;
    update_begins(delete_module);
    wait_until_published(old);
    pager_load(vm, s, module_gfn(3), NULL);
    next_pass();
    assert_int_equal(update_ends(), SLOT_BUSY);
    assert_ptr_equal(slot_find(vm, module_gfn(3)), s);
    world_read_done(3);
    assert_int_equal(world_state(module_gfn(3)), PAGE_RESIDENT);
}

/* H-B-10, H-B-11, B5-2: an open bracket keeps its slots; it sees the same set at both ends. */
static void bracket_first(void **state)
{
    struct inv_bracket b = {.who = "test"};
    const struct slots *old = vm->slots;

    (void)state;
    bracket_enter(vm, &b);
    update_begins(delete_module);
    pass_leave(&vm->passes.cpu[1].count);
    for (unsigned i = 0; i < 1000; i++)
        sched_yield();
    assert_ptr_equal(vm->slots, old);
    write_lock(&vm->tdp.lock);
    bracket_start(vm, &b);
    bracket_add(vm, &b, module_gfn(0), module_gfn(1));
    write_unlock(&vm->tdp.lock);
    for (unsigned i = 0; i < 1000; i++)
        sched_yield();
    assert_ptr_equal(vm->slots, old);
    pass_enter(&vm->passes.cpu[1].count);
    bracket_end(vm, &b);
    wait_until_published(old);
    assert_int_equal(update_ends(), SLOT_OK);
    assert_int_equal(vm->inv.active, 0);
    assert_null(strstr(fake.console, "invariant"));
}

#define MOVES     300
#define MOVES_MAX 1000000 /* on a busy machine, until the reader has met both answers */

static struct {
    u32 enough, done;
} moves;

static void *moves_thread(void *unused)
{
    fake_cpu = 0;
    for (unsigned i = 0; i < MOVES || (!at_load(&moves.enough) && i < MOVES_MAX); i++)
        assert_int_equal(slot_move(vm, (gfn_t){0}, (gfn_t){0}), SLOT_OK);
    at_store(&moves.done, 1);
    return unused;
}

/* A copy holds all its pages before it touches the first: what is held stays, be the slot INVALID by then. */
static void copies_under_moves(void **state)
{
    static char bytes[3 * PAGE_SIZE];
    unsigned copied = 0, absent = 0;
    pthread_t thread;
    gfn_t at;

    (void)state;
    for (u64 g = 40; g < 43; g++)
        touch((gfn_t){g});
    assert_int_equal(pthread_create(&thread, NULL, moves_thread, NULL), 0);
    fake_cpu = 1;
    while (!at_load(&moves.done)) {
        enum guest_access r;

        pass_enter(&vm->passes.cpu[1].count);
        r = guest_read(vm, (gpa_t){40 * PAGE_SIZE + 8}, bytes, 2 * PAGE_SIZE, &at);
        pass_leave(&vm->passes.cpu[1].count);
        assert_true(r == GUEST_OK || r == GUEST_ABSENT);
        copied += r == GUEST_OK;
        absent += r == GUEST_ABSENT;
        at_store(&moves.enough, copied && absent);
    }
    pthread_join(thread, NULL);
    assert_true(copied && absent);
}

/* ---- Where a pass begins and ends ---- */

static unsigned inside, outside;

static void note(bool want)
{
    assert_int_equal(pass_inside(&vm->passes.cpu[0].count), want);
    inside += want;
    outside += !want;
}

static void polled(struct store_req *r)
{
    (void)r;
    note(true);
}

static const struct store_ops *real_ops;

static int submitted(struct store *s, struct store_req *r)
{
    note(true);
    return real_ops->submit(s, r);
}

static void sleeping(void)
{
    note(false);
}

static void guest(struct vcpu *of, struct exit *e)
{
    note(false);
    if (of->hw->entries == 1)
        *e = (struct exit){.kind = EXIT_TDP, .tdp = {.gpa = module_gpa(3), .access = ACCESS_WRITE}};
    else
        vm_exit(vm, 0);
}

static void passes_of_a_cpu(void **state)
{
    static char page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
    struct store_req r = {.op = STORE_READ, .frame = port_hpa(page), .done = polled};
    struct store_ops ops = *world.module.store.ops;

    (void)state;
    inside = outside = 0;
    real_ops = world.module.store.ops;
    ops.submit = submitted;
    assert_int_equal(store_submit(&world.swap.store, &r), 0); /* done() in the first pass */
    world.module.store.ops = &ops;
    fake_guest = guest;
    fake.idle = sleeping;
    fake_disk.prompt = 200;
    loop_run(vm);
    note(false);
    assert_int_equal(inside, 2);
    assert_true(outside >= 3);
    world.module.store.ops = real_ops;
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(invalid_means_try_again), test(freed_after_readers), test(io_of_the_old_set),
        test(bracket_first),           test(copies_under_moves),  test(passes_of_a_cpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
