/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nx_race.c: recovery against faults, zaps, collapse and other recovery of the very same tables, on threads (H-C-38,
 * H-C-41): each table is zapped once and unaccounted once; nothing is lost, freed twice or left behind.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include "nx_rig.h"
#include "flush.h"

#define BLOCKS 6u
#define OPS    600u
#define CPUS   3u /* one zaps, one faults, one recovers */

static struct {
    u64 unlisted; /* taken off the list by zaps */
    u32 running;  /* 1: there are faults still */
    u64 collapsed;
} seen;

void tdp_dirtied(struct vm *vm, gfn_t start, u64 pages)
{
    (void)vm, (void)start, (void)pages;
}

/* In place of flush.c: time passes. */
void flush_all(struct vm *vm)
{
    (void)vm;
    sched_yield();
}

void flush_roots(struct vm *vm)
{
    flush_all(vm);
}

static int setup(void **state)
{
    (void)state;
    rig_make(&tdp_npt);
    fake.cpus = CPUS;
    memset(&seen, 0, sizeof(seen));
    rig.t->nx.on = rig.t->nx.enforced = true;
    return 0;
}

/* A root of role i that may be used until the next call. */
static void renew(unsigned i)
{
    struct tdp_root *old = rig.root[i];

    if (!at_load(&old->invalid))
        return;
    rig.root[i] = tdp_root_get(rig.t, i);
    assert_non_null(rig.root[i]);
    tdp_root_put(rig.t, old);
}

static u64 some_page(unsigned *seed)
{
    return (u64)rand_r(seed) % BLOCKS * HUGE + (u64)rand_r(seed) % 4;
}

/* Fetches, accesses to data, and now and then a block that is not whole. */
static void *faults(void *arg)
{
    unsigned seed = 1;

    fake_cpu = (unsigned)(uintptr_t)arg;
    for (unsigned i = 0; i < OPS; i++) {
        u64 gfn = some_page(&seed);
        struct tdp_map m = {.gfn = {gfn}, .pfn = {RIG_FRAME + gfn}, .level = 1, .access = ACCESS_WRITE};

        if (rand_r(&seed) % 2) {
            m.access = ACCESS_EXEC;
            m.level = 0;
            m.nx_level = 1;
        } else if (!(rand_r(&seed) % 8)) {
            m.level = 0;
        }
        renew(i % 2);
        (void)(rig_try(rig.root[i % 2], &m) == TDP_OK);
        sched_yield();
    }
    at_sub(&seen.running, 1);
    return NULL;
}

static void *recovers(void *arg)
{
    fake_cpu = (unsigned)(uintptr_t)arg;
    while (at_load(&seen.running)) {
        (void)tdp_recover(rig.t, 2);
        (void)epoch_collect(rig.t->epoch);
        sched_yield();
    }
    return NULL;
}

/* With the lock for write the list is what the tables say. */
static void zap_one(unsigned *seed)
{
    gfn_t first = {(u64)rand_r(seed) % BLOCKS * HUGE};
    struct tdp_gather g = {0};
    struct tdp_count n;
    const char *broken;
    u32 listed;

    write_lock(&rig.t->lock);
    listed = rig.t->nx.listed;
    if (rand_r(seed) % 2) {
        tdp_zap(rig.t, first, (gfn_t){first.v + HUGE}, NULL, &g);
        seen.unlisted += listed - rig.t->nx.listed;
    } else {
        seen.collapsed += tdp_collapse(rig.t, first, 1, (pfn_t){RIG_FRAME + first.v}, &g);
    }
    broken = tdp_check(rig.t, &n);
    tdp_commit(rig.t, &g);
    write_unlock(&rig.t->lock);
    if (broken)
        fail_msg("%s", broken);
}

static void run(void (*other)(unsigned *seed))
{
    pthread_t fault, recover;
    unsigned seed = 99;

    seen.running = 1;
    assert_int_equal(pthread_create(&fault, NULL, faults, (void *)1), 0);
    assert_int_equal(pthread_create(&recover, NULL, recovers, (void *)2), 0);
    while (at_load(&seen.running)) {
        other(&seed);
        sched_yield();
    }
    pthread_join(fault, NULL);
    pthread_join(recover, NULL);
    renew(0);
    renew(1);
    rig_check();
}

static void with_zap_and_collapse(void **state)
{
    struct nx *n = &rig.t->nx;

    (void)state;
    run(zap_one);
    assert_int_equal(n->splits, n->recovered + seen.unlisted + n->listed);
    assert_true(n->recovered > 20);
    while (tdp_recover(rig.t, 64))
        ;
    assert_int_equal(rig_check().nx_split, 0);
}

static void zap_all(unsigned *seed)
{
    if (rand_r(seed) % 16)
        zap_one(seed);
    else
        tdp_zap_all(rig.t);
}

/* Roots become invalid under it: recovery has nothing to do with their tables any more. */
static void with_zap_all(void **state)
{
    (void)state;
    run(zap_all);
    assert_true(rig.t->nx.recovered > 5);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, rig_end)
    const struct CMUnitTest tests[] = {test(with_zap_and_collapse), test(with_zap_all)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
