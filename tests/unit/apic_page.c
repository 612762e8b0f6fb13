/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apic_page.c: the APIC-access page goes and comes back; no vCPU runs with an address that is not its own (SPEC B7).
 *
 * The four questions of B7-10 … B7-13 are answered in the_four_steps(), in their order.
 */
#include "fake/world.h"
#include "loop.h"

#define APIC ((gfn_t){0xfee00})

static struct vm *vm;
static struct vcpu *v, *w;
static struct slot *apic;
static struct inv_bracket open = {.who = "test"};

/* H-B-16: at each instruction that the guest executes the address is that of the page's present frame. */
static void guest(struct vcpu *of, struct exit *e)
{
    u64 word = apic->page->word;

    assert_int_equal(of->pub.requests & REQ_APIC_PAGE, 0);
    assert_int_equal(vm->inv.in_progress, 0);
    if (of->hw->virt_apic) {
        assert_int_equal(word & PAGE_STATE, PAGE_RESIDENT);
        assert_int_equal(of->hw->apic_page.v, pager_hpa(vm, word).v);
    }
    e->kind = EXIT_INTR;
}

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.vcpus = 2, .cpus = 2});
    vm = world.vm;
    v = world.v;
    w = vm->vcpu[1];
    fake_guest = guest;
    assert_int_equal(slot_delete(vm, module_gfn(0)), SLOT_OK); /* room in swap */
    assert_int_equal(slot_add_private(vm, SLOT_APIC_PAGE, APIC), SLOT_OK);
    assert_int_equal(slot_by_id(vm, SLOT_APIC_PAGE, &apic), SLOT_USABLE);
    for (unsigned i = 0; i < 2; i++) {
        vm->vcpu[i]->pub.requests = 0;
        vm->vcpu[i]->hw->virt_apic = true;
        vm->vcpu[i]->hw->flushes = 0;
    }
    return 0;
}

static void loaded(void)
{
    apic_page_request(vm);
    for (unsigned i = 0; i < 3; i++) {
        world_enter(v);
        world_enter(w);
    }
    assert_int_equal(v->hw->apic_pages, 1);
    assert_int_equal(w->hw->apic_pages, 1);
}

static void bracket_opens(void)
{
    bracket_enter(vm, &open);
    write_lock(&vm->tdp.lock);
    bracket_start(vm, &open);
    bracket_add(vm, &open, APIC, (gfn_t){APIC.v + 1});
    write_unlock(&vm->tdp.lock);
}

static void map_apic(void)
{
    struct tdp_map m = {.gfn = APIC, .pfn = hpa_pfn(v->hw->apic_page), .access = ACCESS_WRITE};
    struct tdp_cache c = {.count = 0};

    assert_true(tdp_cache_fill(&c));
    read_lock(&vm->tdp.lock);
    assert_int_equal(tdp_map(&vm->tdp, v->root, &m, &c), TDP_OK);
    read_unlock(&vm->tdp.lock);
    tdp_cache_drain(&c);
}

/* The first request: the page has to be made, which ends a wait like any other; then its address is written. */
static void first_load(void **state)
{
    (void)state;
    apic_page_mode(v);
    assert_int_equal(v->pub.requests, REQ_APIC_PAGE | REQ_FLUSH); /* B7-4 */
    assert_int_equal(w->pub.requests, 0);
    vcpu_service(v);
    assert_int_equal(v->hw->flushes, 1);
    assert_int_equal(v->hw->apic_pages, 0);
    world_enter(v);
    assert_int_equal(v->hw->apic_pages, 1);
    assert_int_equal(v->hw->apic_page.v, pager_hpa(vm, apic->page->word).v);
    assert_int_equal(v->hw->entries, 1);
    assert_int_equal(v->state, VCPU_RUNNABLE);
}

