/* SPDX-License-Identifier: BSD-2-Clause */
/* dirty_rig.h: for the tests of the dirty log: a guest that writes, and what the log says. Include it once. */
#pragma once
#include "mmu_rig.h"
#include "dirty.h"
#include "guestmem.h"

#define FIRST  16u /* a page of the anonymous slot; those before hold APF slots */
#define COUNT  128u
#define BLOCK  (512 * 256ull) /* first gfn of a slot of one huge leaf */
#define ONE(n) BIT((n) % 64)

static struct vm *vm;
static struct vcpu *v;
static struct slot *memory;
static u64 bits[DIRTY_WORDS];

static inline void begin(const struct mmu *m)
{
    mmu_choose(m);
    world_make(&(struct world_config){.vcpus = 2, .frames = 192});
    vm = world.vm;
    v = world.v;
    memory = slot_find(vm, (gfn_t){0});
}

static inline int end(void **state)
{
    fake_tdp = &tdp_npt;
    fake_has_log = false;
    return world_teardown(state);
}

/* The guest of `who` does it, until it needs no exit any more. */
static inline u64 *reach(struct vcpu *who, u64 page, bool write)
{
    u64 *at;

    if (at_load(&who->pub.requests))
        vcpu_service(who);
    while (!(at = mmu_reach(who, (gfn_t){page}, write))) {
        fault_handle(who, gfn_gpa((gfn_t){page}), write ? ACCESS_WRITE : ACCESS_READ);
        fake_disk_finish_all();
        if (at_load(&who->pub.requests))
            vcpu_service(who);
    }
    return at;
}

static inline void guest_writes(struct vcpu *who, u64 page, u64 value)
{
    *reach(who, page, true) = value;
}

static inline void start(void)
{
    assert_int_equal(dirty_start(vm, mmu->log), DIRTY_OK);
}

/* Take what is logged of pages 0 … COUNT - 1, in words. */
static inline void collect(void)
{
    assert_int_equal(dirty_collect(vm, memory, 0, COUNT, bits), DIRTY_OK);
}

static inline void expect(u64 word0, u64 word1)
{
    collect();
    assert_int_equal(bits[0], word0);
    assert_int_equal(bits[1], word1);
}

static inline u64 flags(u64 page)
{
    return memory->page[page].word & PAGE_MASK & ~PAGE_STATE;
}

static inline enum tdp_result map_block(unsigned level, u64 page, u32 access)
{
    struct tdp_map m = {.gfn = {BLOCK + page}, .pfn = {512 * 9 + page}, .level = level, .access = access};
    enum tdp_result r;

    assert_true(tdp_cache_fill(&v->cache));
    read_lock(&vm->tdp.lock);
    r = tdp_map(&vm->tdp, v->root, &m, &v->cache);
    read_unlock(&vm->tdp.lock);
    return r;
}

static inline u64 count_taken(struct slot *s)
{
    u64 n = 0;

    assert_int_equal(dirty_collect(vm, s, 0, 512, bits), DIRTY_OK);
    for (unsigned i = 0; i < 8; i++)
        n += (u64)__builtin_popcountll(bits[i]);
    return n;
}
