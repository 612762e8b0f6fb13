/* SPDX-License-Identifier: BSD-2-Clause */
/* locale.c: which locales there are: both libraries take any name for one that they have (C11 7.11.1.1). */
#include "lib/types.h"
#include <locale.h>
#include <string.h>

/* The library's own, which images/libc calls so. */
char *libc_setlocale(int category, const char *name);

char *setlocale(int category, const char *name)
{
    static const char *const known[] = {"", "C", "POSIX", "C.UTF-8", "C-UTF-8"};

    for (size_t i = 0; name && strcmp(name, known[i]) != 0; i++)
        if (i + 1 == ARRAY_SIZE(known))
            return NULL;
    return libc_setlocale(category, name);
}
