/* SPDX-License-Identifier: BSD-2-Clause */
/* protect.c: change what may be done with pages, and see to it that no CPU goes by what it remembers. */
#include "call.h"
#include "mem.h"

static void seen(void *arg)
{
    (void)arg;
    karch_protect_seen();
}

bool mem_protect(void *pages, size_t n, enum karch_access access)
{
    bool done = karch_protect(pages, n * PAGE_SIZE, access);

    cpu_call_all(seen, NULL);
    return done;
}
