/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_root.c: roots are found, shared, invalidated and given back, also at once (SPEC C1, C7, H-C-18 … 20). */
#include <pthread.h>
#include <sanitizer/lsan_interface.h>
#include "tdp_rig.h"

#define GFN (1 * FULL)
#define PFN (2 * FULL)

static void one_root_for_a_role(void **state)
{
    struct tdp_root *again = tdp_root_get(&t, 0), *other = tdp_root_get(&t, 7);

    (void)state;
    assert_ptr_equal(again, root);
    assert_ptr_not_equal(other, root);
    assert_int_equal(root->refs, 3);
    assert_int_equal(other->refs, 2);
    assert_int_not_equal(other->table.v, root->table.v);
    assert_int_equal(count().tables, 2);
    assert_int_equal(fake.frames, 2);
    tdp_root_put(&t, again);
    tdp_root_put(&t, other);
    assert_ptr_equal(tdp_root_get(&t, 7), other); /* the VM keeps it */
    map(GFN, PFN);
    assert_int_equal(touch(GFN, ACCESS_READ), PFN);
    root = other;
    assert_true(absent(GFN));
    root = again;
    rig_retire(other);
}

/* C1-6, H-C-19. */
static void no_last_put_on_a_valid_root(void **state)
{
    (void)state;
    tdp_root_put(&t, root);
    expect_assert_failure(tdp_root_put(&t, root));
    rig_drop_locks();
    root = tdp_root_get(&t, 0);
    assert_int_equal(root->refs, 2);
}

static void no_memory(void **state)
{
    (void)state;
    fake_fail_allocation(1);
    assert_null(tdp_root_get(&t, 1));
    assert_int_equal(fake.frames, 1);
    assert_false(read_held(&t.lock));
    assert_int_equal(count().tables, 1);
}

/* C7-1: invalid at once and for good, empty on return, gone with its last holder; its place is used again. */
static void zap_all(void **state)
{
    struct tdp_root *old = root;

    (void)state;
    map_as(GFN, PFN, 2, ACCESS_RW);
    map(GFN + FULL, PFN);
    forget();
    tdp_zap_all(&t);
    assert_int_equal(rig.root_flushes, 1);
    assert_int_equal(rig.flushes, 1); /* C7-4: none but that one */
    assert_true(old->invalid);
    assert_int_equal(old->refs, 1);
    assert_true(absent(GFN) && absent(GFN + FULL));
    assert_int_equal(count().tables, 1);
    assert_int_equal(map(GFN, PFN), TDP_RETRY); /* C4-4 */
    assert_int_equal(cache.count, TDP_CACHE);
    root = tdp_root_get(&t, 0);
    assert_ptr_not_equal(root, old);
    assert_int_equal(map(GFN, PFN), TDP_OK);
    tdp_zap_all(&t);
    assert_int_equal(old->refs, 1); /* put once, C7-5 */
    tdp_root_put(&t, old);
    assert_int_equal(old->refs, 0);
    (void)epoch_collect(&epoch);
    assert_int_equal(count().tables, 1);
    assert_int_equal(fake.frames, 1 + cache.count);
    assert_ptr_equal(tdp_root_get(&t, 3), old);
    rig_retire(old);
}

/* What is dirty in a root that dies is told (H-C-4). */
static void zap_all_tells(void **state)
{
    (void)state;
    map_as(GFN, PFN, 0, ACCESS_RW);
    touch(GFN, ACCESS_WRITE);
    forget();
    tdp_zap_all(&t);
    assert_int_equal(told(GFN), 1);
}

static void told_within_the_call(void)
{
    assert_true(write_held(&t.lock));
    assert_true(root->invalid); /* C1-5: whoever is told to let go sees why */
}

static void roots_are_flushed_with_the_flag(void **state)
{
    (void)state;
    rig.flushed = told_within_the_call;
    tdp_zap_all(&t);
    rig.flushed = NULL;
}

/* More entries than a slice; faults in a fresh root could go on in between, as the lock is free then. */
static void zap_all_of_much(void **state)
{
    (void)state;
    for (u64 i = 0; i < 20000; i++)
        map(GFN + 3 * i, PFN + i);
    tdp_zap_all(&t);
    assert_int_equal(count().tables, 1);
    assert_int_equal(count().leaves[0], 0);
}

