/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_apf_table.c: the guest's wait/wake table: nobody who waits for a page is forgotten or woken twice (A4.3, A4.4).
 *
 * Each thread is a CPU of the guest with interrupts off; it takes one that is due where it halts, or where its thread
 * spins with interrupts on. Whoever is never woken is a deadlock.
 */
#include "apf_table.c"
#include "mc.h"

#define CPUS     3u
#define TOKEN_A  0x40 /* both in bucket 0 */
#define TOKEN_B  0x80
#define READY_A  0x1u /* interrupts */
#define WAKE_ALL 0x2u
#define RESCHED  0x4u

struct percpu cpus[MAX_CPUS];

static struct thread threads[CPUS];
static u32 due[CPUS];    /* interrupts, latched by the CPU */
static u32 permit[CPUS]; /* of sched_park() */
static u32 woken[CPUS];  /* how often each thread was */
static u32 app_lock;     /* of a program: held with interrupts on */
static enum apf_wait ended[CPUS];
static bool handler_takes_lock, window_open; /* mutants */
static u32 while_parked;                     /* what CPU 0 is interrupted by then */

void panic(const char *fmt, ...)
{
    mc_stop(fmt);
}

struct percpu *karch_cpu(void)
{
    return &cpus[mc_self()];
}

bool karch_irq_save(void)
{
    return false;
}

void karch_irq_restore(bool were_on)
{
    (void)were_on;
}

void karch_ipi(struct percpu *to, enum kirq irq)
{
    mc_check(irq == KIRQ_RESCHED && to != karch_cpu(), "an odd interrupt");
    at_fence();
    at_or(&due[to->id], RESCHED);
}

void spin_get_late(struct spin *l)
{
    while (at_load(&l->held) || at_xchg(&l->held, 1))
        at_relax();
}

static void app_lock_get(void)
{
    while (at_xchg(&app_lock, 1))
        at_relax();
}

/* The interrupts that are due are handled. */
static u32 interrupts(void)
{
    u32 taken = at_xchg(&due[mc_self()], 0);

    if (taken & READY_A && handler_takes_lock)
        app_lock_get();
    if (taken & READY_A)
        apf_ready(TOKEN_A);
    if (taken & WAKE_ALL)
        apf_wake_cpu(mc_self());
    return taken;
}

/* STI; HLT. The mutant lets an interrupt in between the two. */
void karch_wait(void)
{
    if (window_open)
        interrupts();
    while (!interrupts())
        at_relax();
}

/* As sched.c promises: a permit ends it; and so may nothing at all. */
void sched_park(u64 deadline_ns)
{
    u32 me = mc_self();

    (void)deadline_ns;
    if (!me && while_parked) {
        at_or(&due[0], while_parked);
        while_parked = 0;
        interrupts();
        if (mc_choose(2))
            return;
    }
    while (!at_xchg(&permit[me], 0))
        at_relax();
}

void sched_unpark(struct thread *t)
{
    u32 n = (u32)(t - threads);

    mc_check(++woken[n] == 1, "woken twice for one wait");
    at_xchg(&permit[n], 1);
}

static void clear(void)
{
    for (unsigned i = 0; i < CPUS; i++) {
        threads[i] = (struct thread){0};
        cpus[i] = (struct percpu){.id = i, .current = &threads[i]};
        due[i] = permit[i] = woken[i] = markers.used[i] = 0;
        markers.free[i] = NULL;
        ended[i] = APF_NOT_NEEDED;
    }
    buckets[0] = (struct bucket){0};
    markers.lock = (struct spin){0};
    app_lock = while_parked = 0;
    handler_takes_lock = window_open = false;
}

static unsigned markers_out(unsigned cpu)
{
    unsigned n = markers.used[cpu];

    for (struct node *m = markers.free[cpu]; m; m = m->next)
        n--;
    return n;
}

/* ---- Wait against ready: the token may be ready before, while or after its thread begins to wait ---- */

