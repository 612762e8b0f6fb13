/* SPDX-License-Identifier: BSD-2-Clause */
/* fault.h: the end of a program that did what it must not: one line that says which thread and what. */
#pragma once
#include "lib/types.h"

/*
 * Any context. All other CPUs stop, then the line is printed, at the start of a line; who calls this may print more by
 * panic_print() and ends the VM by stop_all(). Comes back on one CPU only.
 */
void fault_say(const char *kind, const char *fmt, ...) printf_like(2, 3);
