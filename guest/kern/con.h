/* SPDX-License-Identifier: BSD-2-Clause */
/* con.h: the console for threads: whole writes, and reads that wait. */
#pragma once
#include "lib/types.h"

void con_write(const char *text, size_t n);
/* Waits for at least one byte; returns how many came, at most n and no more than a line; 0 is the end of the input. */
size_t con_read(char *text, size_t n);
