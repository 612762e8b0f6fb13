/* SPDX-License-Identifier: BSD-2-Clause */
/* bench.h: what the benchmark's parts share: their names, and how a figure leaves the guest. */
#pragma once
#include "guest.h"

#define SAMPLES_MAX 2000

/* Prints `bench: NAME = VALUE`, the form that tests/bench reads. */
void figure(const char *name, double value);
/* The same of the median of n samples, with the smallest and the largest behind it. Sorts them. */
void figure_median(const char *name, s32 *sample, unsigned n);

/* exits.c: one exit after the other. */
void bench_exits(void);
/* threads.c: what threads of one CPU cost each other. false if there is no memory for them. */
bool bench_threads(void);
/* heap.c: malloc and free. */
void bench_heap(void);
/* posix.c: calls that stay in the guest. */
void bench_posix(void);
/* apf.c: from the touch of an absent page until the thread that touched it goes on. */
bool bench_apf(void);
/* rate.c: pages per second that threads can miss, and what is left for a thread that computes. */
bool bench_rates(u64 phase_ns);
