/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * karch.h: everything the kernel asks of its machine; arch/<a>/guest implements it, tests/unit/guest fakes it.
 *
 * "Interrupts off" means that neither an interrupt nor an asynchronous page fault can reach this CPU (A1-22).
 */
#pragma once
#include "lib/types.h"

struct percpu;
struct thread;

/* What may interrupt a CPU, KIRQ_STOP at any time; the machine chooses the vectors. */
enum kirq { KIRQ_TIMER, KIRQ_RESCHED, KIRQ_CALL, KIRQ_APF, KIRQ_STOP };

/* This CPU's own data. Interrupts must be off: the answer is stale as soon as the thread migrates. */
struct percpu *karch_cpu(void);
/* The thread that asks; correct at any time. */
struct thread *karch_thread(void);

/* CPUs. */
void karch_cpu_init(struct percpu *c); /* on c itself, interrupts off: its interrupt controller */
unsigned karch_cpu_count(void);        /* present ones, this one included; at most MAX_CPUS */
/* c calls cpu_main(c) on stack sp; false if it does not come up. */
bool karch_cpu_start(struct percpu *c, void *sp);
void karch_ipi(struct percpu *to, enum kirq irq);
u32 karch_ipi_command(enum kirq irq); /* as PV_HC_IPI wants it */

/* Interrupts. */
bool karch_irq_save(void); /* turns them off; tells whether they were on */
void karch_irq_restore(bool were_on);
void karch_wait(void); /* called and returns with interrupts off; open in between, until one has come */
u8 karch_apf_vector(void);

/* Threads. */
/* Makes t start at entry, on a stack that ends at or below sp, with interrupts off. */
void karch_thread_init(struct thread *t, void *sp, void (*entry)(void));
void karch_fpu_init(struct thread *t); /* before a program's thread starts; others do not compute */
void karch_tls_set(void *pointer);     /* of the thread that runs */
void karch_switch(struct thread *from, struct thread *to); /* interrupts off */

/* Time. */
u64 karch_tsc(void);
u64 karch_tsc_khz(void); /* as the machine tells or as measured against its timer; dear */
/* One KIRQ_TIMER on this CPU so many ticks from now; replaces the former. */
void karch_timer_arm(u64 tsc_ticks);

u64 karch_rtc_seconds(void); /* since 1970, by the real-time clock; 0 if there is none; dear */

bool karch_random(u64 *out); /* from the CPU's source of chance; false if it has none */

/* Memory: everything is mapped at its physical address. */
void karch_map(u64 addr, u64 bytes); /* makes RAM at addr usable; nothing happens if it is already */
/* These pages must not be touched from now on; this CPU notices if they are … */
void karch_guard(void *start, u64 bytes);
void karch_guard_seen(void *start, u64 bytes); /* … and now the CPU that calls this does; interrupts off */
void karch_unguard(void *start, u64 bytes);    /* they may be touched again, on every CPU */
/* All CPUs must see the change; false, and a part of it made, if memory is out. */
enum karch_access { KACCESS_NONE, KACCESS_READ, KACCESS_WRITE };
must_check bool karch_protect(void *start, u64 bytes, enum karch_access access);
void karch_protect_seen(void); /* now the CPU that calls this does; interrupts off */

/* Console: polled. */
void karch_con_write(const char *text, size_t n);
void karch_con_fresh_line(void); /* ends a line that was begun */
int karch_con_read(void);        /* a byte, or -1 if none has come */

/* Paravirtual registers (A7). */
bool karch_pv_leaf(u32 leaf, u32 out[4]); /* CPUID leaf as EAX EBX ECX EDX; false without any hypervisor */
void karch_pv_write(u32 msr, u64 v);
bool karch_pv_try_write(u32 msr, u64 v); /* false on #GP */
s64 karch_hypercall(u64 number, u64 arg0, u64 arg1);
s64 karch_hypercall4(u64 number, u64 arg0, u64 arg1, u64 arg2, u64 arg3);

_Noreturn void karch_stop(void); /* this CPU does nothing any more */
/* Ends the VM with this status. */
_Noreturn void karch_exit(u32 status);
