/* SPDX-License-Identifier: BSD-2-Clause */
/* ends.c: the ways in which a program may end: `posix end=HOW`, told by the console and the exit status. */
#include "posix.h"
#include <assert.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READING_US 50000 /* for getchar() to come to where it waits */

static unsigned constructed;
static jmp_buf back;

__attribute__((constructor)) static void construct(void)
{
    constructed++;
}

__attribute__((destructor)) static void destruct(void)
{
    printf("end: destructor, constructed %u\n", constructed);
}

static void first(void)
{
    printf("end: registered first\n");
}

static void second(void)
{
    printf("end: registered second\n");
}

static void quick(void)
{
    printf("end: quick\n");
    fflush(NULL);
}

static void *last(void *arg)
{
    printf("end: a thread outlives main()\n");
    return arg;
}

static void *exit_here(void *arg)
{
    exit(arg ? 9 : 0);
}

/* No input comes: whoever waits for some must not keep the program from ending. */
static void *read_on(void *arg)
{
    flockfile(stdin); /* the first that is done with it */
    __atomic_store_n((unsigned *)arg, 1, __ATOMIC_RELEASE);
    getchar();
    return arg;
}

static void exit_while_read(void)
{
    static unsigned reads;

    begin(read_on, &reads);
    await(&reads, 1);
    usleep(READING_US); /* it flushes stdout first, as its library has it; that is not what is asked here */
    printf("end: not flushed before");
    exit(8);
}

static void *abort_here(void *arg)
{
    abort();
    return arg;
}

static void jump(int signal)
{
    longjmp(back, signal);
}

static void come_back(int signal)
{
    printf("end: signal %d\n", signal);
}

/* A handler that comes back does not save the program, one that jumps away does. */
static void abort_handled(void)
{
    signal(SIGABRT, jump);
    if (!setjmp(back))
        abort();
    printf("end: saved\n");
    signal(SIGABRT, come_back);
    abort();
}

void end_by(const char *how)
{
    atexit(first);
    atexit(second);
    at_quick_exit(quick);
    if (!strcmp(how, "exit"))
        exit(8);
    if (!strcmp(how, "exit-read"))
        exit_while_read();
    if (!strcmp(how, "_exit"))
        _exit(7);
    if (!strcmp(how, "quick"))
        quick_exit(6);
    if (!strcmp(how, "abort"))
        abort_handled();
    if (!strcmp(how, "abort-thread"))
        end(begin(abort_here, NULL));
    if (!strcmp(how, "assert"))
        assert(how[0] == 'b' && "beginning");
    if (!strcmp(how, "signal"))
        raise(SIGTERM);
    if (!strcmp(how, "exit-thread"))
        end(begin(exit_here, back));
    begin(last, NULL);
    pthread_exit(NULL);
}
