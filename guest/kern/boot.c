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

/* The first word, from behind its last slash. */
static void copy_name(char name[BOOT_NAME_MAX], const char *words)
{
    size_t n = 0;

    for (; *words && *words != ' '; words++) {
        if (*words == '/')
            n = 0;
        else if (n + 1 < BOOT_NAME_MAX)
            name[n++] = *words;
    }
    name[n] = 0;
}

void boot_take_module(u64 addr, u64 bytes, const char *words)
{
    if (boot.module_count == BOOT_MODULES_MAX)
        return;
    boot.module[boot.module_count] = (struct boot_range){addr, bytes};
    copy_name(boot.module_name[boot.module_count++], words ? words : "");
}

const char *module_name(unsigned i)
{
    return i < boot.module_count ? boot.module_name[i] : NULL;
}

const void *module_data(unsigned i, u64 *bytes)
{
    if (i >= boot.module_count)
        return NULL;
    *bytes = boot.module[i].bytes;
    return (const void *)(uintptr_t)boot.module[i].addr;
}
