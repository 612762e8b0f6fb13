/* SPDX-License-Identifier: BSD-2-Clause */
/* ram.c: a piece of memory stands for the machine's RAM, threads of this machine for its threads. */
#include "ram.h"
#include "boot.h"
#include "guest.h"
#include "lib/atomic.h"
#include "mem.h"
#include "panic.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

struct boot boot;

bool ram_make(size_t bytes)
{
    void *arena = aligned_alloc(PAGE_SIZE, bytes);

    if (!arena)
        return false;
    boot.ram[0] = (struct boot_range){(u64)(uintptr_t)arena, bytes};
    boot.ram_count = 1;
    mem_init();
    return true;
}

void karch_map(u64 addr, u64 bytes)
{
    (void)addr;
    (void)bytes;
}

void panic(const char *fmt, ...)
{
    fprintf(stderr, "panic: %s\n", fmt);
    abort();
}

void mutex_lock(struct mutex *m)
{
    while (at_xchg(&m->owner, 1))
        sched_yield();
}

void mutex_unlock(struct mutex *m)
{
    at_store_rel(&m->owner, 0);
}
