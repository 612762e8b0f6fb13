/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_cpuid.c: a guest sees no feature that its host does not keep, and a topology that is its own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "../../arch/x86_64/host/cpuid_view.c"

/* A CPU that claims everything. */
static const struct cpuid_regs all = {~0u, ~0u, ~0u, ~0u};
static const struct cpuid_place place = {.apic_id = 2, .vcpus = 3};

/* Bits nobody may ever show, by leaf: their registers are not switched, or their MSRs not there. */
static const struct {
    u32 leaf;
    char reg;
    u32 bit;
    const char *name;
} hidden[] = {
    {1, 'c', 3, "MONITOR"},
    {1, 'c', 5, "VMX"},
    {1, 'c', 12, "FMA"},
    {1, 'c', 17, "PCID"},
    {1, 'c', 26, "XSAVE"},
    {1, 'c', 27, "OSXSAVE"},
    {1, 'c', 28, "AVX"},
    {1, 'c', 29, "F16C"},
    {1, 'd', 7, "MCE"},
    {1, 'd', 12, "MTRR"},
    {1, 'd', 14, "MCA"},
    {7, 'b', 1, "TSC_ADJUST"},
    {7, 'b', 5, "AVX2"},
    {7, 'b', 10, "INVPCID"},
    {7, 'b', 16, "AVX512F"},
    {7, 'c', 3, "PKU"},
    {7, 'c', 7, "CET_SS"},
    {7, 'c', 16, "LA57"},
    {7, 'c', 22, "RDPID"},
    {7, 'd', 26, "SPEC_CTRL"},
    {7, 'd', 29, "ARCH_CAPS"},
    {0x80000001, 'c', 2, "SVM"},
    {0x80000001, 'c', 11, "XOP"},
    {0x80000001, 'c', 16, "FMA4"},
    {0x80000001, 'd', 27, "RDTSCP"},
    {0x80000001, 'c', 22, "TOPOEXT"},
};

static struct cpuid_regs view(u32 leaf, u32 sub)
{
    return cpuid_view(place, leaf, sub, all);
}

static u32 reg(struct cpuid_regs r, char name)
{
    return name == 'a' ? r.eax : name == 'b' ? r.ebx : name == 'c' ? r.ecx : r.edx;
}

static void hides(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(hidden); i++)
        if (reg(view(hidden[i].leaf, 0), hidden[i].reg) & BIT(hidden[i].bit))
            fail_msg("%s is visible", hidden[i].name);
}

static void offers_ours_on_any_cpu(void **state)
{
    struct cpuid_regs r = cpuid_view(place, 1, 0, (struct cpuid_regs){0});

    (void)state;
    assert_int_equal(r.ecx, BIT(21) | BIT(24) | BIT(31));
    assert_int_equal(r.edx, BIT(28));
    assert_int_equal(cpuid_view(place, 7, 0, (struct cpuid_regs){0}).ebx, 0);
}

static void nothing_beyond_the_last_leaf(void **state)
{
    static const u32 empty[] = {0x3,  0x5,  0x8,        0x9,        0xa,        0xc,        0xd,       0x12,
                                0x15, 0x16, 0x80000009, 0x8000000a, 0x8000001d, 0x8000001e, 0xffffffff};

    (void)state;
    assert_int_equal(view(0, 0).eax, 0xb);
    assert_int_equal(view(0x80000000, 0).eax, 0x80000008);
    for (unsigned i = 0; i < ARRAY_SIZE(empty); i++) {
        struct cpuid_regs r = view(empty[i], 0);

        assert_int_equal(r.eax | r.ebx | r.ecx | r.edx, 0);
    }
    assert_int_equal(view(7, 1).eax | view(7, 1).ebx, 0);
}

static void topology_is_the_vms(void **state)
{
    (void)state;
    assert_int_equal(view(1, 0).ebx >> 24, 2);
    assert_int_equal(view(1, 0).ebx >> 16 & 0xff, 3);
    assert_int_equal(view(0xb, 0).ebx, 1);
    assert_int_equal(view(0xb, 1).eax, 2); /* three cores need two bits */
    assert_int_equal(view(0xb, 1).ebx, 3);
    assert_int_equal(view(0xb, 1).ecx, 1 | 2 << 8);
    assert_int_equal(view(0xb, 2).ebx, 0);
    assert_int_equal(view(0xb, 2).edx, 2);
    assert_int_equal(view(4, 0).eax >> 26, 2);
    assert_int_equal(view(4, 0).eax >> 14 & 0xfff, 0);
    assert_int_equal(view(0x80000008, 0).ecx, 2 | 2 << 12);
}

static void one_vcpu_has_no_neighbours(void **state)
{
    struct cpuid_place one = {.apic_id = 0, .vcpus = 1};

    (void)state;
    assert_false(cpuid_view(one, 1, 0, all).edx & BIT(28));
    assert_int_equal(cpuid_view(one, 0xb, 1, all).eax, 0);
    assert_int_equal(cpuid_view(one, 0x80000008, 0, all).ecx, 0);
    assert_false(cpuid_view(one, 0x80000001, 0, all).ecx & BIT(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides),
        cmocka_unit_test(offers_ours_on_any_cpu),
        cmocka_unit_test(nothing_beyond_the_last_leaf),
        cmocka_unit_test(topology_is_the_vms),
        cmocka_unit_test(one_vcpu_has_no_neighbours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
