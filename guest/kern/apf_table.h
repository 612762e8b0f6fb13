/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apf_table.h: who waits for which token (A4.3). All functions with interrupts off.
 *
 * A node is a WAITER, on the stack of the thread that waits, or a MARKER: the page was ready before anybody waited.
 */
#pragma once
#include "lib/types.h"

#define APF_BUCKETS 64

enum apf_wait { APF_WAITED, APF_HALT_WAITED, APF_NOT_NEEDED };

/* Returns when the access may be tried again. */
enum apf_wait apf_wait(u32 token);
/* Wakes the thread that waits for it, or remembers that none needs to. The table must not be full (A4-24). */
void apf_ready(u32 token);
/* Wakes every thread that began to wait on the calling CPU (A4-25, A4-41). */
void apf_wake_cpu(unsigned cpu);
/* Forgets this CPU's markers: no ready can belong to them any more. */
void apf_forget_markers(unsigned cpu);
