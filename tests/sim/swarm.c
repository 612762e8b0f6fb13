/* SPDX-License-Identifier: BSD-2-Clause */
/* swarm.c: from a number to a machine, its guests and its disk. */
#include "swarm.h"
#include "trace.h"
#include "walk.h"
#include "port.h"

#define POINTS_MAX 40000000ull /* a run that needs more is endless */
#define SPREAD     2500        /* gfns over which a slot's pages are strewn, at most: several tables */

/* Frames for a vCPU, beside one for each task: with fewer they may take each other's pages in turns for ever. */
#define FRAMES_SPARE 4

struct swarm swarm;

static struct rng dice;

static u64 between(u64 least, u64 most)
{
    return rng_between(&dice, least, most);
}

static bool one_in(unsigned n)
{
    return !rng_below(&dice, n);
}

/* Halved up to so many times. Two draws in one expression would be made in whatever order the compiler likes. */
static u64 halved(u64 least, u64 most, u64 times)
{
    times = between(0, times);
    return between(least, most) >> times;
}

/* Half of the seeds do without; the others have it rarely, sometimes or often. */
static u32 rate(u32 most)
{
    return one_in(2) ? 0 : 1 + (u32)halved(0, most, 6);
}

static void draw_machine(struct machine_config *m)
{
    static const struct model_walk *const walks[] = {&walk_npt, &walk_ept,     &walk_ept_noad,
                                                     &walk_s2,  &walk_s2_noaf, &walk_toy};
    static const unsigned bursts[] = {1, 3, 8, 25, 100, 400};

    m->cpus = (unsigned)between(1, 3);
    m->frames = 2048;
    m->points = POINTS_MAX;
    m->burst = bursts[between(0, ARRAY_SIZE(bursts) - 1)];
    m->stall =
        rate(4 * RNG_ALWAYS / (10 + m->burst)); /* between short turns, long ones: races are lost in both */
    m->change = rate(RNG_ALWAYS / 8);
    m->point_ns = (unsigned)between(1, 30);
    m->kick_delay = one_in(3) ? 0 : between(1, 20000);
    m->spurious = rate(RNG_ALWAYS / 50);
    m->frames_fifo = one_in(3);
    m->fill = rate(RNG_ALWAYS / 4);
    m->evict = rate(RNG_ALWAYS / 8);
    m->shatter = rate(RNG_ALWAYS - 1);
    m->event_page = rate(RNG_ALWAYS / 4);
    m->memory_fails = one_in(10) ? RNG_ALWAYS / (u32)between(200, 10000) : 0;
    m->walk = walks[between(0, ARRAY_SIZE(walks) - 1)];
    m->nx_needed = one_in(4);
    m->virt_apic = one_in(3);
}

static void draw_guests(struct swarm *s)
{
    s->tasks = (unsigned)between(1, 6);
    s->working_set = (unsigned)between(1, 24);
    s->drift = (unsigned)between(1, 200);
    s->write = (unsigned)between(5, 60);
    s->execute = one_in(2) ? 0 : (unsigned)between(1, 20);
    s->user = one_in(2);
    s->closed = rate(RNG_ALWAYS / 50);
    s->halt = rate(RNG_ALWAYS / 100);
    s->pause = rate(RNG_ALWAYS / 50);
    s->ipi = rate(RNG_ALWAYS / 50);
    s->self_ipi = rate(RNG_ALWAYS / 100);
    s->timer = rate(RNG_ALWAYS / 50);
    s->nmi = rate(RNG_ALWAYS / 200);
    s->evict = rate(RNG_ALWAYS / 8);
    s->unmap = rate(RNG_ALWAYS / 20);
    s->migrate = rate(RNG_ALWAYS / 20);
    s->stats = rate(RNG_ALWAYS / 100);
    s->renew = one_in(2) ? rate(RNG_ALWAYS / 100) : 0;
    s->move = one_in(2) ? rate(RNG_ALWAYS / 100) : 0;
    s->nx_switch = one_in(2) ? rate(RNG_ALWAYS / 200) : 0;
    s->apic = s->machine.virt_apic ? rate(RNG_ALWAYS / 10) : 0;
    s->inspect = rate(RNG_ALWAYS / 100);
    s->priority = rate(RNG_ALWAYS / 100);
    s->bad = rate(RNG_ALWAYS / 100);
}

