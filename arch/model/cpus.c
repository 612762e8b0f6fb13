/* SPDX-License-Identifier: BSD-2-Clause */
/* cpus.c: which CPU runs next, how time passes, and when an interrupt is due. */
#include "machine.h"
#include "sim_atomic.h"
#include "frames.h"

#define STALL_POINTS 10000  /* one CPU runs alone, when it does, for as long as this at most */
#define BEHIND_MAX   100000 /* points; a CPU that is left standing for longer than its share comes next */

struct machine machine;

static struct fiber player;
static void (*cpu_fn)(void);

void machine_init(const struct machine_config *c)
{
    machine = (struct machine){.config = *c, .rng = {c->seed}, .now = 1000000, .left = 1};
    for (unsigned i = 0; i < CPU_MAX; i++) {
        struct model_cpu *cpu = &machine.cpu[i];

        cpu->irq_at = cpu->timer = cpu->device_at = TIME_NEVER;
    }
    frames_init(c->frames, c->blocks);
}

void machine_interrupt(unsigned cpu, u64 delay)
{
    struct model_cpu *c = &machine.cpu[cpu];

    c->irq_at = MIN(c->irq_at, machine.now + delay);
}

/* When the next interrupt arrives at c. */
static u64 next_interrupt(const struct model_cpu *c)
{
    return MIN(MIN(c->irq_at, c->timer), c->device_at);
}

bool machine_interrupted(const struct model_cpu *c)
{
    return next_interrupt(c) <= machine.now;
}

/* A device's interrupt stays as long as the device has something. */
void machine_acknowledge(struct model_cpu *c)
{
    if (c->irq_at <= machine.now)
        c->irq_at = TIME_NEVER;
    if (c->timer <= machine.now)
        c->timer = TIME_NEVER;
    c->woken = true;
}

static bool can_run(const struct model_cpu *c)
{
    return c->state == MODEL_RUNS || (c->state == MODEL_SLEEPS && machine_interrupted(c));
}

/* Nobody can run: time goes on to the next interrupt. */
static void sleep_on(void)
{
    u64 next = TIME_NEVER;

    for (unsigned i = 0; i < machine.config.cpus; i++)
        if (machine.cpu[i].state == MODEL_SLEEPS)
            next = MIN(next, next_interrupt(&machine.cpu[i]));
    if (next == TIME_NEVER) {
        player_stuck();
        for (unsigned i = 0; i < machine.config.cpus; i++)
            machine_interrupt(i, 0);
    } else {
        machine.now = MAX(machine.now, next);
        player_slept();
    }
}

/*
 * A CPU that changes much is often cut short, and those that take its place may run alone for long: its work then takes
 * a hundred times as long as theirs, and whoever waits for it is late through nobody's fault.
 */
static void share(void)
{
    u64 points = machine.point - machine.turn_began;

    for (unsigned i = 0; i < machine.config.cpus; i++) {
        struct model_cpu *c = &machine.cpu[i];

        if (c == machine.running)
            c->behind -= MIN(c->behind, points * (machine.config.cpus - 1));
        else
            c->behind = can_run(c) ? c->behind + points : 0;
    }
    machine.turn_began = machine.point;
}

/* The one of them that has waited too long, if there is one. */
static struct model_cpu *late(struct model_cpu *const *able, unsigned n, struct model_cpu *otherwise)
{
    u64 most = BEHIND_MAX;

    for (unsigned i = 0; i < n; i++)
        if (able[i]->behind > most) {
            otherwise = able[i];
            most = able[i]->behind;
        }
    return otherwise;
}

/* A CPU that can run, any of them with the same chance, `not` only if there is no other; NULL = all have ended. */
static struct model_cpu *choose(const struct model_cpu * not )
{
    struct model_cpu *able[CPU_MAX];
    unsigned n = 0, ended = 0;

    for (unsigned i = 0; i < machine.config.cpus; i++) {
        struct model_cpu *c = &machine.cpu[i];

        ended += c->state == MODEL_ENDED;
        if (can_run(c) && c != not )
            able[n++] = c;
    }
    if (n)
        return late(able, n, able[rng_below(&machine.rng, n)]);
    if (not &&can_run(not ))
        return &machine.cpu[machine_cpu(not )];
    return ended == machine.config.cpus ? NULL : (sleep_on(), choose(NULL));
}

static void go(struct model_cpu *to)
{
    struct model_cpu *from = machine.running;

    if (to == from)
        return;
    machine.running = to;
    fiber_switch(from ? &from->fiber : &player, to ? &to->fiber : &player);
}

/* Another CPU's turn; how long is drawn anew. */
static void turn(const struct model_cpu * not )
{
    const struct machine_config *c = &machine.config;
    struct model_cpu *next;

    share();
    machine.left = 1 + (unsigned)rng_below(&machine.rng, 2 * c->burst);
    if (rng_chance(&machine.rng, c->stall))
        machine.left = 1 + (unsigned)rng_below(&machine.rng, STALL_POINTS);
    if (rng_chance(&machine.rng, c->spurious))
        machine_interrupt((unsigned)rng_below(&machine.rng, c->cpus), 0);
    player_look();
    next = choose(not );
    machine.catches_up = next && next->behind > BEHIND_MAX;
    if (machine.catches_up)
        machine.left = STALL_POINTS;
    go(next);
}

static void pass_time(void)
{
    machine.now += machine.config.point_ns;
    if (++machine.point > machine.config.points)
        machine_violation("liveness", "the run does not end");
}

void sim_point(void)
{
    if (!machine.running)
        return;
    pass_time();
    if (!--machine.left)
        turn(NULL);
}

void sim_change(void)
{
    if (!machine.running)
        return;
    pass_time();
    if (!--machine.left || (rng_chance(&machine.rng, machine.config.change) && !machine.catches_up))
        turn(NULL);
}

void sim_relax(void)
{
    if (!machine.running)
        return;
    pass_time();
    machine.running->behind = 0; /* it gives its turn away */
    turn(machine.running);
}

static void cpu_main(void)
{
    fiber_enter();
    cpu_fn();
    machine.running->state = MODEL_ENDED;
    turn(NULL);
}

void machine_run(void (*fn)(void))
{
    cpu_fn = fn;
    for (unsigned i = 0; i < machine.config.cpus; i++) {
        machine.cpu[i].state = MODEL_RUNS;
        fiber_make(&machine.cpu[i].fiber, cpu_main);
    }
    go(choose(NULL));
    for (unsigned i = 0; i < machine.config.cpus; i++)
        fiber_free(&machine.cpu[i].fiber);
}
