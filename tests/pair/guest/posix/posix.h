/* SPDX-License-Identifier: BSD-2-Clause */
/* posix.h: what the checks share: how one is written down, and threads that tell nothing. */
#pragma once
#include <pthread.h>
#include <stdbool.h>

/* Prints `ok N - name` or `not ok N - name`; any thread may. */
void result(bool good, const char *name, const char *file, int line);
/* A check: its text is its name. */
#define ok(condition) result((condition), #condition, __FILE__, __LINE__)

/* One that must be made. */
pthread_t begin(void *(*start)(void *), void *arg);
/* What it returned. */
void *end(pthread_t t);
/* Lets others run until *word is at least n. */
void await(unsigned *word, unsigned n);
/* Now and so many ms later, by that clock. */
struct timespec soon(clockid_t clock, long ms);

void test_threads(void);
void test_mutexes(void);
void test_conditions(void);
void test_rwlocks(void);
void test_keys(void);
void test_semaphores(void);
void test_time(int argc, char **argv);
void test_thread_local(void);
void test_process(int argc, char **argv);
void test_signals(void);
/* Ends the program in this way. */
void end_by(const char *how);
