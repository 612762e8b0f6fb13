/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager_slot.h: what a slot update asks of the pager.
 *
 * The slot is INVALID and has no readers left: nobody looks its pages up or starts I/O for them; I/O that had begun
 * may still end.
 */
#pragma once
#include "slot.h"

/* A page is being read, is being written, or starves for a frame. */
bool pager_slot_busy(const struct slot *s);
/* Nothing of the slot is mapped or busy: its frames are free again, its contents forgotten. */
void pager_slot_drop(struct vm *vm, struct slot *s);