static void wait_for(void *token)
{
    ended[mc_self()] = apf_wait(*(const u32 *)token);
}

static void ready_both(void *unused)
{
    (void)unused;
    apf_ready(TOKEN_A);
    apf_ready(TOKEN_B);
}

static const u32 token_a = TOKEN_A, token_b = TOKEN_B;

static void wait_setup(void)
{
    clear();
    mc_thread("waits for a", wait_for, (void *)&token_a);
    mc_thread("waits for b", wait_for, (void *)&token_b);
    mc_thread("both ready", ready_both, NULL);
}

static void nothing_left(void)
{
    mc_check(!buckets[0].first, "a node is left in the table");
    for (unsigned i = 0; i < CPUS; i++) {
        mc_check(!markers_out(i), "a marker is lost");
        mc_check(woken[i] == (ended[i] == APF_WAITED), "who waited was woken, who did not was not");
    }
}

/* ---- Wake-all on the waiter's own CPU against ready on another one ---- */

static void ready_a(void *unused)
{
    (void)unused;
    apf_ready(TOKEN_A);
}

static void wake_all_alone_setup(void)
{
    clear();
    while_parked = WAKE_ALL;
    mc_thread("waits for a", wait_for, (void *)&token_a);
}

static void wake_all_setup(void)
{
    wake_all_alone_setup();
    mc_thread("ready on another CPU", ready_a, NULL);
}

/* Woken by one of the two; where it was wake-all, ready comes too late and leaves a marker, which is kept (A4-25). */
static void woken_once(void)
{
    bool marker = buckets[0].first;

    mc_check(woken[0] == (ended[0] == APF_WAITED), "who waited was woken, who did not was not");
    mc_check(!marker || !buckets[0].first->thread, "a waiter is left in the table");
    mc_check(markers_out(1) == marker, "a marker is lost");
}

/* A marker that is entered behind the waiter meanwhile stays. */
static void ready_b(void *unused)
{
    (void)unused;
    apf_ready(TOKEN_B);
}

static void wake_all_marker_setup(void)
{
    wake_all_alone_setup();
    mc_thread("ready of b", ready_b, NULL);
}

static void marker_kept(void)
{
    const struct node *n = buckets[0].first;

    mc_check(woken[0] == 1, "the waiter was not woken once");
    mc_check(n && n->token == TOKEN_B && !n->thread && !n->next && markers_out(1) == 1,
             "the marker is not there");
}

/* ---- Halt-wait: the event is handled on this CPU, or on the other one, which must send an interrupt ---- */

static void halt_wait(void *unused)
{
    (void)unused;
    threads[0].preempt_off = 1;
    ended[0] = apf_wait(TOKEN_A);
}

static void host_tells_cpu_0(void *unused)
{
    (void)unused;
    at_or(&due[0], READY_A);
}

static void halt_setup(void)
{
    clear();
    mc_thread("halts", halt_wait, NULL);
    mc_thread("ready on another CPU", ready_a, NULL);
}

static void halt_here_setup(void)
{
    clear();
    mc_thread("halts", halt_wait, NULL);
    mc_thread("host", host_tells_cpu_0, NULL);
}

static void halt_here_open_setup(void)
{
    halt_here_setup();
    window_open = true;
}

static void halt_over(void)
{
    mc_check(!buckets[0].first && !markers_out(0) && !markers_out(1), "something is left");
    mc_check(!woken[0], "the scheduler was asked for a thread that kept its CPU");
}

/* ---- A lock held with interrupts on: its holder halts, the other CPU spins and handles the event ---- */

static void holder(void *unused)
{
    (void)unused;
    threads[0].preempt_off = 1;
    app_lock_get();
    ended[0] = apf_wait(TOKEN_A);
    at_store_rel(&app_lock, 0);
}

