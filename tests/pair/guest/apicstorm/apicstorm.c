/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apicstorm.c: does the local APIC stay what it is, while the host moves the page that its registers are at?
 *
 *     apicstorm [moves=N] [rounds=N]
 *
 * On each CPU a thread reads and writes all registers that have a known value, sends interrupts to every CPU, the next
 * one of a kind when the last one has come, lets the timer fire, and has the host move pages of its own, which it
 * writes to and reads back. A look at a register that is answered by memory shows as a value that is wrong; one that
 * comes from a page that was given away, in that one's new owner. So until the host has moved pages moves= times of its
 * own accord, or for rounds= rounds. Ends with 0, 1 if anything was wrong, lost or came twice, 2 if it could not be
 * tried.
 */
#include "storm.h"
#include "lib/fmt.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMPLAINTS  5
#define TIMER_EVERY 16
#define MOVE_EVERY  64
#define OWN_PAGES   16 /* of a thread */
#define WORDS       (PAGE_SIZE / sizeof(u64))
#define LOOK_NS     20000000ull
#define GRACE_NS    50000000ull
#define PLAIN_WORD  0xdeadfee0u /* what our host's page for the APIC holds */

struct storm storm = {.rounds = 2000};

static struct worker {
    struct thread *thread;
    u64 *
        own; /* the first and the last word of each page are its number << 32 | how often they were written */
    u32 writes[OWN_PAGES];
    u64 moved; /* by atomics */
} workers[MAX_CPUS];

static u64 sum_got(void)
{
    u64 n = 0;

    for (unsigned i = 0; i < MAX_CPUS; i++)
        for (unsigned j = 0; j < MAX_CPUS; j++)
            n += at_load(&storm.ipi[i][j].got);
    return n;
}

/* Without the C library, whose console may be somebody's whom we keep from running. */
static printf_like(1, 2) void say(const char *fmt, ...)
{
    char line[200];
    va_list ap;
    size_t n;

    va_start(ap, fmt);
    n = fmt_vsn(line, sizeof(line), fmt, ap);
    va_end(ap);
    karch_con_write(line, MIN(n, sizeof(line) - 1));
}

static void report(u64 lost)
{
    say("apicstorm: %s, %u CPUs: %lu accesses, %lu IPIs, %lu timer interrupts: ",
        storm.x2apic ? "x2APIC" : "xAPIC", cpu_count(), at_load(&storm.accesses), sum_got(),
        at_load(&storm.timers));
    say("%lu wrong, %lu lost, %lu twice\n", at_load(&storm.wrong), lost, at_load(&storm.twice));
}

/* The registers may be of no use any more: then nobody would hear of it later. */
static void end_if_enough(u64 complaints)
{
    if (complaints < COMPLAINTS)
        return;
    report(0);
    machine_exit(STATUS_WRONG);
}

void storm_wrong(const char *what, u64 seen, u64 wanted)
{
    say("apicstorm: %s: %lx where %lx should be%s\n", what, seen, wanted,
        (u32)seen == PLAIN_WORD ? ": memory, not a register" : "");
    end_if_enough(at_add(&storm.wrong, 1));
}

void storm_twice(u32 vector, unsigned to)
{
    say("apicstorm: vector %x came to CPU %u once more\n", vector, to);
    end_if_enough(at_add(&storm.twice, 1));
}

_Noreturn void storm_lost(const char *what, unsigned from, unsigned to)
{
    say("apicstorm: no %s from CPU %u to CPU %u\n", what, from, to);
    report(1);
    machine_exit(STATUS_WRONG);
}

static u64 word_of(const struct worker *w, u64 page)
{
    return page << 32 | w->writes[page];
}

/* A page of the thread's own: what was written last is there. */
static void own_step(struct worker *w, u64 page)
{
    u64 *first = w->own + page * WORDS, *last = first + WORDS - 1;

    if (at_load(first) != word_of(w, page))
        storm_wrong("memory", at_load(first), word_of(w, page));
    if (at_load(last) != word_of(w, page))
        storm_wrong("memory", at_load(last), word_of(w, page));
    w->writes[page]++;
    at_store(first, word_of(w, page));
    at_store(last, word_of(w, page));
}

static void step(u64 n)
{
    bool on = karch_irq_save();
    struct percpu *c = karch_cpu();

    regs_step(c, n);
    interrupts_step(c, n);
    if (n % TIMER_EVERY == 0)
        timer_step(c, n);
    karch_irq_restore(on);
    at_add(&storm.steps, 1);
}

static void move_own(struct worker *w)
{
    s64 moved = karch_hypercall(FL_HC_MIGRATE, (u64)(uintptr_t)w->own, OWN_PAGES * PAGE_SIZE);

    if (moved > 0)
        at_add(&w->moved, (u64)moved);
}

static void work(void *arg)
{
    struct worker *w = arg;

    for (u64 n = 0; !at_load(&storm.stop) && (storm.moves || n < storm.rounds); n++) {
        step(n);
        own_step(w, n % OWN_PAGES);
        if (n % MOVE_EVERY == 0 && host_offers_calls())
            move_own(w);
    }
}

static bool start(struct worker *w)
{
    w->own = aligned_alloc(PAGE_SIZE, OWN_PAGES * PAGE_SIZE);
    if (!w->own)
        return false;
    for (u64 p = 0; p < OWN_PAGES; p++)
        w->own[p * WORDS] = w->own[p * WORDS + WORDS - 1] = word_of(w, p);
    w->thread = thread_create(work, w);
    return w->thread;
}

/* How often the host has moved pages that it was not asked to move. */
static u64 host_moves(void)
{
    struct fl_stats s;
    u64 asked = 0;

    for (unsigned i = 0; i < cpu_count(); i++)
        asked += at_load(&workers[i].moved);
    return host_stats(&s, 0) && s.migrations > asked ? s.migrations - asked : 0;
}

static void wait_for_the_end(void)
{
    while (storm.moves && host_moves() < storm.moves)
        thread_sleep(LOOK_NS);
    if (storm.moves)
        at_store(&storm.stop, 1);
    for (unsigned i = 0; i < cpu_count(); i++)
        thread_join(workers[i].thread);
    while (!interrupts_all_come())
        thread_sleep(LOOK_NS);
    thread_sleep(GRACE_NS); /* for what comes twice */
}

static bool read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "moves=", 6))
            storm.moves = strtoul(argv[i] + 6, NULL, 10);
        else if (!strncmp(argv[i], "rounds=", 7))
            storm.rounds = strtoul(argv[i] + 7, NULL, 10);
    }
    return !storm.moves || host_offers_calls();
}

int main(int argc, char **argv)
{
    if (!read_options(argc, argv)) {
        printf("usage: apicstorm [moves=N] [rounds=N]; the former needs our host\n");
        return STATUS_USAGE;
    }
    if (!regs_first_look()) {
        printf("apicstorm: the registers hold no sensible values at the first look\n");
        return STATUS_WRONG;
    }
    interrupts_catch();
    for (unsigned i = 0; i < cpu_count(); i++)
        if (!start(&workers[i]))
            return STATUS_USAGE;
    wait_for_the_end();
    report(0);
    return storm.wrong || storm.twice ? STATUS_WRONG : 0;
}
