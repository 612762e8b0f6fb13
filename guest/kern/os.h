/* SPDX-License-Identifier: BSD-2-Clause */
/* os.h: the seam between the kernel and a C library: what each asks of the other beside guest.h. */
#pragma once
#include "con.h"
#include "mem.h"

/* ---- The C library provides ---- */

/* The first thread: runs main() with the words of the command line, and ends the VM with its status. */
_Noreturn void os_main(char *cmdline);
/* The body of each other thread: fn(arg) with whatever the library keeps per thread around it. */
void os_thread_run(void (*fn)(void *), void *arg);

/* ---- The kernel provides, beside con.h, mem.h and the files of guest/fs/fs.h ---- */

/* The moment before main(), for boot_timing(). */
void os_main_begins(void);
