/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults.c: what the language or the machine forbids, one thing for each run: `faults mode=NAME [thread=on]`.
 *
 * With thread=on another thread than main()'s does it. If there is a handler, it says so and jumps out.
 */
#include "guest.h"
#include "karch.h"
#include <assert.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile int zero, one = 1;
static double sink;
static char *volatile wild;
static jmp_buf before;

static void divide(void)
{
    printf("%d\n", one / zero);
}

static void null_write(void)
{
    *wild = 1;
}

/* As the kernel's own code would do it. */
static void kernel_write(void)
{
    karch_irq_save();
    *wild = 1;
}

static void wild_read(void)
{
    wild = (char *)0x123456789000;
    printf("%d\n", *wild);
}

static void odd_read(void)
{
    wild = (char *)0xdead000000000000;
    printf("%d\n", *wild);
}

static void null_call(void)
{
    void (*fn)(void) = (void (*)(void))wild;

    fn();
}

/* The address of each frame is kept, so that no frame can take its caller's place. */
static unsigned deeper(volatile char *above, unsigned n)
{
    volatile char here[200];

    here[0] = (char)n;
    if (zero)
        return n;
    return deeper(here, n + 1) + (unsigned)above[0];
}

static void overflow(void)
{
    volatile char here[1] = {0};

    printf("%u\n", deeper(here, 0));
}

static void illegal(void)
{
    __asm__ volatile("ud2");
}

static void x87(void)
{
    u16 all_unmasked = 0x340;

    __asm__ volatile("fninit\n"
                     "fldcw %0\n"
                     "fld1\n"
                     "fldz\n"
                     "fdivrp\n"
                     "fwait\n"
                     :
                     : "m"(all_unmasked));
}

/* QEMU never raises this exception, whatever MXCSR says; so it is called. */
static void simd(void)
{
    __asm__ volatile("int $19");
}

static void fail_assertion(void)
{
    assert(zero == 1);
}

static void handler(int signo)
{
    printf("handler of signal %d\n", signo);
    longjmp(before, 1);
}

/* Twice, since a handler that was jumped out of is not in force any more (C11 7.14.1.1). */
static void catch (int signo, void (*fn)(void))
{
    for (int i = 0; i < 2; i++) {
        signal(signo, handler);
        if (!setjmp(before))
            fn();
        printf("still there\n");
    }
}

static void catch_division(void)
{
    catch (SIGFPE, divide);
}

static void catch_null(void)
{
    catch (SIGSEGV, null_write);
}

/* After a handler that comes back the instruction is executed again, as POSIX has it (XSH 2.4.3). */
static void mend(int signo)
{
    __asm__ volatile("pcmpeqb %%xmm0, %%xmm0\n"
                     "fldz\n"
                     "fstpl %0\n"
                     : "=m"(sink)
                     :
                     : "xmm0");
    printf("mended after signal %d\n", signo);
    zero = 1;
}

/* What the program was about to calculate with is in registers that its handler uses too. */
static void mend_division(void)
{
    double in = 1.25, sse, x87;

    signal(SIGFPE, mend);
    __asm__ volatile("movsd %3, %%xmm0\n"
                     "fldl %3\n"
                     "mov $1, %%eax\n"
                     "cltd\n"
                     "idivl %2\n"
                     "movsd %%xmm0, %0\n"
                     "fstpl %1\n"
                     : "=m"(sse), "=m"(x87)
                     : "m"(zero), "m"(in)
                     : "eax", "edx", "xmm0", "memory");
    printf("SSE and x87 %s\n", sse == in && x87 == in ? "as before" : "spoilt");
}

/* An exception that is pending in x87 must not hit its own handler as well. */
static void wait_x87(int signo)
{
    __asm__ volatile("fwait");
    handler(signo);
}

static void catch_x87(void)
{
    signal(SIGFPE, wait_x87);
    if (!setjmp(before))
        x87();
    printf("still there\n");
}

static void exit_9(void)
{
    exit(9);
}

static void return_from_main(void)
{
}

static const struct {
    const char *name;
    void (*fn)(void);
} modes[] = {
    {"divide", divide},
    {"null-write", null_write},
    {"kernel-write", kernel_write},
    {"wild-read", wild_read},
    {"odd-read", odd_read},
    {"null-call", null_call},
    {"overflow", overflow},
    {"illegal", illegal},
    {"x87", x87},
    {"simd", simd},
    {"abort", abort},
    {"assert", fail_assertion},
    {"exit", exit_9},
    {"return", return_from_main},
    {"catch-division", catch_division},
    {"catch-null", catch_null},
    {"catch-x87", catch_x87},
    {"mend", mend_division},
};

static void run(void *fn)
{
    printf("begun"); /* no newline: what the kernel says must not end up behind it */
    fflush(stdout);
    (*(void (**)(void))fn)();
}

/* The other thread lives on a stack of its own, between others. */
static void run_elsewhere(void (**fn)(void))
{
    const struct thread_attr attr = {.name = "worker", .stack_bytes = 24 * KiB};
    struct thread *t = thread_create_as(&attr, run, (void *)fn);

    if (t)
        thread_join(t);
}

int main(int argc, char **argv)
{
    void (*fn)(void) = return_from_main;
    bool elsewhere = false;

    for (int i = 1; i < argc; i++) {
        for (unsigned m = 0; m < ARRAY_SIZE(modes); m++)
            if (!strncmp(argv[i], "mode=", 5) && !strcmp(argv[i] + 5, modes[m].name))
                fn = modes[m].fn;
        elsewhere |= !strcmp(argv[i], "thread=on");
    }
    if (elsewhere)
        run_elsewhere(&fn);
    else
        run((void *)&fn);
    return 5;
}
