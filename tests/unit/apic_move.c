/* SPDX-License-Identifier: BSD-2-Clause */
/* apic_move.c: the APIC page is made with what nobody reads, goes where it should, and all are told (SPEC B7). */
#include <pthread.h>
#include <sched.h>
#include "fake/world.h"
#include "apic_move.h"
#include "fault.h"
#include "loop.h"

static struct vm *vm;
static struct vcpu *v, *w;
static struct slot *apic;
static u32 over;

static void make(u64 moves, unsigned cpus)
{
    world_make(&(struct world_config){.vcpus = 2, .cpus = cpus});
    vm = world.vm;
    v = world.v;
    w = vm->vcpu[1];
    fake.may_virt_apic = true;
    fake.tick = 10;                                            /* or a bracket would stay open for ever */
    assert_int_equal(slot_delete(vm, module_gfn(0)), SLOT_OK); /* room in swap */
    vm->state = VM_SETUP;
    assert_true(apic_page_make(vm));
    vm->config.apic_moves = moves;
    apic_move_init(vm);
    vm->state = VM_RUNNING;
    assert_int_equal(slot_by_id(vm, SLOT_APIC_PAGE, &apic), SLOT_USABLE);
    v->hw->virt_apic = w->hw->virt_apic = true;
    apic_page_request(vm);
}

static int setup(void **state)
{
    (void)state;
    make(1000, 2);
    return 0;
}

static u32 *words(void)
{
    return port_map(pager_hpa(vm, apic->page->word));
}

static hpa_t where(void)
{
    return pager_hpa(vm, apic->page->word);
}

static void guest(struct vcpu *of, struct exit *e)
{
    assert_int_equal(of->hw->apic_page.v, where().v);
    assert_int_equal(vm->inv.in_progress, 0);
    e->kind = EXIT_INTR;
}

static void both_run(void)
{
    unsigned before[] = {v->hw->entries, w->hw->entries};

    fake_guest = guest;
    for (unsigned i = 0; i < 3; i++) {
        fake_cpu = 0;
        world_enter(v);
        fake_cpu = 1;
        world_enter(w);
        fake_disk_finish_all();
    }
    fake_cpu = 0;
    assert_true(v->hw->entries > before[0] && w->hw->entries > before[1]);
}

static void step(void)
{
    fake.now = vm->apic_move.next;
    assert_true(apic_move_work(vm, fake.now) > fake.now);
}

/* Where hardware may need it: private, full of the one word, at its place, dirty, so that it can be evicted. */
static void is_made(void **state)
{
    (void)state;
    assert_int_equal(apic->base.v, 0xfee00);
    assert_int_equal(apic->pages, 1);
    for (unsigned i = 0; i < PAGE_SIZE / 4; i++)
        assert_int_equal(words()[i], APIC_PAGE_WORD);
    assert_true(apic->page->word & PAGE_DIRTY);
    world_evict(APIC_PAGE_GFN);
    both_run();
    assert_int_equal(words()[77], APIC_PAGE_WORD);
}

static void is_not_made(void **state)
{
    struct slot *s;

    (void)state;
    world_make(&(struct world_config){.vcpus = 1});
    vm = world.vm;
    vm->config.apic_moves = 3;
    fake.may_virt_apic = false;
    assert_true(apic_page_make(vm));
    apic_move_init(vm);
    assert_int_equal(slot_by_id(vm, SLOT_APIC_PAGE, &s), SLOT_NONE);
    assert_int_equal(vm->apic_move.left, 0);
    apic_move_report(vm);
    assert_null(strstr(fake.console, "APIC page"));
}

/* Nobody's memory but of a vCPU whose registers the hardware sees to (B7-6). */
static void memory_for_some(void **state)
{
    (void)state;
    fault_handle(v, gfn_gpa(APIC_PAGE_GFN), ACCESS_WRITE);
    assert_int_equal(vm->state, VM_RUNNING);
    assert_true(world_mapped(APIC_PAGE_GFN));
    w->hw->virt_apic = false;
    fault_handle(w, gfn_gpa(APIC_PAGE_GFN), ACCESS_READ);
    assert_int_equal(vm->status, VM_STATUS_GUEST_BUG);
}

/* All kinds of moves, in their turn: another frame each time, or none until somebody wants it; the old one is free. */
static void goes_round(void **state)
{
    hpa_t before;
    u32 free;

    (void)state;
    both_run();
    free = vm->pager.frames.free;
    for (unsigned i = 1; i <= 3 * APIC_MOVE_EVICT; i++) {
        before = where();
        step();
        if (i % APIC_MOVE_EVICT) {
            assert_int_equal(apic->page->word & PAGE_STATE, PAGE_RESIDENT);
            assert_int_not_equal(where().v, before.v);
        } else {
            fake_disk_finish_all();
            assert_int_equal(apic->page->word & PAGE_STATE, PAGE_ABSENT);
        }
        assert_true(v->pub.requests & w->pub.requests & REQ_APIC_PAGE);
        both_run();
        assert_int_equal(words()[1], APIC_PAGE_WORD);
        assert_int_equal(vm->pager.frames.free, free);
    }
    assert_int_equal(vm->apic_move.evictions, 3);
    assert_int_equal(vm->apic_move.moves, 3 * APIC_MOVE_EVICT - 3);
    assert_int_equal(vm->apic_move.left, 1000 - 3 * APIC_MOVE_EVICT + 3);
    assert_int_equal(vm->apic_move.strays, 0);
    assert_int_equal(v->apic_page.reloads, v->hw->apic_pages);
}

