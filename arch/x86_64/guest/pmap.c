/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pmap.c: the kernel's page tables: everything at its own address, in the largest pages that fit.
 *
 * Entries are only added, before or by the CPU that uses them; but for guard pages, which are taken out of a 2 MiB page
 * before anybody may have touched them. A CPU that cached the large page misses the guard, nothing worse.
 */
#include "arch.h"
#include "cpu.h"
#include "cpuid.h"
#include "karch.h"
#include "spin.h"
#include "mem.h"
#include "page.h"
#include "panic.h"

#define TABLES_MAX 40  /* each maps 1 GiB in 2 MiB pages, or 512 GiB in 1 GiB ones */
#define HEAD_MAPS  GiB /* so much from 0 on head.S has mapped */
#define PAGE_2M    (2 * MiB)
#define TABLE_BITS (PTE_P | PTE_RW | PTE_A)
#define LEAF_BITS  (PTE_P | PTE_RW | PTE_A | PTE_D)

static u64 tables[TABLES_MAX][PT_ENTRIES] __attribute__((aligned(4096)));
static unsigned tables_used;
static struct spin tables_lock;

static u64 *table_of(u64 entry)
{
    return (u64 *)(uintptr_t)(entry & PTE_ADDR);
}

/* The table that *entry points to, a new one if it points to none. */
static u64 *table_get(u64 *entry)
{
    if (!*entry) {
        check(tables_used < TABLES_MAX);
        *entry = (u64)(uintptr_t)tables[tables_used++] | TABLE_BITS;
    }
    return table_of(*entry);
}

static bool has_gib_pages(void)
{
    return cpuid(CPUID_EXT_MAX, 0).eax >= CPUID_EXT_FEATURES &&
           cpuid(CPUID_EXT_FEATURES, 0).edx & BIT(CPUIDX1_EDX_GIB_PAGES);
}

/* Maps at least the page at addr; returns the first address after what it maps. */
static u64 map_one(u64 addr, u64 end, u64 bits)
{
    u64 *pdpte = &table_get(&boot_pml4[pt_index(addr, 4)])[pt_index(addr, 3)], *pde;

    if (*pdpte & PTE_PS || (!*pdpte && addr % GiB == 0 && end - addr >= GiB && has_gib_pages())) {
        if (!*pdpte)
            *pdpte = addr | bits | PTE_PS;
        return ROUND_DOWN(addr, GiB) + GiB;
    }
    pde = &table_get(pdpte)[pt_index(addr, 2)];
    if (!*pde)
        *pde = ROUND_DOWN(addr, PAGE_2M) | bits | PTE_PS;
    return ROUND_DOWN(addr, PAGE_2M) + PAGE_2M;
}

static void map(u64 addr, u64 end, u64 bits)
{
    while (addr < end)
        addr = map_one(addr, end, bits);
}

void karch_map(u64 addr, u64 bytes)
{
    map(MAX(addr, HEAD_MAPS), addr + bytes, LEAF_BITS);
}

void pmap_map_device(u64 addr)
{
    map(addr, addr + 1, LEAF_BITS | PTE_PCD | PTE_PWT);
}

/* Replaces the 2 MiB page by 512 small ones; a 1 GiB page stays as it is and the guard is not made. */
static u64 *split(u64 *pde)
{
    u64 first = *pde & PTE_ADDR, *small;

    if (!(*pde & PTE_PS))
        return table_of(*pde);
    small = mem_pages(1);
    if (!small)
        return NULL;
    for (unsigned i = 0; i < PT_ENTRIES; i++)
        small[i] = (first + i * PAGE_SIZE) | LEAF_BITS;
    at_store_rel(pde, (u64)(uintptr_t)small | TABLE_BITS);
    return small;
}

void karch_guard(void *page)
{
    u64 addr = (u64)(uintptr_t)page, pdpte, *small;
    bool on = irq_lock(&tables_lock);

    pdpte = table_of(boot_pml4[pt_index(addr, 4)])[pt_index(addr, 3)];
    small = pdpte & PTE_PS ? NULL : split(&table_of(pdpte)[pt_index(addr, 2)]);
    if (small) {
        at_store(&small[pt_index(addr, 1)], 0);
        invlpg(page);
    }
    irq_unlock(&tables_lock, on);
}
