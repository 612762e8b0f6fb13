/* SPDX-License-Identifier: BSD-2-Clause */
/* con.h: the console for threads: whole writes, and reads that wait. */
#pragma once
#include "lib/types.h"

void con_write(const char *text, size_t n);
/* Waits for at least one byte; returns how many came, at most n. */
size_t con_read(char *text, size_t n);
