/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls.h: thread-local storage, variant II (ELF Handling For Thread-Local Storage, 3.4.6): a thread's variables end
 * where its thread pointer points, and the word there points to itself.
 */
#pragma once
#include "lib/types.h"

/* Makes a block that ends at or below `end`; returns the thread pointer. Below it is the block, down to *start. */
void *tls_make(void *end, void **start);
/* The first thread's, for which the linker has put zeros aside. */
void *tls_make_first(void);
/* What a block takes, at most. */
size_t tls_room(void);
