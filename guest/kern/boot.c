/* SPDX-License-Identifier: BSD-2-Clause */
/* boot.c: what the loader told, and the words of the command line. */
#include "boot.h"
#include "guest.h"
#include "lib/str.h"

struct boot boot;

const char *boot_option(const char *key)
{
    size_t n = strlen(key);

    for (const char *word = boot.cmdline; *word; word++) {
        if (word > boot.cmdline && word[-1] != ' ')
            continue;
        if (!strncmp(word, key, n) && word[n] == '=')
            return word + n + 1;
    }
    return NULL;
}

u64 boot_option_number(const char *key, u64 otherwise)
{
    const char *text = boot_option(key);
    u64 v = 0;

    if (!text || *text < '0' || *text > '9')
        return otherwise;
    for (; *text >= '0' && *text <= '9'; text++)
        v = v * 10 + (u64)(*text - '0');
    return v;
}

const char *boot_protocol(void)
{
    return boot.protocol;
}

unsigned module_count(void)
{
    return boot.module_count;
}

const void *module_data(unsigned i, u64 *bytes)
{
    if (i >= boot.module_count)
        return NULL;
    *bytes = boot.module[i].bytes;
    return (const void *)(uintptr_t)boot.module[i].addr;
}
