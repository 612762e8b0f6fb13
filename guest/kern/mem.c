/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem.c: all RAM that nobody else uses, as a set of runs.
 *
 * Who takes pages out or gives them back holds a mutex and not a spin lock, because what a free page or a node of the
 * set costs to touch is up to the host: it may be absent. Then this thread waits for it, and those that want pages too,
 * but no CPU does. Lowest address first: what was used before is used again, and what never was stays untouched.
 */
#include "mem.h"
#include "boot.h"
#include "guest.h"
#include "karch.h"
#include "panic.h"
#include "runs.h"

static struct {
    struct mutex lock;
    u64 start, end;
    struct runs free;
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

/* Where a node is needed and there is none, the first of the pages is made into nodes, for good. */
static bool add(u64 start, u64 bytes)
{
    if (runs_hungry(&mem.free)) {
        check(!runs_find(&mem.free, &(u64){start}, &(u64){bytes}));
        runs_feed(&mem.free, (void *)(uintptr_t)start);
        start += PAGE_SIZE;
        bytes -= PAGE_SIZE;
    }
    return !bytes || runs_add(&mem.free, start, bytes);
}

static u64 take(u64 bytes, u64 align)
{
    u64 page;

    if (runs_hungry(&mem.free)) {
        page = runs_take(&mem.free, PAGE_SIZE, PAGE_SIZE);
        if (!page)
            return 0;
        runs_feed(&mem.free, (void *)(uintptr_t)page);
    }
    return runs_take(&mem.free, bytes, align);
}

static void offer(u64 start, u64 end)
{
    start = ROUND_UP(start, PAGE_SIZE);
    end = ROUND_DOWN(end, PAGE_SIZE);
    if (end <= start)
        return;
    karch_map(start, end - start);
    check(add(start, end - start));
    mem.start = mem.end ? MIN(mem.start, start) : start;
    mem.end = MAX(mem.end, end);
}

void mem_init(void)
{
    runs_init(&mem.free);
    mem.start = mem.end = 0;
    for (unsigned i = 0; i < boot.ram_count; i++) {
        u64 at = MAX(boot.ram[i].addr, MEM_LOWEST), end = boot.ram[i].addr + boot.ram[i].bytes;

        while (at < end) {
            struct boot_range used = first_used(at, end);

            offer(at, used.addr);
            at = MAX(at, used.addr + MAX(used.bytes, 1ull));
        }
    }
    check(mem.free.bytes);
}

void *mem_pages_aligned(size_t n, size_t align)
{
    u64 at = 0;

    mutex_lock(&mem.lock);
    if (n && n <= mem.free.bytes / PAGE_SIZE)
        at = take(n * PAGE_SIZE, align);
    mutex_unlock(&mem.lock);
    return (void *)(uintptr_t)at;
}

void *mem_pages(size_t n)
{
    return mem_pages_aligned(n, PAGE_SIZE);
}

void mem_pages_free(void *pages, size_t n)
{
    u64 at = (u64)(uintptr_t)pages;
    bool was_taken;

    if (!n)
        return;
    check(!(at & PAGE_MASK) && at >= mem.start && at < mem.end && n <= (mem.end - at) / PAGE_SIZE);
    mutex_lock(&mem.lock);
    was_taken = add(at, n * PAGE_SIZE);
    mutex_unlock(&mem.lock);
    check(was_taken);
}

size_t mem_pages_left(size_t *longest)
{
    size_t left;

    mutex_lock(&mem.lock);
    left = mem.free.bytes / PAGE_SIZE;
    *longest = runs_longest(&mem.free) / PAGE_SIZE;
    mutex_unlock(&mem.lock);
    return left;
}

void mem_bounds(u64 *start, u64 *end)
{
    *start = mem.start;
    *end = mem.end;
}

u64 memory_bytes(void)
{
    u64 sum = 0;

    for (unsigned i = 0; i < boot.ram_count; i++)
        sum += boot.ram[i].bytes;
    return sum;
}
