/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h: the guest kernel's machine, faked: up to MAX_CPUS CPUs of which a test is one at a time.
 *
 * karch_wait() does what `on_wait` says. An interrupt that is due is taken as soon as interrupts are turned on. Each
 * look at the time stamp counter takes one tick of 1 ns. In tests that bring no spin.c, sync.c, sched.c and stop.c with
 * them, locks and mutexes are free, the timer changes nothing, and a panic ends the VM at once.
 */
#pragma once
#include "karch.h"
#include "percpu.h"
#include <setjmp.h>

#define FAKE_LOG_MAX   64
#define FAKE_LEAF_MAX  8
#define FAKE_TSC_KHZ   1000000 /* one tick is one ns */
#define FAKE_RAM_BYTES (64 * MiB)

struct fake_write {
    u32 msr;
    u64 value;
};

extern struct fake {
    unsigned cpu;
    bool irqs_on;
    u64 tsc;
    u64 timer_due; /* TIMER_OFF: not armed */
    void (*on_wait)(void);
    unsigned waits;
    u64 rtc;                              /* the date by the real-time clock, s; 0 = there is none */
    unsigned random;                      /* so many numbers the CPU's source of chance has left: 1, 2, … */
    void (*on_write)(u32 msr, u64 value); /* may be NULL */
    struct fake_write log[FAKE_LOG_MAX];
    unsigned writes;
    u32 gp_msr; /* a write of gp_bits to it raises #GP */
    u64 gp_bits;
    unsigned ipis[MAX_CPUS][KIRQ_STOP + 1];
    void (*on_ipi)(struct percpu *to, enum kirq irq); /* may be NULL */
    void (*on_tsc)(void);                             /* likewise */
    s64 (*on_hypercall)(void);                        /* likewise; otherwise there are none */
    struct fake_call {
        u64 number, arg[4];
    } call; /* the last one */
    unsigned calls;
    struct {
        u32 leaf, r[4];
    } leaf[FAKE_LEAF_MAX];
    char console[4096];
    size_t console_len;
    jmp_buf end;     /* karch_exit() comes back here */
    jmp_buf stopped; /* karch_stop() likewise */
    u32 status;
} fake;

/* A fresh machine, but with the same RAM each time; the caller is CPU 0, interrupts off. */
void fake_reset(void);
void fake_cpu(unsigned id, struct thread *current);
void fake_leaf(u32 leaf, u32 eax, u32 ebx, u32 ecx, u32 edx);
/* Does fn end the VM with this status? */
bool fake_ends(void (*fn)(void), u32 status);
