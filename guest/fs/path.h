/* SPDX-License-Identifier: BSD-2-Clause */
/* path.h: the parts of a path. */
#pragma once
#include "lib/str.h"
#include "lib/types.h"

static inline const char *path_skip_slashes(const char *at)
{
    while (*at == '/')
        at++;
    return at;
}

static inline size_t path_part(const char *at)
{
    size_t n = 0;

    while (at[n] && at[n] != '/')
        n++;
    return n;
}

/* Is this part just so many dots? */
static inline bool path_dots(const char *part, size_t length, size_t dots)
{
    return length == dots && !memcmp(part, "..", dots);
}