static void the_four_steps(void **state)
{
    unsigned entries, flushes;
    u64 generation;

    (void)state;
    loaded();
    map_apic();
    entries = v->hw->entries;
    flushes = v->hw->flushes;
    generation = vm->flush_generation;

    /* 1 (B7-10): the start counts and adds the range. */
    bracket_opens();
    assert_int_equal(vm->inv.in_progress, 1);
    assert_int_equal(vm->inv.start, APIC.v);
    assert_int_equal(vm->inv.end, APIC.v + 1);

    /* 2 (B7-11): the unmap raises the request for all vCPUs, and the flush with it. */
    assert_int_equal(v->pub.requests, REQ_APIC_PAGE | REQ_FLUSH);
    assert_int_equal(w->pub.requests, REQ_APIC_PAGE | REQ_FLUSH);
    assert_int_equal(vm->flush_generation, generation + 1);

    /* 3 (B7-12): served with the bracket open: no address, the request again; the flush is served for itself. */
    vcpu_service(v);
    assert_int_equal(v->hw->apic_pages, 1);
    assert_int_equal(v->pub.requests, REQ_APIC_PAGE);
    assert_int_equal(v->hw->flushes, flushes + 1);

    /* 4 (B7-13): with that request it does not enter. */
    assert_false(req_go(&v->pub, MODE_IN_GUEST));
    world_enter(v);
    world_enter(v);
    assert_int_equal(v->hw->entries, entries);
    assert_int_equal(v->hw->apic_pages, 1);

    /* And afterwards: the address, then the guest. */
    bracket_end(vm, &open);
    world_enter(v);
    world_enter(w);
    assert_int_equal(v->hw->entries, entries + 1);
    assert_int_equal(v->hw->apic_pages, 2);
    assert_int_equal(w->hw->apic_pages, 2);
    assert_true(v->hw->flushes > flushes); /* B7-14 b */
}