/* The other CPU, between two stays in the guest. */
static void *serve(void *unused)
{
    (void)unused;
    fake_cpu = 1;
    while (!at_load_acq(&over) || at_load(&w->pub.requests))
        if (at_load(&w->pub.requests))
            vcpu_service(w);
        else
            sched_yield();
    return NULL;
}

/* B7-12: the bracket stays open until somebody waits for its end. That one goes on with the new frame. */
static void bracket_first(void **state)
{
    pthread_t other;

    (void)state;
    both_run();
    fake.tick = 0; /* it is not time that ends it */
    vm->apic_move.turn = 0;
    over = 0;
    assert_int_equal(pthread_create(&other, NULL, serve, NULL), 0);
    step();
    while (at_load(&w->pub.requests))
        sched_yield();
    at_store_rel(&over, 1);
    pthread_join(other, NULL);
    assert_int_equal(vm->apic_move.open, 1);
    assert_int_equal(vm->apic_move.moves, 1);
    assert_true(w->apic_page.turned_away >= APIC_PAGE_PASSES);
    assert_int_equal(w->state, VCPU_RUNNABLE);
    assert_int_equal(w->hw->apic_page.v, where().v);
}

/* Nobody comes by: the bracket is open for so long, and not longer. Alone on the machine it is not open at all. */
static void time_is_up(void **state)
{
    u64 start;

    (void)state;
    both_run();
    vm->apic_move.turn = 0;
    start = vm->apic_move.next;
    step();
    assert_in_range(fake.now - start, APIC_MOVE_OPEN, 2 * APIC_MOVE_OPEN);
    assert_int_equal(vm->apic_move.open, 0);
    assert_int_equal(vm->apic_move.moves, 1);
    fake.cpus = 1;
    vm->apic_move.turn = 0;
    start = vm->apic_move.next;
    step();
    assert_in_range(fake.now - start, 0, APIC_MOVE_OPEN / 2);
    assert_int_equal(vm->apic_move.moves, 2);
    fake.cpus = 2;
}

/* No frame is free, or the page is on its way: later. */
static void not_now(void **state)
{
    u32 frame[256];
    unsigned n = 0;

    (void)state;
    both_run();
    while ((frame[n] = framepool_get(&vm->pager.frames, (gfn_t){n})) != FRAME_NONE)
        n++;
    vm->apic_move.turn = 0;
    step();
    step();
    assert_int_equal(vm->apic_move.absent, 2);
    assert_int_equal(vm->apic_move.left, 1000);
    while (n)
        framepool_put(&vm->pager.frames, frame[--n]);
    vm->apic_move.turn = APIC_MOVE_EVICT - 1;
    step();
    step();
    assert_int_equal(vm->apic_move.evictions, 1);
    assert_int_equal(vm->apic_move.absent, 3);
    assert_int_equal(vm->inv.in_progress, 0);
}

/* A write that should have gone to the APIC is noticed, once. */
static void strays(void **state)
{
    (void)state;
    both_run();
    words()[0xb0 / 4] = 0;
    vm->apic_move.turn = 0;
    step();
    step();
    step();
    assert_int_equal(vm->apic_move.strays, 1);
    apic_move_report(vm);
    assert_non_null(strstr(fake.console, "APIC page: 3 moves, 0 evictions, 0 times absent;"));
    assert_non_null(strstr(fake.console, "1 stray words"));
}

/* So many, and then never again; by the loop of CPU 0. */
static void comes_to_an_end(void **state)
{
    (void)state;
    vm->apic_move.left = 2;
    both_run();
    assert_true(apic_move_work(vm, fake.now) < TIME_NEVER);
    assert_int_equal(apic_move_work(vm, fake.now), vm->apic_move.next); /* not before its time */
    assert_int_equal(vm->apic_move.moves, 1);
    fake.now = vm->apic_move.next;
    assert_int_equal(apic_move_work(vm, fake.now), TIME_NEVER);
    assert_int_equal(vm->apic_move.moves, 2);
}

static void run_a_while(struct vcpu *of, struct exit *e)
{
    fake.now += APIC_MOVE_PERIOD;
    guest(of, e);
    if (vm->apic_move.moves == 20)
        vm_exit(vm, 0);
}

static void by_the_loop(void **state)
{
    (void)state;
    world_teardown(state);
    make(20, 1);
    fake_guest = run_a_while;
    fake_disk.prompt = 256;
    loop_run(vm);
    assert_int_equal(vm->status, 0);
    assert_int_equal(vm->apic_move.left, 0);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(is_made),         cmocka_unit_test_teardown(is_not_made, world_teardown),
        test(memory_for_some), test(goes_round),
        test(bracket_first),   test(time_is_up),
        test(not_now),         test(strays),
        test(comes_to_an_end), test(by_the_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
