/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port.h: everything the core asks of the machine it runs on.
 *
 * host/hyp implements these on bare metal, tests/unit on the build machine. Unless stated otherwise a call may be made
 * on any CPU, never blocks and cannot fail. The core runs with interrupts off; they are recognised only inside
 * port_idle() and while a guest runs.
 */
#pragma once
#include "lib/types.h"

/* Time: nanoseconds since start, the same on all CPUs, never going back. */
u64 port_now(void);
/* Nanoseconds since 1970 UTC, going on as port_now() does; 0: the machine knows no date. */
u64 port_wall(void);
/* Frequency of the time-stamp counter, kHz, constant; and the counter itself. */
u64 port_tsc_khz(void);
u64 port_tsc(void);

/* The calling CPU, 0 … port_cpu_count() - 1; CPU_MAX is the most there can be. */
#define CPU_MAX 8
unsigned port_cpu(void);
unsigned port_cpu_count(void);

/* Interrupt `cpu`: it leaves guest mode, or port_idle(), soon. Does not wait. A full barrier. */
void port_kick(unsigned cpu);
/* Arrange for an interrupt on this CPU at `deadline` (ns as port_now(), TIME_NEVER = none); replaces the previous one,
 * and costs next to nothing if it is the same. */
void port_timer(u64 deadline);
/* Sleep until an interrupt arrives on this CPU. Returns at once if one arrived since the last call. */
void port_idle(void);
#define TIME_NEVER (~0ull)

/* One 4 KiB frame of host memory, contents undefined. False if there is none. */
bool port_frame_alloc(hpa_t *out) must_check;
void port_frame_free(hpa_t frame);
/* A block: BLOCK_PAGES frames side by side, the first at a multiple of BLOCK_BYTES: what one 2 MiB leaf maps. */
#define BLOCK_SHIFT 9
#define BLOCK_PAGES (1u << BLOCK_SHIFT)
#define BLOCK_BYTES (BLOCK_PAGES * PAGE_SIZE)
/* As port_frame_alloc(); false: no block is left, though there may be frames. */
bool port_block_alloc(hpa_t *out) must_check;
void port_block_free(hpa_t block);
/* The CPU address at which host physical memory can be read and written, and back. */
void *port_map(hpa_t at);
hpa_t port_hpa(const void *p);
/* Zeroed, page-aligned memory, one run; NULL if there is none so long. For set-up, and for slots added later. */
void *port_zalloc(size_t bytes);
void port_zfree(void *p, size_t bytes);

/* Serial console: write n bytes as one piece; next input byte or -1. */
void port_console_write(const char *s, size_t n);
int port_console_read(void);

/* Our own invariant is broken: name it, show where, stop the machine. */
_Noreturn void port_panic(const char *invariant, const char *file, int line);

/* check() is for our bugs and stays on in every build (D10); a guest can never make one fail. */
#define check(cond, invariant) ((cond) ? (void)0 : port_panic((invariant), __FILE__, __LINE__))