/* H-B-19: so many passes, then a wait in which its CPU may sleep, which the end of the bracket ends. */
static void passes_then_a_wait(void **state)
{
    unsigned passes = 0;

    (void)state;
    loaded();
    bracket_opens();
    while (v->state == VCPU_RUNNABLE && passes < 100) {
        vcpu_service(v);
        passes++;
    }
    assert_int_equal(passes, APIC_PAGE_PASSES);
    assert_int_equal(v->state, VCPU_WAIT_BRACKET);
    assert_int_equal(v->pub.requests, 0);
    assert_true(req_go(&v->pub, MODE_BLOCKED));
    fake.kicks[v->cpu] = 0;
    bracket_end(vm, &open);
    assert_int_equal(fake.kicks[v->cpu], 1);
    req_back(&v->pub);
    world_enter(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(v->hw->apic_pages, 2);
    assert_int_equal(vm->bracket_awaited, 0);
}

/* Another bracket is still open when the one that was waited for ends: wait again. */
static void two_brackets(void **state)
{
    struct inv_bracket first;

    (void)state;
    loaded();
    bracket_opens();
    first = open;
    open = (struct inv_bracket){.who = "test"};
    bracket_opens();
    for (unsigned i = 0; i < 2 * APIC_PAGE_PASSES; i++)
        world_enter(v);
    assert_int_equal(v->state, VCPU_WAIT_BRACKET);
    bracket_end(vm, &first);
    for (unsigned i = 0; i < 2 * APIC_PAGE_PASSES; i++)
        world_enter(v);
    assert_int_equal(v->state, VCPU_WAIT_BRACKET);
    assert_int_equal(v->hw->apic_pages, 1);
    bracket_end(vm, &open);
    world_enter(v);
    assert_int_equal(v->hw->apic_pages, 2);
}

/* B7-5: not pinned. Evicted, its frame in other hands, brought back elsewhere: the address follows, guest() watches. */
static void evicted_and_back(void **state)
{
    hpa_t old;
    u32 frame;

    (void)state;
    loaded();
    old = v->hw->apic_page;
    *(u64 *)port_map(old) = 77;
    apic->page->word |= PAGE_DIRTY;
    world_evict(APIC);
    frame = framepool_get(&vm->pager.frames, APIC); /* the one it had */
    assert_int_equal(pfn_hpa(framepool_pfn(&vm->pager.frames, frame)).v, old.v);
    world_enter(v);
    assert_int_equal(v->state, VCPU_WAIT_PAGE);
    fake_disk_finish_all();
    world_enter(v);
    world_enter(w);
    assert_int_equal(v->hw->apic_pages, 2);
    assert_int_not_equal(v->hw->apic_page.v, old.v);
    assert_int_equal(w->hw->apic_page.v, v->hw->apic_page.v);
    assert_int_equal(*(u64 *)port_map(v->hw->apic_page), 77);
    framepool_put(&vm->pager.frames, frame);
}

/* H-B-20: no write, no request, and the vCPU runs. */
static void nothing_to_reload(void **state)
{
    (void)state;
    loaded();
    v->hw->virt_apic = false; /* the control is off */
    apic_page_request(vm);
    vcpu_service(v);
    assert_int_equal(v->hw->apic_pages, 1);
    assert_int_equal(v->pub.requests, 0);
    apic_page_mode(v);
    assert_int_equal(v->pub.requests, 0);
    v->hw->virt_apic = true;
    vm->slots->invalid = apic; /* INVALID */
    apic_page_request(vm);
    vcpu_service(v);
    assert_int_equal(v->pub.requests, 0);
    vm->slots->invalid = NULL;
    v->hw->virt_apic = w->hw->virt_apic = false;
    assert_int_equal(slot_delete_private(vm, SLOT_APIC_PAGE), SLOT_OK);
    v->hw->virt_apic = true;
    apic_page_request(vm); /* missing */
    vcpu_service(v);
    assert_int_equal(v->hw->apic_pages, 1);
    assert_int_equal(v->pub.requests, 0);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    v->hw->virt_apic = false;
}

/* Only an unmap that covers the page's place; then also if no leaf maps it, because guest mode has the address. */
static void which_unmaps(void **state)
{
    u64 generation;

    (void)state;
    loaded();
    generation = vm->flush_generation;
    pager_unmap_range(vm, (gfn_t){0}, APIC);
    pager_unmap_range(vm, (gfn_t){APIC.v + 1}, (gfn_t){APIC.v + 100});
    assert_int_equal(v->pub.requests | w->pub.requests, 0);
    assert_int_equal(vm->flush_generation, generation);
    pager_unmap_range(vm, (gfn_t){APIC.v - 1}, (gfn_t){APIC.v + 2});
    assert_int_equal(v->pub.requests, REQ_APIC_PAGE | REQ_FLUSH);
    assert_int_equal(vm->flush_generation, generation + 1);
}

/* A vCPU that does not run keeps its state; before it runs it has the address. */
static void put_off(void **state)
{
    (void)state;
    loaded();
    vcpu_set_state(v, VCPU_HALTED);
    world_evict(APIC);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_HALTED);
    assert_int_equal(v->pub.requests, 0);
    assert_int_equal(v->hw->apic_pages, 1);
    at_store(&v->pub.nmi, 1);
    vcpu_request(v, REQ_EVENT);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(v->pub.requests, REQ_APIC_PAGE);
    world_enter(v);
    fake_disk_finish_all();
    world_enter(v);
    assert_int_equal(v->hw->apic_pages, 2);
}

/* INIT ends the wait for a bracket; the request is not forgotten. */
static void init_while_waiting(void **state)
{
    (void)state;
    loaded();
    bracket_opens();
    for (unsigned i = 0; i < APIC_PAGE_PASSES; i++)
        vcpu_service(v);
    assert_int_equal(v->state, VCPU_WAIT_BRACKET);
    at_store(&v->pub.init, 1);
    vcpu_request(v, REQ_EVENT);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(v->pub.requests, REQ_APIC_PAGE);
    bracket_end(vm, &open);
    world_enter(v);
    assert_int_equal(v->hw->apic_pages, 2);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(first_load),   test(the_four_steps),   test(passes_then_a_wait),
        test(two_brackets), test(evicted_and_back), test(nothing_to_reload),
        test(which_unmaps), test(put_off),          test(init_while_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
