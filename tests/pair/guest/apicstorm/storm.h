/* SPDX-License-Identifier: BSD-2-Clause */
/* storm.h: what the files of the APIC storm share. */
#pragma once
#include "apic.h"
#include "guest.h"
#include "karch.h"
#include "percpu.h"

#define STATUS_WRONG 1
#define STATUS_USAGE 2
#define LOST_NS      2000000000ull /* an interrupt that has not come after so long does not come */

/* Interrupts of one kind to one CPU. The next one is asked for when the last one has come, so each is counted. */
struct channel {
    u64 sent;    /* the sender's, interrupts off */
    u64 got;     /* by atomics */
    u64 sent_ns; /* the sender's */
};

struct storm {
    u64 moves,
        rounds; /* to go on until the host has moved pages so often, or for so many rounds of each thread */
    bool x2apic;
    u32 stop;
    u64 steps, accesses, timers;                             /* by atomics */
    u64 wrong, twice;                                        /* by atomics */
    struct channel ipi[MAX_CPUS][MAX_CPUS], timer[MAX_CPUS]; /* ipi: by sender and receiver */
};
extern struct storm storm;

/* Say what is wrong; the end if that happens often. */
void storm_wrong(const char *what, u64 seen, u64 wanted);
/* Something came that was not sent, or came before. */
void storm_twice(u32 vector, unsigned to);
/* Something did not come: the end. */
_Noreturn void storm_lost(const char *what, unsigned from, unsigned to);

/* regs.c: the registers. Interrupts off, in between all of a step. */
u32 reg_read(u32 reg);
void reg_write(u32 reg, u32 v);
/* What is written is there. */
void reg_keeps(const char *what, u32 reg, u32 value);
/* Send an interrupt, and see that the command register holds what was written. */
void reg_icr(u32 hw_id, u32 low);
/* Once, on any CPU: what some registers hold as the kernel has set them. False: no sensible values. */
bool regs_first_look(void);
/* Read and write all that has a known value. */
void regs_step(const struct percpu *c, u64 n);

/* interrupts.c */
void interrupts_catch(void);
/* Send those whose forerunners have come. */
void interrupts_step(struct percpu *c, u64 n);
/* Let the timer fire once, and wait until it has. */
void timer_step(struct percpu *c, u64 n);
/* Have all come that were sent? */
bool interrupts_all_come(void);
