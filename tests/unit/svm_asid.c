/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_asid.c: no two vCPUs of a CPU hold the same valid number, and no number is used twice without a full flush. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "../../arch/x86_64/host/svm_asid.h"

#define ASIDS 4

static void first_taker_flushes_all(void **state)
{
    struct asid_pool p;
    struct asid a = {0};

    (void)state;
    asid_pool_init(&p, ASIDS);
    assert_false(asid_valid(&p, &a));
    assert_int_equal(asid_take(&p, &a), SVM_TLB_ALL);
    assert_true(asid_valid(&p, &a));
    assert_int_equal(a.number, 1);
}

static void exhaustion_opens_a_generation(void **state)
{
    struct asid_pool p;
    struct asid a[ASIDS] = {0};

    (void)state;
    asid_pool_init(&p, ASIDS);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < ASIDS - 1; i++) {
            assert_int_equal(asid_take(&p, &a[i]), i ? SVM_TLB_KEEP : SVM_TLB_ALL);
            assert_int_equal(a[i].number, i + 1);
            assert_true(asid_valid(&p, &a[0]));
        }
        a[ASIDS - 1] = a[0];
        assert_int_equal(asid_take(&p, &a[0]), SVM_TLB_ALL);
        for (unsigned i = 1; i < ASIDS; i++)
            assert_false(asid_valid(&p, &a[i]));
        p.next = p.end;
    }
}

static void smallest_machine(void **state)
{
    struct asid_pool p;
    struct asid a = {0}, b = {0};

    (void)state;
    asid_pool_init(&p, 2);
    assert_int_equal(asid_take(&p, &a), SVM_TLB_ALL);
    assert_int_equal(asid_take(&p, &b), SVM_TLB_ALL);
    assert_int_equal(b.number, 1);
    assert_false(asid_valid(&p, &a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_taker_flushes_all),
        cmocka_unit_test(exhaustion_opens_a_generation),
        cmocka_unit_test(smallest_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