static void draw_apf(struct swarm *s)
{
    s->apf = (enum fl_personality)between(FL_APF_NONE, FL_APF_DUAL);
    s->pf2 = s->apf == FL_APF_PF2 || (s->apf == FL_APF_DUAL && one_in(2));
    s->by_exception = s->apf == FL_APF_LEGACY || (s->apf == FL_APF_PF2 && one_in(3));
    s->always = !one_in(4);
    s->never_ack = one_in(5);
    s->apf_toggle = one_in(3) ? rate(RNG_ALWAYS / 200) : 0;
    s->lapic_toggle = one_in(3) ? rate(RNG_ALWAYS / 200) : 0;
}

static void draw_store(struct swarm *s)
{
    s->latency_least = between(0, 1000) * s->machine.point_ns;
    s->latency_most = s->latency_least + halved(1, 40000, 8) * s->machine.point_ns;
    s->reject = rate(RNG_ALWAYS / 2);
    s->room = one_in(2) ? 512 : (unsigned)between(1, 32);
    s->fail = one_in(20) ? RNG_ALWAYS / 500 : 0;
    s->stuck = one_in(10) ? RNG_ALWAYS / 500 : 0;
    s->io_timeout = 20000000;
    s->io_give_up = 1000000000;
    if (s->stuck) /* a vCPU that a full store turns away tries again until the watchdog ends it */
        s->machine.points += 4 * s->io_give_up / s->machine.point_ns;
    s->patience = 20000000 + 200 * s->latency_most + (s->stuck ? 4 * s->io_give_up : 0);
}

static void draw_nx(struct swarm *s)
{
    s->nx = (enum nx_mode)between(NX_AUTO, NX_NEVER);
    s->nx_ratio = (u32)between(0, 3);
    s->nx_period = between(20000, 200000) * s->machine.point_ns; /* longer than a pass of CPU 0's loop */
}

/* Guests that fill blocks of memory, which are then left in peace for a while. */
static void make_huge(struct swarm *s)
{
    s->huge = true;
    s->stride = 1;
    s->anonymous = (unsigned)between(BLOCK_PAGES, 2 * BLOCK_PAGES + 80);
    s->module = (unsigned)(one_in(3) ? between(BLOCK_PAGES, BLOCK_PAGES + 40) : between(1, 80));
    s->frames = between(one_in(2) ? BLOCK_PAGES : s->anonymous + s->module,
                        s->anonymous + s->module + 2 * BLOCK_PAGES);
    s->machine.frames = 3 * BLOCK_PAGES + s->frames;
    s->machine.blocks = between(1, 5);
    s->operations = MAX(s->operations, between(10000, 40000) / s->vcpus);
    s->enough = MAX(s->enough, 3000000);
    s->working_set = (unsigned)between(1, 64);
    s->drift = (unsigned)between(1, 3);
    s->evict >>= 7;
    s->unmap >>= 7;
    s->migrate >>= 5;
    s->renew >>= 3;
    s->move >>= 3;
    s->inspect >>= 3;
}

/*
 * Many tasks want many pages, for which there are few frames; little else happens, and nothing fails. Each vCPU has a
 * CPU of its own: one that had to wait for its turn would find its page taken again (README, "What is left out").
 */
static void make_eventful(struct swarm *s)
{
    do
        draw_apf(s);
    while (s->apf == FL_APF_NONE || s->never_ack);
    s->always = true;
    s->vcpus = MAX(s->vcpus, s->machine.cpus);
    s->tasks = (unsigned)between(2, 6);
    s->anonymous = s->module = 80;
    s->stride = s->drift = 1;
    s->working_set = s->anonymous;
    s->frames = (s->tasks + FRAMES_SPARE) * s->vcpus * between(2, 3);
    s->operations = between(3000, 30000);
    s->enough = 3000000;
    s->evict >>= 4;
    s->unmap >>= 4;
    s->migrate >>= 4;
    s->inspect >>= 4;
    s->machine.fill >>= 3;
    s->machine.memory_fails = s->fail = s->stuck = 0;
}