static void spinner(void *unused)
{
    (void)unused;
    at_or(&due[1], READY_A);
    while (at_xchg(&app_lock, 1)) {
        interrupts();
        at_relax();
    }
    at_store_rel(&app_lock, 0);
    interrupts();
}

static void lock_setup(void)
{
    clear();
    mc_thread("holds the lock", holder, NULL);
    mc_thread("spins", spinner, NULL);
}

static void lock_in_handler_setup(void)
{
    lock_setup();
    handler_takes_lock = true;
}

int main(void)
{
    const struct mc_model wait = {.setup = wait_setup, .final = nothing_left};
    const struct mc_model wait_pso = {.setup = wait_setup, .final = nothing_left, .pso = true};
    const struct mc_model all = {.setup = wake_all_setup, .final = woken_once};
    const struct mc_model alone = {.setup = wake_all_alone_setup, .final = woken_once};
    const struct mc_model marker = {.setup = wake_all_marker_setup, .final = marker_kept};
    const struct mc_model halt = {.setup = halt_setup, .final = halt_over};
    const struct mc_model halt_pso = {.setup = halt_setup, .final = halt_over, .pso = true};
    const struct mc_model here = {.setup = halt_here_setup, .final = halt_over};
    const struct mc_model open = {.setup = halt_here_open_setup};
    const struct mc_model lock = {.setup = lock_setup, .final = halt_over};
    const struct mc_model lock_in_handler = {.setup = lock_in_handler_setup};

    mc_holds("T-A-140 (A4-21, A4-22): two waits against ready of both", &wait, NULL);
    mc_holds("T-A-140: the same where stores to different words may pass each other", &wait_pso, NULL);
    mc_fails("A4-20: table and markers locked without the lock prefix", &wait,
             MC_MUTANTS({"spin_get", MC_XCHG, 1, MC_PLAIN}), "");
    mc_fails("A4-21: ready does not say that the wait is over", &wait,
             MC_MUTANTS({"wake", MC_STORE_REL, 1, MC_DROP}), "deadlock");
    mc_fails("A4-21: the thread does not look whether it still waits", &all,
             MC_MUTANTS({"apf_wait", MC_LOAD, 1, MC_DROP}), "");
    mc_holds("T-A-142 (A4-25): wake-all against ready on another CPU", &all, NULL);
    mc_fails("A4-25: the same, locked without the lock prefix", &all,
             MC_MUTANTS({"spin_get", MC_XCHG, 1, MC_PLAIN}), "");
    mc_holds("T-A-142: wake-all against a marker that is entered", &marker, NULL);
    mc_fails("A4-25: the same, locked without the lock prefix", &marker,
             MC_MUTANTS({"spin_get", MC_XCHG, 1, MC_PLAIN}), "");
    mc_holds("T-A-142: wake-all alone", &alone, NULL);
    mc_fails("A4-25: wake-all overlooks a bucket in use", &alone,
             MC_MUTANTS({"remove_of", MC_LOAD, 1, MC_DROP}), "deadlock");
    mc_holds("T-A-145 (A4-31): halt-wait, ready on another CPU", &halt, NULL);
    mc_holds("T-A-145: the same where stores to different words may pass each other", &halt_pso, NULL);
    mc_fails("A4-31: no interrupt to the CPU that halts", &halt, MC_MUTANTS({"karch_ipi", MC_OR, 1, MC_DROP}),
             "deadlock");
    mc_fails("A4-31: the interrupt without the news", &halt, MC_MUTANTS({"wake", MC_STORE_REL, 1, MC_DROP}),
             "deadlock");
    mc_holds("T-A-145: halt-wait, ready on this CPU", &here, NULL);
    mc_fails("T-A-145: an interrupt comes in between STI and HLT", &open, NULL, "deadlock");
    mc_holds("T-A-146 (A4-32): the holder of a lock halts, the other CPU spins", &lock, NULL);
    mc_fails("A4-32: the ready handler takes such a lock", &lock_in_handler, NULL, "deadlock");
    return mc_end();
}
