/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_exit.h: what the files about POSIX threads tell each other. */
#pragma once
#include <pthread.h>

/* Of the thread that ends; NULL until the program has a key, or a clean-up handler. */
extern void (*pthread_run_destructors)(void);
extern void (*pthread_run_cleanups)(void);

/* 0, or ESRCH: there is no such thread. */
int pthread_is(pthread_t t);
