/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pmap.c: the kernel's page tables: everything at its own address, in 1 GiB pages where the CPU has them, else 2 MiB.
 *
 * Entries are only added, before or by the CPU that uses them, or cut into smaller ones that map the same. What may be
 * done with a page is protect.c's.
 */
#include "arch.h"
#include "cpu.h"
#include "cpuid.h"
#include "guest.h"
#include "karch.h"
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
struct mutex pmap_lock;

u64 *pmap_table(u64 entry)
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
    return pmap_table(*entry);
}

/* Long mode itself is announced in this leaf, so it exists. */
static bool has_gib_pages(void)
{
    static enum { UNKNOWN, NO, YES } has;

    if (has == UNKNOWN)
        has = cpuid(CPUID_EXT_FEATURES, 0).edx & BIT(CPUIDX1_EDX_GIB_PAGES) ? YES : NO;
    return has == YES;
}

/* Maps the page around addr; returns the first address after it. */
static u64 map_one(u64 addr, u64 bits)
{
    u64 *pdpte = &table_get(&boot_pml4[pt_index(addr, 4)])[pt_index(addr, 3)], *pde;

    if (!*pdpte && has_gib_pages())
        *pdpte = ROUND_DOWN(addr, GiB) | bits | PTE_PS;
    if (*pdpte & PTE_PS)
        return ROUND_DOWN(addr, GiB) + GiB;
    pde = &table_get(pdpte)[pt_index(addr, 2)];
    if (!*pde)
        *pde = ROUND_DOWN(addr, PAGE_2M) | bits | PTE_PS;
    return ROUND_DOWN(addr, PAGE_2M) + PAGE_2M;
}

static void map(u64 addr, u64 end, u64 bits)
{
    while (addr < end)
        addr = map_one(addr, bits);
}

void karch_map(u64 addr, u64 bytes)
{
    map(MAX(addr, HEAD_MAPS), addr + bytes, LEAF_BITS);
}

void pmap_map_device(u64 addr)
{
    map(addr, addr + 1, LEAF_BITS | PTE_PCD | PTE_PWT);
}

u64 *pmap_split(u64 *entry, u64 bytes)
{
    u64 first = *entry & PTE_ADDR, bits = *entry & LEAF_BITS, *table;

    if (!(*entry & PTE_PS))
        return pmap_table(*entry);
    table = mem_pages(1);
    if (!table)
        return NULL;
    for (unsigned i = 0; i < PT_ENTRIES; i++)
        table[i] = (first + i * bytes) | bits | (bytes > PAGE_SIZE ? PTE_PS : 0);
    at_store_rel(entry, (u64)(uintptr_t)table | TABLE_BITS);
    return table;
}
