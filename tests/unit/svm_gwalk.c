/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_gwalk.c: gwalk.c finds what the guest's tables map, and gives up where they do not or where a page is away. */
#include "svm_rig.h"
#include "../../arch/x86_64/host/gwalk.c"

static struct gwalk regs(void)
{
    struct vmcb *c = &rig.hw.vmcb;

    return (struct gwalk){c->cr0, c->cr3, c->cr4, c->efer};
}

static bool finds(u64 va, u64 want)
{
    struct gwalk w = regs();
    gpa_t gpa;

    return gwalk_gpa(&rig.vm, &w, (gva_t){va}, &gpa) && gpa.v == want;
}

static bool gives_up(u64 va)
{
    struct gwalk w = regs();
    gpa_t gpa;

    return !gwalk_gpa(&rig.vm, &w, (gva_t){va}, &gpa);
}

static void small_pages(void **state)
{
    (void)state;
    assert_true(finds(0x5123, 0x5123));
    rig_entry(RIG_PT + 5 * 8, 0x9000 | PTE_P | PTE_NX);
    assert_true(finds(0x5123, 0x9123));
    rig_entry(RIG_PT + 5 * 8, 0);
    assert_true(gives_up(0x5123));
    assert_true(gives_up(1ull << 40));
}

static void large_pages(void **state)
{
    (void)state;
    rig_entry(RIG_PD + 8, 0x200000 | PTE_P | PTE_PS | BIT(12)); /* bit 12 is PAT here */
    assert_true(finds(0x212345, 0x212345));
    rig_entry(RIG_PDPT + 8, 0x80000000 | PTE_P | PTE_PS);
    assert_true(finds(0x40000000 + 0x1234567, 0x81234567));
}

static void five_levels(void **state)
{
    (void)state;
    rig_entry(0x8000, RIG_PML4 | PTE_P);
    rig.hw.vmcb.cr3 = 0x8000;
    rig.hw.vmcb.cr4 |= CR4_LA57;
    assert_true(finds(0x5123, 0x5123));
}

static void no_paging(void **state)
{
    (void)state;
    rig.hw.vmcb.efer &= ~(u64)EFER_LMA;
    rig.hw.vmcb.cr0 = CR0_PE;
    assert_true(finds(0x100005123, 0x5123)); /* linear addresses have 32 bits */
}

/* Four entries of 8 bytes anywhere below 4 GiB, then as in long mode, but for 1 GiB pages. */
static void pae(void **state)
{
    (void)state;
    rig.hw.vmcb.efer &= ~(u64)EFER_LMA;
    rig.hw.vmcb.cr4 = CR4_PAE;
    rig.hw.vmcb.cr3 = 0x8fe0 | 0xf00000000;
    rig_entry(0x8fe0, RIG_PD | PTE_P);
    rig_entry(0x8fe0 + 3 * 8, RIG_PD | PTE_P | PTE_PS); /* reserved: no page */
    rig_entry(RIG_PT + 5 * 8, 0x9000 | PTE_P);
    assert_true(finds(0x5123, 0x9123));
    assert_true(finds(0x1000005123, 0x9123));
    assert_true(finds(0xc0005123, 0x9123));
    assert_true(gives_up(0x40005123));
    rig_entry(RIG_PD + 8, 0x12200000 | PTE_P | PTE_PS);
    assert_true(finds(0x2abcde, 0x122abcde));
}

/* Two levels of 1024 entries of 4 bytes; 4 MiB pages where they are enabled, above 4 GiB too. */
static void thirty_two_bits(void **state)
{
    (void)state;
    rig.hw.vmcb.efer &= ~(u64)EFER_LMA;
    rig.hw.vmcb.cr4 = CR4_PSE;
    rig.hw.vmcb.cr3 = 0x8018; /* the low bits are flags */
    rig_entry(0x8000, 0x9000 | PTE_P | (u64)(0x12c02000 | PTE_P | PTE_PS) << 32);
    rig_entry(0x9000 + 5 * 4, 0xa000 | PTE_P);
    assert_true(finds(0x5123, 0xa123));
    assert_true(gives_up(0x6123));
    assert_true(gives_up(0x800000));
    assert_true(finds(0x4abcde, 0x112cabcde));
    assert_true(finds(0x1004abcde, 0x112cabcde));
    rig_entry(0x8000, (u64)(0x9000 | PTE_P | PTE_PS) << 32);
    rig.hw.vmcb.cr4 = 0; /* that is a table now */
    assert_true(finds(0x405123, 0xa123));
}

static void absent_pages(void **state)
{
    static const u64 tables[] = {RIG_PML4, RIG_PDPT, RIG_PD, RIG_PT};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(tables); i++) {
        ram.absent[tables[i] / PAGE_SIZE] = true;
        assert_true(gives_up(0x5123));
        ram.absent[tables[i] / PAGE_SIZE] = false;
    }
    assert_int_equal(ram.brought, 0);
}

static void reads_across_pages_until_one_is_away(void **state)
{
    struct gwalk w = regs();
    u8 buf[16];

    (void)state;
    rig_code(0x5ff8, "abcdefgh", 8);
    rig_code(0x9000, "ijklmnop", 8);
    rig_entry(RIG_PT + 6 * 8, 0x9000 | PTE_P);
    assert_int_equal(gwalk_read(&rig.vm, &w, (gva_t){0x5ff8}, buf, 16), 16);
    assert_memory_equal(buf, "abcdefghijklmnop", 16);
    ram.absent[9] = true;
    assert_int_equal(gwalk_read(&rig.vm, &w, (gva_t){0x5ff8}, buf, 16), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(small_pages, rig_reset),
        cmocka_unit_test_setup(large_pages, rig_reset),
        cmocka_unit_test_setup(five_levels, rig_reset),
        cmocka_unit_test_setup(no_paging, rig_reset),
        cmocka_unit_test_setup(pae, rig_reset),
        cmocka_unit_test_setup(thirty_two_bits, rig_reset),
        cmocka_unit_test_setup(absent_pages, rig_reset),
        cmocka_unit_test_setup(reads_across_pages_until_one_is_away, rig_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
