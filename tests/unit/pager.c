/* SPDX-License-Identifier: BSD-2-Clause */
/* pager.c: bringing pages in: every way in which a page word changes, who waits, and what the store can do to it. */
#include "fake/world.h"
#include "guestmem.h"

#define FRAMES 64u

static struct vm *vm;
static struct vcpu *v;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.frames = FRAMES, .vcpus = 2, .cpus = 2});
    vm = world.vm;
    v = world.v;
    return 0;
}

static u64 word(gfn_t g)
{
    return slot_page(slot_find(vm, g), g)->word;
}

static void load(gfn_t g, struct ticket *t)
{
    pager_load(vm, slot_find(vm, g), g, t);
}

/* How often a ticket has arrived at v since the last call. */
static unsigned arrived(struct vcpu *who, const struct ticket *t)
{
    unsigned n = 0;

    for (struct ticket *d = ticket_take(&who->pub.done); d; d = d->next)
        n += d == t;
    return n;
}

/* H-C-50: every frame is free or held by exactly one page that is not absent. */
static void check_frames(void)
{
    bool used[FRAMES] = {false};
    unsigned n = 0;

    for (unsigned i = 0; i < vm->slots->count; i++)
        for (u64 k = 0; k < vm->slots->at[i]->pages; k++) {
            u64 w = vm->slots->at[i]->page[k].word;

            if ((w & PAGE_STATE) == PAGE_ABSENT) {
                assert_int_equal(w >> PAGE_SHIFT, 0);
                continue;
            }
            assert_true(w >> PAGE_SHIFT < FRAMES);
            assert_false(used[w >> PAGE_SHIFT]);
            used[w >> PAGE_SHIFT] = true;
            n++;
        }
    assert_int_equal(vm->pager.frames.free, FRAMES - n);
}

static void expect_bytes(gfn_t g, u8 byte)
{
    u8 page[PAGE_SIZE];
    gfn_t at;

    assert_int_equal(guest_read(vm, gfn_gpa(g), page, sizeof(page), &at), GUEST_OK);
    for (unsigned i = 0; i < sizeof(page); i++)
        assert_int_equal(page[i], byte);
}

static void fill(gfn_t g, u8 byte)
{
    u8 page[PAGE_SIZE];
    gfn_t at;

    memset(page, byte, sizeof(page));
    assert_int_equal(guest_write(vm, gfn_gpa(g), page, sizeof(page), &at), GUEST_OK);
}

static void zero_fill(void **state)
{
    gfn_t g = {20};
    pfn_t pfn;

    (void)state;
    assert_true(pager_is_quick(slot_find(vm, g), g));
    assert_false(pager_is_quick(slot_find(vm, module_gfn(0)), module_gfn(0)));
    load(g, &v->apf.tickets.sync);
    assert_int_equal(word(g) & PAGE_MASK, PAGE_RESIDENT | PAGE_REF);
    assert_int_equal(arrived(v, &v->apf.tickets.sync), 1);
    expect_bytes(g, 0); /* the machine's frames are full of rubbish */
    assert_true(pager_resident(vm, slot_find(vm, g), g, &pfn));
    assert_false(pager_is_quick(slot_find(vm, g), g));
    assert_int_equal(vm->stats.zero_fills, 1);
    assert_int_equal(fake_disk.submitted, 0);
    check_frames();
}

static void module_pages(void **state)
{
    u8 tail[PAGE_SIZE];
    gfn_t at, last = module_gfn(WORLD_MODULE - 1);

    (void)state;
    load(module_gfn(5), &v->apf.tickets.sync);
    assert_int_equal(world_state(module_gfn(5)), PAGE_LOADING);
    assert_int_equal(arrived(v, &v->apf.tickets.sync), 0);
    fake.now += 700;
    world_read_done(5);
    assert_int_equal(arrived(v, &v->apf.tickets.sync), 1);
    expect_bytes(module_gfn(5), fake_store_byte(5));
    assert_int_equal(vm->stats.reads, 1);
    assert_int_equal(vm->stats.inflight_ns, 700);
    assert_int_equal(vm->pager.io.inflight, 0);
    load(last, NULL); /* behind the module's end there are zeroes */
    world_read_done(WORLD_MODULE - 1);
    assert_int_equal(guest_read(vm, gfn_gpa(last), tail, sizeof(tail), &at), GUEST_OK);
    for (unsigned i = 0; i < sizeof(tail); i++)
        assert_int_equal(tail[i], i < WORLD_TAIL ? fake_store_byte(WORLD_MODULE - 1) : 0);
    check_frames();
}

