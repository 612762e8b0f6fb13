/* SPDX-License-Identifier: BSD-2-Clause */
/* walks.h: do the model's walkers read entries as the manuals say? */
#pragma once
#include "lib/types.h"

/* Complains on standard output. */
bool walks_right(void);
