/* SPDX-License-Identifier: BSD-2-Clause */
/* con.h: what the host itself says on the console: whole lines, each beginning with "host| ". */
#pragma once
#include "lib/types.h"

#define CON_LINE 320 /* longer text is cut */

void con_host(const char *fmt, ...) printf_like(1, 2);
