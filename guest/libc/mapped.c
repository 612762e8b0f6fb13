/* SPDX-License-Identifier: BSD-2-Clause */
/* mapped.c: which pages mmap() gave out, so that munmap() of anything else does no harm. */
#include "mapped.h"
#include "guest.h"
#include "runs.h"
#include <string.h>

static struct runs mapped;
static struct mutex lock;

bool mapped_all(const void *start, size_t bytes)
{
    u64 at = (u64)(uintptr_t)start, n = bytes;
    bool found;

    mutex_lock(&lock);
    found = runs_find(&mapped, &at, &n);
    mutex_unlock(&lock);
    return found && at == (u64)(uintptr_t)start && n == bytes;
}

bool mapped_module(const void *start, size_t bytes)
{
    for (unsigned i = 0; i < module_count(); i++) {
        u64 size, at = (uintptr_t)start, module = (uintptr_t)module_data(i, &size);

        size = ROUND_UP(module + size, PAGE_SIZE) - module;
        if (at >= module && at - module < size && bytes <= size - (at - module))
            return true;
    }
    return false;
}

/* The set gets the node that it may need. */
static bool feed(void)
{
    void *page = runs_hungry(&mapped) ? mem_pages(1) : NULL;

    if (page)
        runs_feed(&mapped, page);
    return !runs_hungry(&mapped);
}

void *mapped_new(size_t pages)
{
    void *p = mem_pages(pages);
    bool kept;

    if (!p)
        return NULL;
    memset(p, 0, pages * PAGE_SIZE);
    mutex_lock(&lock);
    kept = feed() && runs_add(&mapped, (u64)(uintptr_t)p, pages * PAGE_SIZE);
    mutex_unlock(&lock);
    if (kept)
        return p;
    mem_pages_free(p, pages);
    return NULL;
}

int mapped_free(void *start, size_t bytes)
{
    u64 at = (u64)(uintptr_t)start, end = at + bytes, n = bytes;
    int result = 0;

    mutex_lock(&lock);
    for (; n && runs_find(&mapped, &at, &n); at += n, n = end - at) {
        if (!feed() || !mem_protect((void *)(uintptr_t)at, n / PAGE_SIZE, KACCESS_WRITE)) {
            result = -E_NOMEM;
            break;
        }
        runs_remove(&mapped, at, n);
        mem_pages_free((void *)(uintptr_t)at, n / PAGE_SIZE);
    }
    mutex_unlock(&lock);
    return result;
}
