/* SPDX-License-Identifier: BSD-2-Clause */
/* run.h: run threads of the kernel on one fake CPU until none can run any more, and note what they do. */
#pragma once
#include "machine.h"
#include "thread.h"

#define MS 1000000ull

extern char run_trace[64]; /* what run_note() was told, in order */
extern u64 run_noted_at;   /* … and when it was told last */

/* Fixtures of cmocka: of the whole program, and of each test. */
int run_setup_once(void **state);
int run_setup(void **state);

void run_note(const char *what);
/* A thread that the test, or a thread of it, joins. */
struct thread *run_create(void (*fn)(void *), void *arg);
/* A thread that run_all() joins. */
void run_start(void (*fn)(void *), void *arg);
/* Runs all threads until nothing can run any more; those that were started must have ended then. */
void run_all(void);
/* What the CPU does when it waits: time passes until the timer or, if that is not armed, run_all() ends. */
void run_idle(void);
