/* SPDX-License-Identifier: BSD-2-Clause */
/* precopy_rig.h: for the tests of precopy: a guest that writes, two loops that come by, a copy. Include it once. */
#pragma once
#include "mmu_rig.h"
#include "guestmem.h"

#define FIRST 16u /* a page of the anonymous slot; those before hold APF slots */
#define STEPS 2000u

static struct vm *vm;
static struct vcpu *v;

static inline void begin(struct mmu *m)
{
    mmu_choose(m);
    world_make(&(struct world_config){.vcpus = 2, .cpus = 2, .frames = 64});
    vm = world.vm;
    v = world.v;
}

static inline int setup(void **state)
{
    (void)state;
    begin(&mmus[0]);
    return 0;
}

static inline int end(void **state)
{
    fake_tdp = &tdp_npt;
    fake_has_log = false;
    return world_teardown(state);
}

static inline u64 *reach(struct vcpu *who, gfn_t gfn, bool write)
{
    u64 *at;

    if (at_load(&who->pub.requests))
        vcpu_service(who);
    while (!(at = mmu_reach(who, gfn, write))) {
        fault_handle(who, gfn_gpa(gfn), write ? ACCESS_WRITE : ACCESS_READ);
        while (pager_reclaim(vm) || fake_disk.count)
            fake_disk_finish_all();
        if (at_load(&who->pub.requests))
            vcpu_service(who);
    }
    return at;
}

static inline void guest_writes(gfn_t gfn, u64 value)
{
    *reach(v, gfn, true) = value;
}

static inline void evict(gfn_t gfn)
{
    (void)pager_evict_range(vm, gfn, (gfn_t){gfn.v + 1});
    fake_disk_finish_all();
    assert_int_equal(world_state(gfn), PAGE_ABSENT);
}

static inline struct precopy_config config(void)
{
    return (struct precopy_config){.sink = image_sink(&vm->image),
                                   .verify = &vm->image,
                                   .mode = mmu->log,
                                   .small = 4,
                                   .rounds = PRECOPY_ROUNDS};
}

static inline void start(void)
{
    struct precopy_config c = config();

    assert_int_equal(precopy_start(vm, &c), DIRTY_OK);
}

/* A pass of one of the loops, in turn, as far as it concerns the copy. */
static inline void step(void)
{
    fake_cpu = (unsigned)(fake.now / 1000 % 2);
    hold_pass(&vm->hold, fake_cpu);
    (void)precopy_work(vm, fake.now);
    fake_cpu = 0;
    fake.now += 1000;
}

static inline void until(enum precopy_state state)
{
    for (unsigned i = 0; i < STEPS && at_load(&vm->precopy.state) != state; i++) {
        assert_true(precopy_runs(&vm->precopy));
        step();
        fake_disk_finish_all();
    }
    assert_int_equal(vm->precopy.state, state);
}

static inline void expect_equal(void)
{
    until(PRECOPY_DONE);
    assert_int_equal(vm->precopy.report.mismatches, 0);
    assert_int_equal(vm->tdp.log, TDP_LOG_OFF);
    assert_false(hold_on(&vm->hold));
}

static inline void expect_image(gfn_t gfn, enum precopy_kind kind, u64 word)
{
    const void *bytes;

    assert_int_equal(image_get(&vm->image, gfn, &bytes), kind);
    if (kind == PRECOPY_BYTES)
        assert_int_equal(*(const u64 *)bytes, word);
    else
        assert_null(bytes);
}

static inline void failed(enum precopy_failure why)
{
    assert_int_equal(vm->precopy.state, PRECOPY_FAILED);
    assert_int_equal(vm->precopy.report.failure, why);
    assert_int_equal(vm->tdp.log, TDP_LOG_OFF);
    assert_false(hold_on(&vm->hold));
    fake_disk_finish_all();
}
