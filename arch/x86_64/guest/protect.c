/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * protect.c: what may be done with a page: entries change in place, large ones are cut where a range begins or ends
 * within them.
 */
#include "arch.h"
#include "cpu.h"
#include "karch.h"
#include "page.h"
#include "panic.h"

#define RIGHTS (PTE_P | PTE_RW)

static u64 bits_of(enum karch_access access)
{
    switch (access) {
    case KACCESS_NONE:
        return 0;
    case KACCESS_READ:
        return PTE_P;
    case KACCESS_WRITE:
        return PTE_P | PTE_RW;
    }
    __builtin_unreachable();
}

/* The first address behind the page around addr, which now has these rights; 0 if it is a guard, or memory is out. */
static u64 protect_one(u64 addr, u64 end, u64 rights)
{
    u64 *table = pmap_table(boot_pml4[pt_index(addr, 4)]), bytes = GiB;

    for (unsigned level = 3;; level--, bytes /= PT_ENTRIES) {
        u64 *entry = &table[pt_index(addr, level)], next = ROUND_DOWN(addr, bytes) + bytes;

        if (!*entry)
            return 0;
        if (level == 1 || *entry & PTE_PS) {
            if ((*entry & RIGHTS) == rights)
                return next;
            if (!(addr & (bytes - 1)) && next <= end) {
                at_store(entry, (*entry & ~RIGHTS) | rights);
                return next;
            }
        }
        table = pmap_split(entry, bytes / PT_ENTRIES);
        if (!table)
            return 0;
    }
}

bool karch_protect(void *start, u64 bytes, enum karch_access access)
{
    u64 addr = (u64)(uintptr_t)start, end = addr + bytes, rights = bits_of(access);

    mutex_lock(&pmap_lock);
    do
        addr = protect_one(addr, end, rights);
    while (addr && addr < end);
    mutex_unlock(&pmap_lock);
    return addr;
}

/* No entry is global. */
void karch_protect_seen(void)
{
    write_cr3(read_cr3());
}

/* Without memory for tables there is no guard. */
void karch_guard(void *start, u64 bytes)
{
    if (karch_protect(start, bytes, KACCESS_NONE))
        karch_guard_seen(start, bytes);
}

void karch_guard_seen(void *start, u64 bytes)
{
    for (u64 i = 0; i < bytes; i += PAGE_SIZE)
        invlpg((u8 *)start + i);
}

void karch_unguard(void *start, u64 bytes)
{
    bool done = karch_protect(start, bytes, KACCESS_WRITE);

    check(done); /* the tables are there, or were never needed */
}
