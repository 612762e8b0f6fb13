/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * features.h: what this system has of POSIX's options, beside what the C library says of itself.
 *
 * Both libraries hide the calls of an option that is not named here. 200809L is POSIX.1-2008, and so 2017.
 * _POSIX_VERSION is not defined: there is one process, and no fork(). docs/posix.md is the whole table.
 */
#pragma once
#include_next <sys/features.h>

#define _POSIX_BARRIERS              200809L
#define _POSIX_CLOCK_SELECTION       200809L
#define _POSIX_MONOTONIC_CLOCK       200809L
#define _POSIX_PRIORITY_SCHEDULING   200809L
#define _POSIX_READER_WRITER_LOCKS   200809L
#define _POSIX_SEMAPHORES            200809L
#define _POSIX_SPIN_LOCKS            200809L
#define _POSIX_THREADS               200809L
#define _POSIX_THREAD_ATTR_STACKSIZE 200809L
#define _POSIX_THREAD_SAFE_FUNCTIONS 200809L
#define _POSIX_TIMEOUTS              200809L
#define _POSIX_TIMERS                200809L

#define _UNIX98_THREAD_MUTEX_ATTRIBUTES 1

/* newlib's own value is 1000, XSI wants this one. */
#define _CLOCKS_PER_SEC_ 1000000
