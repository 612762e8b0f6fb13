/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h: a machine that does not exist: CPUs are coroutines, the clock moves only with them, interrupts are late.
 *
 * One seed is one run: everything that happens is drawn from machine.rng, and nothing depends on the host it runs on.
 * The player (tests/sim) configures it, plays the guests and the disk, and is told at the end of this file what it must
 * provide.
 */
#pragma once
#include "exit.h"
#include "fiber.h"
#include "port.h"
#include "rng.h"

struct vcpu;
struct model_walk;
struct model_event;

/* What the player chooses. Rates are those of rng_chance(). */
struct machine_config {
    u64 seed;
    unsigned cpus;
    u64 frames;        /* of 4 KiB, and … */
    u64 blocks;        /* … runs of BLOCK_PAGES of them */
    u64 points;        /* scheduling points after which the run is given up as endless */
    unsigned burst;    /* mean number of points between two switches of CPU */
    u32 change;        /* rate: another switch, before something shared is changed */
    u32 stall;         /* rate, at a switch: the next CPU runs alone for a long time */
    unsigned point_ns; /* what a scheduling point costs */
    u64 kick_delay;    /* ns, at most, until an interrupt of another CPU arrives */
    u32 spurious;      /* rate, at a switch: somebody is interrupted for nothing */
    u32 memory_fails;  /* rate: port_frame_alloc() or port_zalloc() finds nothing */
    bool frames_fifo;  /* frames are used again late rather than at once */
    u32 fill, evict;   /* rates, at a guest's step: a speculative walk, a lost translation */
    u32 shatter;       /* rate: a huge leaf is cached as one of its 4 KiB pages */
    u32 event_page;    /* rate: delivery of an event touches guest memory first */
    const struct model_walk *walk;
    bool nx_needed; /* huge leaves that are executable would stop this machine */
    bool virt_apic; /* the local APIC's registers are virtualised by the address of a frame */
};

enum model_cpu_state { MODEL_RUNS, MODEL_SLEEPS, MODEL_ENDED };

struct model_cpu {
    enum model_cpu_state state;
    bool woken;         /* an interrupt was taken since the last port_idle() */
    u64 irq_at;         /* ns; when the interrupt that is under way arrives, TIME_NEVER = none */
    u64 timer;          /* ns, TIME_NEVER = off */
    u64 device_at;      /* ns; from then on a device has something for this CPU, TIME_NEVER = nothing */
    u64 behind;         /* points that it is short of its share since it could run */
    struct vcpu *guest; /* in guest mode: whose */
    struct fiber fiber;
};

#define HUGE_BLOCKS 4096u /* blocks of 2 MiB that are told apart */

struct machine {
    struct machine_config config;
    struct rng rng;
    u64 now, point;  /* ns; scheduling points passed */
    unsigned left;   /* points until the next switch */
    u64 turn_began;  /* the point at which it did */
    bool catches_up; /* nothing ends this turn early */
    struct model_cpu cpu[CPU_MAX];
    struct model_cpu *running; /* NULL: set-up and tear-down, where nothing else runs */
    size_t zalloced;
    bool huge[HUGE_BLOCKS]; /* the last leaf that a walk met in this block was a huge one */
    u64 cut;                /* how often a table full of small ones took its place */
};
extern struct machine machine;

void machine_init(const struct machine_config *c);
/* Run fn on every CPU until it has returned on all of them. */
void machine_run(void (*fn)(void));

static inline unsigned machine_cpu(const struct model_cpu *c)
{
    return (unsigned)(c - machine.cpu);
}

/* An interrupt arrives at `cpu` in `delay` ns, or earlier if one is under way. */
void machine_interrupt(unsigned cpu, u64 delay);
/* An interrupt is at c's door; it stays there until it is taken. */
bool machine_interrupted(const struct model_cpu *c);
/* Take it. */
void machine_acknowledge(struct model_cpu *c);

/* ---- What the player provides ---- */

/* An invariant does not hold: report and end the run. */
_Noreturn void machine_violation(const char *oracle, const char *fmt, ...) printf_like(2, 3);
/* Called when the turn may pass to another CPU. */
void player_look(void);
/* All CPUs have slept until now: who should have been woken earlier? */
void player_slept(void);
/* All CPUs sleep and nothing is under way: a violation, unless the machine may be turned off (all are interrupted). */
void player_stuck(void);
/* One line of what the console said. */
void player_console(const char *s, size_t n);

/* The guest of v executes one instruction. True: it leaves the guest by *e. */
bool player_step(struct vcpu *v, struct exit *e);
/* The instruction that left the guest is committed. */
void player_complete(struct vcpu *v, const struct exit *e);
/* An event was injected for the next entry; the guest takes it. */
void player_inject(struct vcpu *v, const struct model_event *ev);
void player_event(struct vcpu *v, const struct model_event *ev);
/* Where speculation goes next, and what the delivery of an event touches. */
gfn_t player_guess(struct vcpu *v);
/* The guest is about to reach gfn in this frame: is it the one that the owner of memory means? */
void player_reaches(struct vcpu *v, gfn_t gfn, pfn_t pfn, u32 access);