/* C1-5: there are no more places than can be held. */
static void places(void **state)
{
    struct tdp_root *held[TDP_ROOTS] = {root};

    (void)state;
    for (unsigned i = 1; i < TDP_ROOTS; i++)
        assert_non_null(held[i] = tdp_root_get(&t, i));
    __lsan_disable(); /* the page of the call that does not come back */
    expect_assert_failure((void)!tdp_root_get(&t, TDP_ROOTS));
    __lsan_enable();
    fake.frames--;
    rig_drop_locks();
    tdp_zap_all(&t);
    for (unsigned i = 1; i < TDP_ROOTS; i++)
        tdp_root_put(&t, held[i]);
}

/* ---- Several CPUs ---- */

#define CPUS   3
#define ROUNDS 400

static struct tdp_root *got[CPUS];
static pthread_barrier_t barrier;

static void *creator(void *arg)
{
    fake_cpu = (unsigned)(uintptr_t)arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(&barrier);
        got[fake_cpu] = tdp_root_get(&t, 5 + i % 2);
        pthread_barrier_wait(&barrier);
        if (got[fake_cpu] != got[0])
            return "two roots of one role";
        pthread_barrier_wait(&barrier);
        if (fake_cpu == 0)
            tdp_zap_all(&t);
        tdp_root_put(&t, got[fake_cpu]);
    }
    return NULL;
}

/* Each holds a root, and sees it empty after its own zap_all, whoever else zaps (H-C-18). */
static void *zapper(void *arg)
{
    struct tdp_cache c = {0};
    const char *wrong = NULL;

    fake_cpu = (unsigned)(uintptr_t)arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const struct tdp_map m = {.gfn = {GFN + fake_cpu}, .pfn = {PFN}, .access = ACCESS_READ};
        struct tdp_root *r = tdp_root_get(&t, 0);
        struct tdp_leaf l;

        if (!r || !tdp_cache_fill(&c))
            return "no memory";
        read_lock(&t.lock);
        (void)!tdp_map(&t, r, &m, &c);
        read_unlock(&t.lock);
        if ((i + fake_cpu) % 2)
            tdp_zap_all(&t);
        if ((i + fake_cpu) % 2 && tdp_lookup(&t, r, m.gfn, &l) != TDP_NONE)
            wrong = "an entry is left on return from tdp_zap_all()";
        tdp_root_put(&t, r);
    }
    tdp_cache_drain(&c);
    return (void *)wrong;
}

static void run(void *(*fn)(void *))
{
    pthread_t thread[CPUS];
    void *wrong[CPUS];

    pthread_barrier_init(&barrier, NULL, CPUS);
    for (uintptr_t i = 0; i < CPUS; i++)
        pthread_create(&thread[i], NULL, fn, (void *)i);
    for (unsigned i = 0; i < CPUS; i++)
        pthread_join(thread[i], &wrong[i]);
    for (unsigned i = 0; i < CPUS; i++)
        assert_string_equal(wrong[i] ? wrong[i] : "", "");
    pthread_barrier_destroy(&barrier);
    count();
}

static void creators_at_once(void **state)
{
    (void)state;
    run(creator);
    tdp_root_put(&t, root); /* invalid since the first round */
    root = tdp_root_get(&t, 0);
}

static void zappers_at_once(void **state)
{
    (void)state;
    run(zapper);
    tdp_root_put(&t, root);
    root = tdp_root_get(&t, 0);
}

int main(void)
{
    static const struct rig_test tests[] = {
        RIG_TEST(one_root_for_a_role), RIG_TEST(no_last_put_on_a_valid_root),
        RIG_TEST(no_memory),           RIG_TEST(zap_all),
        RIG_TEST(zap_all_tells),       RIG_TEST(roots_are_flushed_with_the_flag),
        RIG_TEST(zap_all_of_much),     RIG_TEST(places),
        RIG_TEST(creators_at_once),    RIG_TEST(zappers_at_once),
    };

    return rig_run(tests, ARRAY_SIZE(tests));
}
