/* SPDX-License-Identifier: BSD-2-Clause */
/* age_rig.h: a VM whose aging a test drives by hand, round by round, and whose guest touches pages. */
#pragma once
#include "fake/world.h"
#include "fault.h"

#define FRAMES 64u
static const gfn_t FIRST = {10};

static struct vm *vm;
static const struct tdp_ops *format = &tdp_npt;
static struct tdp_ops ops; /* the format's, with an eye on age() */
static unsigned looks;
static void (*after_look)(void);

static void look(struct tdp *t, struct tdp_root *r, gfn_t start, gfn_t end, u64 *young, bool clear)
{
    looks++;
    format->age(t, r, start, end, young, clear);
    if (after_look)
        after_look();
}

static void make(unsigned frames, unsigned memory)
{
    fake_tdp = format;
    world_make(&(struct world_config){.frames = frames, .memory = memory});
    vm = world.vm;
    ops = *format;
    ops.age = look;
    vm->tdp.ops = &ops;
    vm->pager.aging.moving = 1;
    world_evict((gfn_t){1}); /* the APF slot: only what a test brings in is resident */
    looks = 0;
    after_look = NULL;
}

static int setup(void **state)
{
    (void)state;
    format = &tdp_npt;
    make(FRAMES, WORLD_MEMORY);
    return 0;
}

static int teardown(void **state)
{
    return world_teardown(state);
}

/* As hardware, or the fault that a software access flag causes, does it. */
static void touch(gfn_t g)
{
    fault_handle(world.v, gfn_gpa(g), ACCESS_READ);
    if (format != &tdp_npt)
        return;
    assert_true(*world_leaf(g) & WORLD_P);
    *world_leaf(g) |= WORLD_A;
}

static void touch_all(gfn_t first, unsigned pages)
{
    for (unsigned i = 0; i < pages; i++)
        touch((gfn_t){first.v + i});
}

static u64 age_of(gfn_t g)
{
    u64 word = slot_page(slot_find(vm, g), g)->word;

    return word & PAGE_REF ? 100 : PAGE_AGE_OF(word);
}

static void evict(struct batch *b)
{
    if (b->count)
        batch_unmap(vm, b);
    batch_end(vm, b);
    for (unsigned i = 0; i < b->count; i++)
        pager_put_page(vm, b->page[i].slot, b->page[i].gfn);
}

/* The hand goes to the end of its round. How many pages it took. */
static unsigned one_round(void)
{
    unsigned taken = 0;

    do {
        struct batch b;

        batch_begin(vm, &b, "test");
        assert_true(age_scan(vm, &b));
        taken += b.count;
        evict(&b);
    } while (vm->pager.aging.hand.v);
    return taken;
}
