/* SPDX-License-Identifier: BSD-2-Clause */
/* gfnset.c: the set of gfns against a plain list: insert, remove, collide, refuse (H-A-13). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include "gfnset.h"

#define ROUNDS 200000

static struct gfnset set;

static int setup(void **state)
{
    (void)state;
    gfnset_clear(&set);
    return 0;
}

/* H-A-13: random additions and deletions, from a range so small that homes collide all the time. */
static void equals_a_reference(void **state)
{
    bool in[200] = {false};
    unsigned count = 0;

    (void)state;
    srand(1);
    for (unsigned i = 0; i < ROUNDS; i++) {
        u64 n = (u64)rand() % ARRAY_SIZE(in);
        gfn_t g = {n * 0x10001};

        if (in[n]) {
            gfnset_del(&set, g);
            in[n] = false;
            count--;
        } else if (count < APF_PER_VCPU) {
            gfnset_add(&set, g);
            in[n] = true;
            count++;
        }
        for (unsigned k = 0; i % 97 == 0 && k < ARRAY_SIZE(in); k++)
            assert_int_equal(gfnset_has(&set, (gfn_t){k * 0x10001ull}), in[k]);
    }
}

/* Deleting in every order from a full set leaves the others findable. */
static void full_then_empty(void **state)
{
    (void)state;
    for (unsigned step = 1; step < APF_PER_VCPU; step += 2) {
        for (u64 i = 0; i < APF_PER_VCPU; i++)
            gfnset_add(&set, (gfn_t){i});
        for (u64 i = 0; i < APF_PER_VCPU; i++) {
            gfnset_del(&set, (gfn_t){i * step % APF_PER_VCPU});
            for (u64 k = i + 1; k < APF_PER_VCPU; k++)
                assert_true(gfnset_has(&set, (gfn_t){k * step % APF_PER_VCPU}));
        }
        for (unsigned i = 0; i < GFNSET_SIZE; i++)
            assert_int_equal(set.key[i], 0);
    }
}

static void clear_forgets_all(void **state)
{
    (void)state;
    gfnset_add(&set, (gfn_t){0});
    gfnset_add(&set, (gfn_t){~0ull - 1});
    gfnset_clear(&set);
    assert_false(gfnset_has(&set, (gfn_t){0}));
    assert_false(gfnset_has(&set, (gfn_t){~0ull - 1}));
}

static void misuse_is_our_bug(void **state)
{
    (void)state;
    gfnset_add(&set, (gfn_t){5});
    expect_assert_failure(gfnset_add(&set, (gfn_t){5}));
    expect_assert_failure(gfnset_del(&set, (gfn_t){6}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(equals_a_reference, setup),
        cmocka_unit_test_setup(full_then_empty, setup),
        cmocka_unit_test_setup(clear_forgets_all, setup),
        cmocka_unit_test_setup(misuse_is_our_bug, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