/* One read, however many wait; each is told once, and no frame is lost. */
static void waiting_for_a_load(void **state)
{
    struct vcpu *b = vm->vcpu[1];

    (void)state;
    load(module_gfn(1), &v->apf.tickets.sync);
    load(module_gfn(1), &b->apf.tickets.sync);
    load(module_gfn(1), NULL);
    assert_int_equal(fake_disk.submitted, 1);
    assert_int_equal(vm->stats.inflight_max, 1);
    check_frames();
    world_read_done(1);
    assert_int_equal(arrived(v, &v->apf.tickets.sync), 1);
    assert_int_equal(arrived(b, &b->apf.tickets.sync), 1);
    load(module_gfn(1), &v->apf.tickets.sync); /* it is there: nothing to wait for */
    assert_int_equal(arrived(v, &v->apf.tickets.sync), 1);
    check_frames();
}

static void read_error(void **state)
{
    (void)state;
    load(module_gfn(9), &v->apf.tickets.sync);
    fake_store_finish(&world.module, 9, 0x281);
    assert_int_equal(vm->state, VM_STOPPED);
    assert_int_equal(vm->status, VM_STATUS_STORE_ERROR);
    assert_non_null(
        strstr(fake.console, "read of gpa 0x100009000 failed: store 'data', block 1072, status 0x281"));
    assert_int_equal(word(module_gfn(9)), PAGE_ABSENT);
    assert_int_equal(arrived(v, &v->apf.tickets.sync), 1);
    check_frames();
}

/* The store, or the table of requests, is full: the page stays where it was and the access is to be tried again. */
static void read_refused(void **state)
{
    u32 free = vm->pager.io.free;

    (void)state;
    fake_disk.room = 0;
    load(module_gfn(9), &v->apf.tickets.sync);
    assert_int_equal(word(module_gfn(9)), PAGE_ABSENT);
    assert_int_equal(arrived(v, &v->apf.tickets.sync), 1);
    fake_disk.room = FAKE_QUEUE;
    vm->pager.io.free = PAGER_IOS;
    load(module_gfn(9), &v->apf.tickets.sync);
    assert_int_equal(word(module_gfn(9)), PAGE_ABSENT);
    assert_int_equal(arrived(v, &v->apf.tickets.sync), 1);
    vm->pager.io.free = free;
    assert_int_equal(vm->pager.io.inflight, 0);
    assert_int_equal(vm->pager.io.reads, 0);
    assert_int_equal(vm->stats.reads, 0);
    check_frames();
    load(module_gfn(9), NULL);
    world_read_done(9);
    expect_bytes(module_gfn(9), fake_store_byte(9));
}

/* Out to swap and back, twice; the second time nothing is written, for nothing has changed. */
static void swap_round_trip(void **state)
{
    gfn_t g = {20}, m = module_gfn(4);

    (void)state;
    load(g, NULL);
    fill(g, 0x31);
    world_evict(g);
    assert_int_equal(word(g), PAGE_ABSENT | PAGE_SWAPPED);
    assert_int_equal(world.swap.data[20 * PAGE_SIZE], 0x31);
    assert_false(pager_is_quick(slot_find(vm, g), g));
    load(g, NULL);
    assert_true(fake_store_waits(&world.swap, 20));
    fake_disk_finish_all();
    expect_bytes(g, 0x31);
    world_evict(g);
    assert_int_equal(vm->stats.writes, 1);
    load(g, NULL);
    fake_disk_finish_all();
    fill(g, 0x32);
    world_evict(g);
    load(g, NULL);
    fake_disk_finish_all();
    expect_bytes(g, 0x32);
    assert_int_equal(vm->stats.writes, 2);

    load(m, NULL); /* a module's page: clean, it is read from the module again; dirty, it lives in swap */
    world_read_done(4);
    world_evict(m);
    assert_int_equal(vm->stats.writes, 2);
    load(m, NULL);
    assert_true(fake_store_waits(&world.module, 4));
    fake_disk_finish_all();
    fill(m, 0x33);
    world_evict(m);
    assert_int_equal(world.module.data[4 * PAGE_SIZE], fake_store_byte(4));
    load(m, NULL);
    assert_true(fake_store_waits(&world.swap, WORLD_MEMORY + 4));
    fake_disk_finish_all();
    expect_bytes(m, 0x33);
    check_frames();
}

/* A zero-filled page that nobody wrote needs no place in swap. */
static void untouched_zeroes_are_dropped(void **state)
{
    gfn_t g = {20};

    (void)state;
    load(g, NULL);
    world_evict(g);
    assert_int_equal(word(g), PAGE_ABSENT);
    assert_int_equal(vm->stats.writes, 0);
    assert_true(pager_is_quick(slot_find(vm, g), g));
}

/* Somebody wants the page while it is being written out: it stays, clean, and needs not be read. */
static void rescue(void **state)
{
    gfn_t g = {20}, next = {21};

    (void)state;
    load(g, NULL);
    fill(g, 0x41);
    assert_int_equal(pager_evict_range(vm, g, next), 1);
    assert_int_equal(world_state(g), PAGE_EVICTING);
    load(g, &v->apf.tickets.sync);
    assert_int_equal(arrived(v, &v->apf.tickets.sync), 0);
    check_frames();
    fake_disk_finish_all();
    assert_int_equal(word(g) & PAGE_MASK, PAGE_RESIDENT | PAGE_SWAPPED | PAGE_REF);
    assert_int_equal(arrived(v, &v->apf.tickets.sync), 1);
    expect_bytes(g, 0x41);
    assert_int_equal(vm->stats.reads, 0);
    check_frames();
    world_evict(g);
    assert_int_equal(vm->stats.writes, 1);
}

