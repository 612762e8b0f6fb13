/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem.c: the largest piece of RAM that nobody else uses; the heap grows from its bottom, pages are taken from its top.
 *
 *     free_start            heap_end                    pages_start            end of the piece
 *     | heap -->            |            free           |            <-- pages |
 */
#include "mem.h"
#include "boot.h"
#include "guest.h"
#include "spin.h"
#include "panic.h"

static struct {
    struct spin lock;
    u64 heap_start, heap_end, pages_start;
} mem;

static bool overlaps(struct boot_range r, u64 start, u64 end)
{
    return r.bytes && r.addr < end && start < r.addr + r.bytes;
}

/* The lowest range in use within [start, end); an empty one at `end` if there is none. */
static struct boot_range first_used(u64 start, u64 end)
{
    struct boot_range first = {end, 0};

    if (overlaps(boot.image, start, end))
        first = boot.image;
    for (unsigned i = 0; i < boot.module_count; i++)
        if (overlaps(boot.module[i], start, end) && boot.module[i].addr < first.addr)
            first = boot.module[i];
    return first;
}

static void offer(u64 start, u64 end)
{
    start = ROUND_UP(start, PAGE_SIZE);
    end = ROUND_DOWN(end, PAGE_SIZE);
    if (end > start && end - start > mem.pages_start - mem.heap_start) {
        mem.heap_start = mem.heap_end = start;
        mem.pages_start = end;
    }
}

void mem_init(void)
{
    mem.heap_start = mem.heap_end = mem.pages_start = 0;
    for (unsigned i = 0; i < boot.ram_count; i++) {
        u64 at = MAX(boot.ram[i].addr, MEM_LOWEST), end = boot.ram[i].addr + boot.ram[i].bytes;

        while (at < end) {
            struct boot_range used = first_used(at, end);

            offer(at, used.addr);
            at = MAX(at, used.addr + MAX(used.bytes, 1ull));
        }
    }
    check(mem.pages_start > mem.heap_start);
    karch_map(mem.heap_start, mem.pages_start - mem.heap_start);
}

void *mem_pages(size_t n)
{
    void *pages = NULL;
    bool on = irq_lock(&mem.lock);

    if (mem.pages_start - mem.heap_end >= n * PAGE_SIZE) {
        mem.pages_start -= n * PAGE_SIZE;
        pages = (void *)(uintptr_t)mem.pages_start;
    }
    irq_unlock(&mem.lock, on);
    return pages;
}

void *mem_heap_grow(s64 bytes)
{
    void *before = NULL;
    bool on = irq_lock(&mem.lock);

    if (bytes <= (s64)(mem.pages_start - mem.heap_end) && -bytes <= (s64)(mem.heap_end - mem.heap_start)) {
        before = (void *)(uintptr_t)mem.heap_end;
        mem.heap_end += (u64)bytes;
    }
    irq_unlock(&mem.lock, on);
    return before;
}

u64 memory_bytes(void)
{
    u64 sum = 0;

    for (unsigned i = 0; i < boot.ram_count; i++)
        sum += boot.ram[i].bytes;
    return sum;
}
