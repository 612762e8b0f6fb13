/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bracket.h: take pages away from a VM: the invalidation bracket (inv.h) with all that a VM adds to it.
 *
 *     struct inv_bracket b = {.who = "eviction"};
 *
 *     bracket_enter(vm, &b);           before any look-up of a slot
 *     … choose what to take; nothing to take: bracket_leave(vm, &b) …
 *     write_lock(&vm->tdp.lock);
 *     bracket_start(vm, &b);
 *     bracket_add(vm, &b, start, end); for each range, before it is zapped
 *     … zap, flush …
 *     write_unlock(&vm->tdp.lock);
 *     … change what the gfns mean …
 *     bracket_end(vm, &b);
 *
 * A bracket ends in the pass of the CPU's loop in which it began, so whoever waits for none to be open waits for
 * other CPUs' passes only.
 */
#pragma once
#include "inv.h"

struct vm;

void bracket_enter(struct vm *vm, struct inv_bracket *b);
void bracket_leave(struct vm *vm, struct inv_bracket *b);

/* Mapping lock held for write. */
void bracket_start(struct vm *vm, struct inv_bracket *b);
/* Every unmap of a range comes by here first: what else knows its frames is told (B2-4, B2-6). */
void bracket_add(struct vm *vm, struct inv_bracket *b, gfn_t start, gfn_t end);

/* Takes the mapping lock itself; leaves. */
void bracket_end(struct vm *vm, struct inv_bracket *b);

/*
 * Our use of the protocol was inconsistent: act by severity (B6-11). What can only delay is reported, once per VM and
 * kind; what could leave a stale mapping ends the VM.
 */
void bracket_report(struct vm *vm, const char *who, enum inv_bug bug);
