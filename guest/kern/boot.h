/* SPDX-License-Identifier: BSD-2-Clause */
/* boot.h: what the loader told us, in one form for every boot protocol. The machine fills it before kernel_main(). */
#pragma once
#include "lib/types.h"

#define BOOT_RAM_MAX     32
#define BOOT_MODULES_MAX 8
#define BOOT_CMDLINE_MAX 1024 /* with the terminating NUL; longer ones are cut */
#define BOOT_NAME_MAX    64   /* likewise */

struct boot_range {
    u64 addr, bytes;
};

struct boot {
    const char *protocol;
    char cmdline[BOOT_CMDLINE_MAX];
    unsigned ram_count, module_count;
    struct boot_range ram[BOOT_RAM_MAX];
    struct boot_range module[BOOT_MODULES_MAX];
    char module_name[BOOT_MODULES_MAX][BOOT_NAME_MAX]; /* the first word the loader gave, without a path */
    struct boot_range image;                           /* this program */
    u64 rsdp;                                          /* of ACPI, 0 = not told */
    u64 entry_tsc;                                     /* the time stamp counter at our first instruction */
};

extern struct boot boot;

/* Remembers a module; words may be NULL. Those that are too many are dropped. */
void boot_take_module(u64 addr, u64 bytes, const char *words);

/* The value of the word KEY=VALUE on the command line, ended by a blank or NUL; NULL if there is none. */
const char *boot_option(const char *key);
/* The same as a decimal number. */
u64 boot_option_number(const char *key, u64 otherwise);

/* Called by the machine on the first CPU once `boot` is filled: interrupts off, on a stack for main(). */
_Noreturn void kernel_main(void);
