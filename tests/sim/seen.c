/* SPDX-License-Identifier: BSD-2-Clause */
/* seen.c: the counters and their names. */
#include "seen.h"
#include <stdio.h>
#include <string.h>

#define PER_LINE 8

u64 seen[SEEN_KINDS];

void seen_reset(void)
{
    memset(seen, 0, sizeof(seen));
}

void seen_print(const u64 *counts)
{
#define SEEN_NAME(name, text) text,
    static const char *const names[] = {SEEN(SEEN_NAME)};

    for (unsigned i = 0; i < SEEN_KINDS; i++)
        printf("%s%lu %s%s", i % PER_LINE ? ", " : "# ", counts[i], names[i],
               i % PER_LINE == PER_LINE - 1 || i == SEEN_KINDS - 1 ? "\n" : "");
}
