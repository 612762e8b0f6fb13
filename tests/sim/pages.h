/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pages.h: what every page of the guest's memory must hold: its own name, and the version that was written last.
 *
 * Guests use swarm.anonymous + swarm.module pages, named by number; the former are zero until first written.
 */
#pragma once
#include "lib/types.h"

struct vm;
struct disk;

#define MODULE_GFN 0x100000ull
#define APIC_GFN   0xfee00ull
#define APIC_PAGE  (~0u) /* the page behind the local APIC's registers: it has no contents */

void pages_reset(void);
unsigned pages_count(void);
gfn_t page_gfn(unsigned page);
bool page_in_module(unsigned page);
/* Where the module is now. */
gfn_t pages_module_at(void);
void pages_module_moved(gfn_t to);
/* It has its first contents again. */
void pages_module_deleted(void);
/* It has its first contents again. */
void pages_module_deleted(void);
/* Gfns of a slot that has so many pages in use. */
u64 pages_span(unsigned used);

/* The initial contents of the module. */
void pages_module(struct disk *d);

/* A guest reads the page, whose bytes are at `bytes`. */
void page_check(unsigned page, const void *bytes);
/* A guest writes it: the next version. */
void page_write(unsigned page, void *bytes);

/* Once the guests have ended: every page is what it should be, wherever it is. */
void pages_final(struct vm *vm, const struct disk *swap, const struct disk *module);