/* Their pages are more that each vCPU needs to go on. */
static void draw_pv(struct swarm *s)
{
    s->steal = !one_in(4);
    s->eoi = !one_in(3);
    s->leave_flush = s->steal ? 1 + (u32)halved(0, RNG_ALWAYS / 8, 6) : 0;
    s->yield = rate(RNG_ALWAYS / 50);
    s->frames += 2 * s->vcpus;
    s->machine.frames += 2 * s->vcpus;
}

void swarm_draw(u64 seed, u64 operations)
{
    u64 pages, least;

    dice.state = ~seed;
    swarm = (struct swarm){.machine = {.seed = seed}};
    draw_machine(&swarm.machine);
    swarm.vcpus = (unsigned)between(1, 4);
    pages = one_in(2) ? 80 : 8; /* few pages: everybody is after the same ones */
    swarm.anonymous = (unsigned)between(1, pages);
    swarm.module = (unsigned)between(1, pages);
    swarm.stride = one_in(2) ? 1 : (unsigned)between(2, 2 + SPREAD / pages);
    draw_guests(&swarm);
    least = (swarm.tasks + FRAMES_SPARE) * swarm.vcpus;
    swarm.frames = between(least, MAX(least, swarm.anonymous + swarm.module) + 8);
    swarm.operations = operations ? operations : between(200, 3000);
    swarm.enough = operations ? POINTS_MAX / 2 : between(100000, 1000000);
    swarm.abrupt = one_in(4);
    draw_apf(&swarm);
    draw_nx(&swarm);
    if (!(seed & SEED_EVENTS) && one_in(6))
        make_huge(&swarm);
    draw_store(&swarm);
    swarm.shared = seed & SEED_SHARED;
    if (seed & SEED_EVENTS)
        make_eventful(&swarm);
    if (seed & SEED_PV)
        draw_pv(&swarm);
    swarm.apic_moves = swarm.machine.virt_apic && one_in(2) ? UINT32_MAX : 0;
}

void swarm_print(void)
{
    static const char *const apf[] = {"none", "legacy", "pf2", "int", "dual"};
    const struct swarm *s = &swarm;

    printf("# cpus=%u vcpus=%u walk=%s anonymous=%u module=%u stride=%u frames=%lu operations=%lu%s\n",
           s->machine.cpus, s->vcpus, s->machine.walk->name, s->anonymous, s->module, s->stride, s->frames,
           s->operations, s->abrupt ? " abrupt" : "");
    printf(
        "# burst=%u change=%u stall=%u point=%u ns kick<=%lu ns spurious=%u fill=%u evict=%u event-page=%u\n",
        s->machine.burst, s->machine.change, s->machine.stall, s->machine.point_ns, s->machine.kick_delay,
        s->machine.spurious, s->machine.fill, s->machine.evict, s->machine.event_page);
    printf("# tasks=%u set=%u drift=%u write=%u%% exec=%u%% closed=%u halt=%u ipi=%u self=%u timer=%u nmi=%u "
           "priority=%u\n",
           s->tasks, s->working_set, s->drift, s->write, s->execute, s->closed, s->halt, s->ipi, s->self_ipi,
           s->timer, s->nmi, s->priority);
    printf("# evict=%u unmap=%u stats=%u apf=%s%s%s%s%s toggle=%u lapic=%u\n", s->evict, s->unmap, s->stats,
           apf[s->apf], s->pf2 ? " pf2" : "", s->by_exception ? " by-exception" : "",
           s->always ? " always" : "", s->never_ack ? " never-ack" : "", s->apf_toggle, s->lapic_toggle);
    printf("# %smigrate=%u renew=%u move=%u nx=%u%s switch=%u ratio=%u period=%lu ns apic=%u%s%s inspect=%u "
           "blocks=%lu\n",
           s->huge ? "huge " : "", s->migrate, s->renew, s->move, s->nx,
           s->machine.nx_needed ? " needed" : "", s->nx_switch, s->nx_ratio, s->nx_period, s->apic,
           s->machine.virt_apic ? " virtual" : "", s->apic_moves ? " moves" : "", s->inspect,
           s->machine.blocks);
    printf("# store %lu-%lu ns reject=%u room=%u fail=%u stuck=%u memory-fails=%u\n", s->latency_least,
           s->latency_most, s->reject, s->room, s->fail, s->stuck, s->machine.memory_fails);
}