/* Not even a failed write loses data. */
static void write_error(void **state)
{
    gfn_t g = {20}, next = {21};

    (void)state;
    load(g, NULL);
    fill(g, 0x51);
    pager_evict_range(vm, g, next);
    fake_store_finish(&world.swap, 20, 5);
    assert_int_equal(vm->status, VM_STATUS_STORE_ERROR);
    assert_non_null(
        strstr(fake.console, "write to swap of gpa 0x14000 failed: store 'swap', block 1160, status 0x5"));
    assert_int_equal(word(g) & PAGE_MASK, PAGE_RESIDENT | PAGE_DIRTY | PAGE_REF);
    expect_bytes(g, 0x51);
    check_frames();
}

static void write_refused(void **state)
{
    gfn_t g = {20}, next = {21};

    (void)state;
    load(g, NULL);
    fill(g, 0x61);
    world_evict(g);
    load(g, NULL);
    fake_disk_finish_all();
    fill(g, 0x62);
    fake_disk.room = 0;
    assert_int_equal(pager_evict_range(vm, g, next), 1);
    assert_int_equal(word(g) & PAGE_MASK, PAGE_RESIDENT | PAGE_DIRTY | PAGE_SWAPPED);
    expect_bytes(g, 0x62);
    fake_disk.room = FAKE_QUEUE;
    world_evict(g);
    load(g, NULL);
    fake_disk_finish_all();
    expect_bytes(g, 0x62);
    assert_int_equal(vm->pager.io.inflight, 0);
    check_frames();
}

/* No frame is free, and none can be taken back. Returns how many are held. */
static unsigned hold_frames(u32 *held)
{
    unsigned n = 0;

    while ((held[n] = framepool_get(&vm->pager.frames, (gfn_t){0})) != FRAME_NONE)
        n++;
    for (gfn_t g = {1}; g.v < 3; g.v++)
        slot_page(&vm->slot[0], g)->word = (word(g) & ~PAGE_STATE) | PAGE_LOADING;
    return n;
}

static void give_back(const u32 *held, unsigned n)
{
    while (n)
        pager_frame_release(vm, held[--n]);
    for (gfn_t g = {1}; g.v < 3; g.v++)
        slot_page(&vm->slot[0], g)->word = (word(g) & ~PAGE_STATE) | PAGE_RESIDENT;
}

/* No frame: pages starve, in order, until frames are released; a frame that nobody wants stays in the pool. */
static void starving_for_a_frame(void **state)
{
    u32 held[FRAMES];
    unsigned n = hold_frames(held);

    (void)state;
    load(module_gfn(0), &v->apf.tickets.sync);
    load(module_gfn(1), &v->apf.tickets.slot);
    load(module_gfn(0), ticket_get(&v->apf.tickets)); /* waits with the first */
    assert_int_equal(vm->pager.starved.count, 2);
    assert_int_equal(fake_disk.count, 0);
    pager_frame_release(vm, held[--n]);
    assert_int_equal(vm->pager.starved.count, 1);
    assert_int_equal(fake_disk.count, 1);
    fake_disk_finish_all();
    assert_int_equal(arrived(v, &v->apf.tickets.sync), 1);
    assert_int_equal(arrived(v, &v->apf.tickets.slot), 0);
    pager_frame_release(vm, held[--n]);
    fake_disk_finish_all();
    assert_int_equal(arrived(v, &v->apf.tickets.slot), 1);
    pager_frame_release(vm, held[--n]);
    assert_int_equal(vm->pager.frames.free, 1);
    give_back(held, n);
}

/* The store is full when a starving page gets its frame: it is absent again, and whoever waits tries again. */
static void starving_beside_a_full_store(void **state)
{
    u32 held[FRAMES], free;
    unsigned n = hold_frames(held);

    (void)state;
    load(module_gfn(0), &v->apf.tickets.sync);
    free = vm->pager.io.free;
    vm->pager.io.free = PAGER_IOS;
    pager_frame_release(vm, held[--n]);
    assert_int_equal(word(module_gfn(0)) & PAGE_STATE, PAGE_ABSENT);
    assert_int_equal(arrived(v, &v->apf.tickets.sync), 1);
    assert_int_equal(vm->pager.frames.free, 1);
    vm->pager.io.free = free;
    give_back(held, n);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(zero_fill),
        test(module_pages),
        test(waiting_for_a_load),
        test(read_error),
        test(read_refused),
        test(swap_round_trip),
        test(untouched_zeroes_are_dropped),
        test(rescue),
        test(write_error),
        test(write_refused),
        test(starving_for_a_frame),
        test(starving_beside_a_full_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
