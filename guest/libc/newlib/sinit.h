/* SPDX-License-Identifier: BSD-2-Clause */
/* sinit.h: sets up the open files; declared in none of newlib's public headers. */
#pragma once
#include <reent.h>

void __sinit(struct _reent *r);
