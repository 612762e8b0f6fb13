/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frames.h: the machine's memory, frame by frame: whether somebody owns it, and which of its lives this is.
 *
 * A frame that is given back is poisoned, and used again as soon as possible: whoever still reaches it is found out.
 */
#pragma once
#include "lib/types.h"

/* So many frames that come singly, and blocks. */
void frames_init(u64 singles, u64 blocks);
/* Allocated and not given back. */
u64 frames_in_use(void);

bool frame_allocated(hpa_t at);
/* Goes up each time the frame is given back: what remembers an older life of it is stale. */
u32 frame_life(hpa_t at);

/* A device reads or writes the frame until it is returned. */
void frame_lend(hpa_t at);
void frame_return(hpa_t at);
bool frame_lent(hpa_t at);

/* Bytes of the frame, whoever owns it: for oracles and devices. */
void *frame_bytes(hpa_t at);
