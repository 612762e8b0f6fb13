/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apf.c: what one asynchronous page fault takes from everybody else, host and guest together, store excluded.
 *
 * The vCPU never waits: while one thread's page is read, another thread, the watcher, reads the counter over and over.
 *
 *     misser   touch |                                                            | goes on
 *     watcher        | runs … counts … |   the host's completion    | … yields …  |
 *                                      |   and the ready interrupt  |
 *              <-out->                 <------------gap------------>      <--back-->
 *
 * Only out, gap and back are taken from the watcher; the store's time is in the watcher's own.
 */
#include "bench.h"
#include "vector.h"
#include "x86.h"
#include "abi/kvm_msr.h"
#include <stdio.h>

#define FAULTS 200
#define CALM   64 /* more ticks between two readings than that, and somebody else ran */

/* What one fault cost, piece by piece. The last five are only known while the vectors are watched. */
enum piece { OUT, GAP, BACK, WHOLE, EXITS, TOLD, PARK, READY_HOST, READY_GUEST, PIECES };

static const char *const names[PIECES] = {
    [OUT] = "apf_touch_to_other",
    [GAP] = "apf_completion",
    [BACK] = "apf_ready_to_resumed",
    [WHOLE] = "apf_whole",
    [EXITS] = "apf_exits",
    [TOLD] = "apf_touch_to_fault",
    [PARK] = "apf_fault_to_other",
    [READY_HOST] = "apf_interrupt_to_ready",
    [READY_GUEST] = "apf_ready_with_exits",
};

static struct {
    volatile const u8 *page;
    volatile unsigned allowed; /* pages that the misser may touch by now */
    volatile u32 touch, resumed;
} miss;

static s32 cost[PIECES][FAULTS];

static void misser(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < FAULTS; i++) {
        while (miss.allowed <= i)
            thread_yield();
        miss.touch = ticks();
        (void)miss.page[i * PAGE_SIZE];
        miss.resumed = ticks();
    }
}

/*
 * Reads the counter until the page is ready. Gives the readings before and after the pause in which that happened; if
 * it happened elsewhere, the end of a time slice ends this, and the sample is far off.
 */
static void watch(u64 ready_before, u32 *last, u32 *next)
{
    u32 now = ticks();

    do {
        *last = now;
        now = *next = ticks();
    } while (now - *last < CALM || pvapf_counters().ready == ready_before);
}

static void one_fault(unsigned i, u32 none)
{
    u64 ready = pvapf_counters().ready;
    u32 back, last, next, away;
    struct fl_stats before, after;

    (void)host_stats(&before, 0);
    miss.allowed = i + 1;
    thread_yield();
    back = ticks();
    watch(ready, &last, &next);
    away = ticks();
    thread_yield();
    (void)host_stats(&after, 0);
    cost[OUT][i] = (s32)(back - miss.touch - none);
    cost[GAP][i] = (s32)(next - last - none);
    cost[BACK][i] = (s32)(miss.resumed - away - none);
    cost[WHOLE][i] = cost[OUT][i] + cost[GAP][i] + cost[BACK][i];
    cost[EXITS][i] = (s32)(after.exits - before.exits) - 1;
    cost[TOLD][i] = (s32)(vector_at[WATCH_FAULT] - miss.touch - VECTOR_LEAD - none);
    cost[PARK][i] = (s32)(back - vector_at[WATCH_FAULT] - (VECTOR_WATCH - VECTOR_LEAD));
    cost[READY_HOST][i] = (s32)(vector_at[WATCH_READY] - last - VECTOR_LEAD - none);
    cost[READY_GUEST][i] = (s32)(next - vector_at[WATCH_READY] - (VECTOR_WATCH - VECTOR_LEAD));
}

static bool run(enum piece from, enum piece to)
{
    struct thread *t;
    u32 none = (u32)TIMED((void)0);

    host_evict((const void *)miss.page, FAULTS * PAGE_SIZE);
    miss.allowed = 0;
    t = thread_create(misser, NULL);
    if (!t)
        return false;
    for (unsigned i = 0; i < FAULTS; i++)
        one_fault(i, none);
    thread_join(t);
    for (enum piece p = from; p <= to; p++)
        figure_median(names[p], cost[p], FAULTS);
    return true;
}

bool bench_apf(void)
{
    u64 bytes = 0;
    unsigned vector = (unsigned)msr_read(PV_MSR_APF_VEC) & 0xff;
    bool ok;

    miss.page = module_data(0, &bytes);
    if (bytes < FAULTS * PAGE_SIZE || pvapf_dialect() != APF_INT || cpu_count() != 1) {
        printf("bench: needs a module of %u pages, the dialect int and one vCPU\n", FAULTS);
        return false;
    }
    if (!run(OUT, EXITS))
        return false;
    vector_watch(WATCH_FAULT, VECTOR_PF);
    vector_watch(WATCH_READY, vector);
    ok = run(TOLD, READY_GUEST);
    vector_unwatch(WATCH_FAULT, VECTOR_PF);
    vector_unwatch(WATCH_READY, vector);
    return ok;
}
