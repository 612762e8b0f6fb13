/* SPDX-License-Identifier: BSD-2-Clause */
/* hello.c: says where it runs and ends with the status it was told: `hello status=N`. */
#include "guest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    int status = 0;
    u64 at_entry, at_main, bytes;

    boot_timing(&at_entry, &at_main);
    printf("hello: booted by %s, %lu MiB of memory, %u vCPU%s, asynchronous page faults: %s\n",
           boot_protocol(), memory_bytes() / MiB, cpu_count(), cpu_count() == 1 ? "" : "s",
           pvapf_dialect_name());
    printf("hello: %lu ticks from the first instruction to main()\n", at_main - at_entry);
    for (unsigned i = 0; i < module_count(); i++) {
        const void *p = module_data(i, &bytes);

        printf("hello: module %u: %lu bytes at %p\n", i, bytes, p);
    }
    for (int i = 1; i < argc; i++) {
        printf("hello: argument %d: %s\n", i, argv[i]);
        if (!strncmp(argv[i], "status=", 7))
            status = atoi(argv[i] + 7);
    }
    return status;
}
