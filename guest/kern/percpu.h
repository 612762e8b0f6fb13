/* SPDX-License-Identifier: BSD-2-Clause */
/* percpu.h: what each CPU has of its own. Only that CPU touches it, interrupts off, except where noted. */
#pragma once
#include "abi/kvm_apf.h"
#include "abi/kvm_clock.h"
#include "abi/kvm_steal.h"
#include "lib/types.h"
#include "pvapf.h"

#define MAX_CPUS 8

struct thread;

struct percpu {
    struct percpu *self;    /* offset known to the machine's assembly */
    struct thread *current; /* likewise */
    unsigned id;            /* index into cpus[] */
    u32 hw_id;              /* the interrupt controller's name for it */
    bool resched;           /* another thread is due at the next irq_exit() */
    bool apf_on;            /* A4-1: not inside the slot */
    struct thread *idle;
    struct thread *sleepers;  /* by wake_ns, through sleep_next; under the scheduler's lock */
    u64 timer_ns;             /* when the timer is due, TIMER_OFF if it is not armed */
    struct apf_counters apf;  /* read by anybody, by at_load */
    struct apf_slot apf_slot; /* shared with the host */
    struct pv_steal steal;    /* written by the host, read by anybody */
    struct pv_clock clock;    /* written by the host */
    u32 eoi;                  /* PV_EOI_*; shared with the host, for whom it is a bare word */
    u32 kick;                 /* sched.c: CPUs to interrupt once its lock is dropped */
    bool timer_stale;         /* sched.c: timer_ns has changed, the timer does not know yet */
    u32 online;               /* set once by its CPU, read by the first */
    u32 call_seq;             /* last cross-CPU call carried out */
    u32 quiet;                /* stop.c: set once, when the host writes here no more */
} __attribute__((aligned(CACHE_LINE)));

#define TIMER_OFF UINT64_MAX

extern struct percpu cpus[MAX_CPUS];

/* First C code of a CPU other than the first: interrupts off, on its idle stack. */
_Noreturn void cpu_main(struct percpu *c);
