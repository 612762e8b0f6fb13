/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest.h: what a program on this kernel may use beside the C library.
 *
 * All functions may be called by any thread with interrupts on. Times are nanoseconds of time_ns().
 */
#pragma once
#include "abi/faultline.h"
#include "lib/types.h"
#include "spin.h"

/* ---- Threads ---------------------------------------------------------------------------------------------------- */

#define MAX_THREADS 256 /* that exist at a time, main() included, idle threads not */

struct thread;

/* Without being told otherwise (stack_bytes 0) a thread has a stack of THREAD_STACK bytes above guard pages. */
struct thread_attr {
    const char *name;   /* for reports; copied, cut to THREAD_NAME_MAX; NULL = a number */
    size_t stack_bytes; /* at least; rounded up to pages */
    bool detached;
};

#define THREAD_STACK    (64 * KiB)
#define THREAD_NAME_MAX 16 /* with the terminating NUL */

/* NULL if MAX_THREADS exist or memory is out. A thread is joined or detached once; until then its number is taken. */
must_check struct thread *thread_create(void (*fn)(void *), void *arg);
must_check struct thread *thread_create_as(const struct thread_attr *attr, void (*fn)(void *), void *arg);
void thread_join(struct thread *t);
void thread_detach(struct thread *t);
/* Ends the caller, which is not the first thread, as if fn had returned. */
_Noreturn void thread_exit(void);
struct thread *thread_self(void);
unsigned thread_number(const struct thread *t);  /* below MAX_THREADS; main()'s is 0 */
const char *thread_name(const struct thread *t); /* empty if it was given none */
void thread_yield(void);
void thread_sleep(u64 ns);

/* Between these the thread keeps its CPU; a missing page is waited for by halting that CPU (A4-31). They nest. */
void preempt_disable(void);
void preempt_enable(void);

/*
 * ---- Synchronisation: all zero is the initial state ---------------------------------------------------------------
 *
 * Nothing of an object is touched once whoever waited for it may know: its memory can be given back then.
 */

#define NO_DEADLINE UINT64_MAX

struct waiters {
    struct thread *head, *tail;
};

/* Recursive; handed to waiters in the order in which they came. */
struct mutex {
    u64 owner; /* sync.c: its address, and whether anybody waits */
    u32 depth; /* the owner's */
    struct waiters waiters;
};

void mutex_lock(struct mutex *m);
/* false if the deadline passed first. */
bool mutex_lock_until(struct mutex *m, u64 deadline_ns);
bool mutex_trylock(struct mutex *m);
bool mutex_mine(const struct mutex *m); /* does the caller hold it? */
void mutex_unlock(struct mutex *m);

struct cond {
    struct waiters waiters;
};

/* m must be held exactly once. Wakes without a reason are possible: check the condition again. */
void cond_wait(struct cond *c, struct mutex *m);
/* false if the deadline passed first. */
bool cond_wait_until(struct cond *c, struct mutex *m, u64 deadline_ns);
void cond_signal(struct cond *c);
void cond_broadcast(struct cond *c);

/*
 * ---- The machine
 * ----------------------------------------------------------------------------------------------------
 */

u64 time_ns(void); /* since some moment before main() */
/* What time_ns() and this make together is the time of day: ns since 1970 UTC. 0 = nobody here knows the date. */
u64 wall_start_ns(void);
/* From the machine's own source of chance; false: it has none, and what lies in buf must not be used. */
bool random_fill(void *buf, size_t n);
unsigned cpu_count(void);
unsigned cpu_id(void); /* of the CPU that ran the caller a moment ago */
/* So long CPU `cpu` wanted to run and the host ran something else; 0 where the host does not tell. */
u64 cpu_steal_ns(unsigned cpu);
u64 memory_bytes(void); /* RAM the loader told of */
const char *boot_protocol(void);
/* The time stamp counter at the first instruction and before main(). */
void boot_timing(u64 *at_entry, u64 *at_main);

/* Boot module i, mapped where it lies; it may be absent pages that the host reads on first touch. */
unsigned module_count(void);
const void *module_data(unsigned i, u64 *bytes);
/* What the loader called it, without a path; "" if it did not say. */
const char *module_name(unsigned i);

/*
 * ---- Asynchronous page faults
 * ----------------------------------------------------------------------------------------
 */

enum apf_dialect { APF_ABSENT, APF_LEGACY, APF_PF2, APF_INT };

struct apf_counters {
    u64 not_present; /* events that told of an absent page */
    u64 ready;       /* events that told of its arrival */
    u64 wake_all;    /* events that told to retry everything */
    u64 halt_waits;  /* not-present events that could not be waited for by running another thread */
    u64 duplicates;  /* not-present events whose token was already waited for, or already ready */
};

enum apf_dialect pvapf_dialect(void);
const char *pvapf_dialect_name(void);
/* On or off on every CPU; false if the host does not offer it. It is on when main() starts, if offered. */
bool pvapf_enable(bool on);
/* Sums over all CPUs. */
struct apf_counters pvapf_counters(void);

/*
 * ---- Our host's own services (abi/faultline.h)
 * --------------------------------------------------------------------------
 */

bool host_offers_calls(void);
/* Fills *s; false if the host does not offer it. */
bool host_stats(struct fl_stats *s, u64 flags);
/* Takes all resident pages of the range away, so that the next touch of each must bring it in again. */
bool host_evict(const void *start, u64 bytes);

/*
 * ---- The end
 * ----------------------------------------------------------------------------------------------------------------
 */

#define STATUS_MAX   0x5f /* higher ones are the host's own */
#define STATUS_PANIC 0x5f
#define STATUS_ABORT 0x5e
#define STATUS_FAULT 0x5d /* the program divided by zero, left its stack, … */

/* Ends the VM; what the C library's exit() comes down to. */
_Noreturn void machine_exit(u32 status);
