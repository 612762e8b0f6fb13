/* SPDX-License-Identifier: BSD-2-Clause */
/* mmu.c: page tables: memory at its own address for CPL 0, and the first GiB once more for CPL 3. */
#include "conf.h"
#include "boot.h"
#include "frame.h"
#include "mmu.h"
#include "page.h"
#include "panic.h"

#define PAGE_2M    (2 * MiB)
#define TABLE_BITS (PTE_P | PTE_RW | PTE_A | PTE_US)
#define LEAF_BITS  (PTE_P | PTE_RW | PTE_A | PTE_D)
#define TABLES_MAX 16
#define SPARE      0x10000000000ull /* an address of which nothing is mapped */

extern u64 boot_pml4[]; /* head.S: the first GiB */

static u64 tables[TABLES_MAX][PT_ENTRIES] __attribute__((aligned(4096)));
static unsigned used;

static u64 *table_of(u64 *entry)
{
    if (!*entry) {
        check(used < TABLES_MAX);
        *entry = (u64)(uintptr_t)tables[used++] | TABLE_BITS;
    }
    return (u64 *)(uintptr_t)(*entry & PTE_ADDR);
}

static void map(u64 at, u64 to, u64 bytes, u64 bits)
{
    for (u64 end = at + bytes; at < end; at += PAGE_2M, to += PAGE_2M) {
        u64 *pd = table_of(&table_of(&boot_pml4[pt_index(at, 4)])[pt_index(at, 3)]);
        u64 *entry = &pd[pt_index(at, 2)];

        if (!*entry)
            *entry = to | bits | PTE_PS;
    }
}

/* Modules may lie anywhere; the local APIC's page lies below 4 GiB. */
void mmu_init(void)
{
    map(GiB, GiB, 2 * GiB, LEAF_BITS);
    map(3 * GiB, 3 * GiB, GiB, LEAF_BITS | PTE_PCD | PTE_PWT);
    map(USER_BASE, 0, GiB, LEAF_BITS | PTE_US);
    for (unsigned i = 0; i < boot.module_count; i++) {
        u64 first = ROUND_DOWN(boot.module[i].addr, PAGE_2M);

        map(first, first, boot.module[i].addr + boot.module[i].bytes - first, LEAF_BITS);
    }
}

void *mmu_by_way_of(u64 *table, void *page)
{
    u64 *pd = table_of(&table_of(&boot_pml4[pt_index(SPARE, 4)])[pt_index(SPARE, 3)]);

    table[0] = (u64)(uintptr_t)page | LEAF_BITS;
    pd[0] = (u64)(uintptr_t)table | TABLE_BITS;
    return (void *)SPARE;
}

void mmu_forget(void *at)
{
    u64 *pd = table_of(&table_of(&boot_pml4[pt_index(SPARE, 4)])[pt_index(SPARE, 3)]);

    pd[0] = 0;
    invlpg(at);
}
