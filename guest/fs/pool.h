/* SPDX-License-Identifier: BSD-2-Clause */
/* pool.h: small pieces of memory for names, files and descriptors. One caller at a time: the tree's lock is held. */
#pragma once
#include "lib/types.h"

#define POOL_MAX 320 /* bytes of a piece */

/* All zero; NULL if memory is out. */
void *pool_get(size_t bytes);
/* Gives it back, with the same size. */
void pool_put(void *piece, size_t bytes);
