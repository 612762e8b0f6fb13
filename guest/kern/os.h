/* SPDX-License-Identifier: BSD-2-Clause */
/* os.h: the seam between the kernel and a C library: what each asks of the other beside guest.h. */
#pragma once
#include "con.h"
#include "mem.h"

/* ---- The C library provides ---- */

/* The first thread: runs main() with the words of the command line, and ends the VM with its status. */
_Noreturn void os_main(char *cmdline);
/* The body of each other thread: fn(arg), once whatever the library keeps per thread is set up. */
void os_thread_run(void (*fn)(void *), void *arg);
/* … and is taken down: on that thread, after os_thread_run() or from thread_exit(). */
void os_thread_end(void);

/*
 * A CPU's fault hit the thread that calls, who does so with interrupts on: runs the program's handler of that signal.
 * false: it has none. If it comes back, what faulted is to be executed again.
 */
bool os_fault(int signal, void *address);

/* ---- The kernel provides, beside con.h, mem.h and the files of guest/fs/fs.h ---- */

/* The moment before main(), for boot_timing(). */
void os_main_begins(void);
/* The thread that asks gives up on the whole program: a line that names it, and STATUS_ABORT. */
_Noreturn void os_abort(const char *why);
