/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * churn.c: the whole core on threads: loops, vCPUs, pager and APF against guests that remember what they wrote.
 *
 * Each CPU is a thread in loop_run(). Each vCPU's guest runs a few tasks that read and write pages of their own through
 * a TLB which forgets nothing until the host flushes it; it parks tasks on not-present events and wakes them on ready.
 * Memory is far too small, the disk slow. It notices: a frame reused while somebody can still reach it (H-B-14), a
 * write lost, a token twice or never reported (H-A-2), an event at a boundary that was closed (H-A-7), and a CPU that
 * sleeps for ever although it was owed an event (H-A-4, H-A-11).
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include "fake/world.h"
#include "loop.h"
#include "abi/faultline.h"

#define CPUS     2u
#define VCPUS    3u /* two of them share a CPU */
#define TASKS    3u
#define PAGES    12u /* of each task, half of them anonymous */
#define FRAMES   40u /* for VCPUS * TASKS * PAGES pages */
#define OPS      4000u
#define STAY     40u /* accesses after which a guest's time is up */
#define PATIENCE 10  /* seconds without anything to do while not all is done */

enum phase { OPEN, PF, PF_ACK, IRQ, IRQ_ACK, IRQ_EOI, LAST };

struct task {
    u32 token; /* what it is parked on, 0 = it can run */
    u64 want[PAGES];
};

struct tlb {
    u64 frame; /* 0 = none */
    bool dirty;
};

struct guest {
    enum phase phase;
    u32 cr2;
    unsigned current, seed, ops, flushes, kicks;
    bool finished;
    struct task task[TASKS];
    struct tlb tlb[TASKS * PAGES + 1]; /* the last is the slot's page */
};

static struct guest guest[VCPUS];
static unsigned finished_guests, moved;
static bool pf2, legacy;

static unsigned number(struct guest *g, unsigned below)
{
    return (unsigned)rand_r(&g->seed) % below;
}

static gfn_t page_of(const struct vcpu *v, unsigned index)
{
    u64 n = (v->id * TASKS * PAGES + index) / 2;

    if (index == TASKS * PAGES)
        return gpa_gfn((gpa_t){WORLD_SLOT(v->id)});
    return index & 1 ? (gfn_t){16 + n} : module_gfn(n);
}

/* As the hardware does it: by the TLB, else by a walk; a first write sets D in the entry if that is still there. */
static u64 *reach(struct vcpu *v, unsigned index)
{
    struct tlb *t = &guest[v->id].tlb[index];
    u64 *leaf, seen;

    if (!t->frame || !t->dirty) {
        leaf = world_leaf(page_of(v, index));
        seen = leaf ? at_load(leaf) : 0;
        do
            if (!(seen & WORLD_P))
                return NULL;
        while (!at_cas(leaf, &seen, seen | WORLD_A | WORLD_D));
        *t = (struct tlb){.frame = seen & WORLD_FRAME, .dirty = true};
    }
    return port_map((hpa_t){t->frame});
}

static void miss(struct vcpu *v, unsigned index, struct exit *e)
{
    *e = (struct exit){.kind = EXIT_TDP, .tdp = {.gpa = gfn_gpa(page_of(v, index)), .access = ACCESS_WRITE}};
}

static u32 *slot_of(struct vcpu *v)
{
    char *page = (char *)reach(v, TASKS * PAGES);

    return page ? (u32 *)(void *)(page + (WORLD_SLOT(v->id) & PAGE_MASK)) : NULL;
}

static void park(struct guest *g, u32 token)
{
    for (unsigned i = 0; i < TASKS; i++)
        assert_int_not_equal(g->task[i].token, token); /* A0-23 */
    assert_int_equal(g->task[g->current].token, 0);
    g->task[g->current].token = token;
}

static void wake(struct guest *g, u32 token)
{
    unsigned n = 0;

    for (unsigned i = 0; i < TASKS; i++)
        if (token == APF_TOKEN_WAKE_ALL || g->task[i].token == token) {
            g->task[i].token = 0;
            n++;
        }
    assert_true(n); /* a token that nobody waits for */
}

/* The handler of #PF: look into the slot first (A4). False: the slot's page is absent. */
static bool handle_pf(struct vcpu *v)
{
    struct guest *g = &guest[v->id];
    u32 *slot = slot_of(v);

    if (!slot)
        return false;
    assert_int_not_equal(slot[0], 0);
    if (slot[0] == APF_REASON_NOT_PRESENT)
        park(g, g->cr2);
    else
        wake(g, g->cr2);
    if (pf2)
        assert_int_equal(slot[1], g->cr2);
    at_store_rel(&slot[0], 0);
    g->phase = pf2 ? PF_ACK : LAST;
    return true;
}

static bool handle_irq(struct vcpu *v)
{
    struct guest *g = &guest[v->id];
    u32 *slot = slot_of(v);

    if (!slot)
        return false;
    if (pf2 && slot[0] == APF_REASON_READY) {
        wake(g, slot[1]);
        at_store_rel(&slot[0], 0);
    } else if (!pf2 && at_load_acq(&slot[1])) {
        wake(g, slot[1]);
        at_store_rel(&slot[1], 0);
    }
    g->phase = IRQ_ACK;
    return true;
}

/* One step of an interrupt or exception handler. True: it leaves the guest by *e. */
static bool handler(struct vcpu *v, struct exit *e)
{
    struct guest *g = &guest[v->id];
    struct exit msr = {.kind = EXIT_MSR, .msr = {.index = PV_MSR_APF_ACK, .write = true, .value = 1}};

    switch (g->phase) {
    case OPEN:
        break;
    case PF:
    case IRQ:
        if (g->phase == PF ? handle_pf(v) : handle_irq(v))
            return false;
        miss(v, TASKS * PAGES, e);
        return true;
    case PF_ACK:
        *e = msr;
        g->phase = LAST;
        return true;
    case IRQ_ACK:
        *e = msr;
        g->phase = IRQ_EOI;
        return true;
    case IRQ_EOI:
        msr.msr = (typeof(msr.msr)){.index = X2APIC_MSR_FIRST + 0xb, .write = true, .value = 0};
        *e = msr;
        g->phase = LAST;
        return true;
    case LAST:
        g->phase = OPEN;
        v->hw->intr_open = v->hw->intr_flag = true;
        break;
    }
    return false;
}

/* One access of one task to one of its pages: what was written last must be there. */
static bool access_page(struct vcpu *v, struct exit *e)
{
    struct guest *g = &guest[v->id];
    unsigned first = number(g, TASKS), page = number(g, PAGES), i = 0;
    struct task *t;
    u64 *word;

    while (i < TASKS && g->task[(first + i) % TASKS].token)
        i++;
    if (i == TASKS) {
        e->kind = EXIT_HLT;
        return true;
    }
    g->current = (first + i) % TASKS;
    t = &g->task[g->current];
    word = reach(v, g->current * PAGES + page);
    if (!word) {
        miss(v, g->current * PAGES + page, e);
        return true;
    }
    assert_int_equal(word[0], t->want[page]);
    if (number(g, 2))
        word[0] = t->want[page] = (u64)v->id << 48 | (u64)g->current << 32 | ++g->ops;
    return false;
}

/* Now and then: have a few pages thrown out, or moved to other frames. */
static bool disturb(struct vcpu *v, struct exit *e)
{
    struct guest *g = &guest[v->id];
    unsigned index = number(g, TASKS * PAGES + 1);

    if (number(g, 100))
        return false;
    *e = (struct exit){.kind = EXIT_HYPERCALL,
                       .call = {.nr = number(g, 2) ? FL_HC_EVICT : FL_HC_MIGRATE,
                                .arg = {gfn_gpa(page_of(v, index)).v, 4 * PAGE_SIZE}}};
    return true;
}

/* Now and then: move a slot onto its own place, which is all of a slot update that a guest does not notice (B5-3). */
static bool shake_slot(struct vcpu *v, struct exit *e)
{
    u64 base = number(&guest[v->id], 2) ? module_gpa(0).v : 0;
    struct exit *last = &v->hw->completed;

    if (last->kind == EXIT_HYPERCALL && last->call.nr == FL_HC_SLOT_MOVE && !last->call.ret)
        last->call.ret = at_add(&moved, 1); /* often it is PV_EBUSY: a page of the slot is on its way */
    if (number(&guest[v->id], 50))
        return false;
    *e = (struct exit){.kind = EXIT_HYPERCALL, .call = {.nr = FL_HC_SLOT_MOVE, .arg = {base, base}}};
    return true;
}

static bool all_done(struct vcpu *v)
{
    struct guest *g = &guest[v->id];

    for (unsigned i = 0; i < TASKS; i++)
        if (g->task[i].token)
            return false;
    if (g->ops < OPS)
        return false;
    if (!g->finished) {
        g->finished = true;
        if (at_add(&finished_guests, 1) == VCPUS)
            vm_exit(v->vm, 0);
    }
    return true;
}

static void take_event(struct vcpu *v)
{
    struct guest *g = &guest[v->id];
    struct fake_injection what = world_next(v);

    world_forget(v);
    if (what.event == FAKE_NO_EVENT)
        return;
    assert_int_equal(g->phase, OPEN); /* H-A-7: IF was 1 */
    v->hw->intr_open = v->hw->intr_flag = false;
    assert_true(what.event == FAKE_PF || what.event == FAKE_IRQ);
    g->phase = what.event == FAKE_PF ? PF : IRQ;
    g->cr2 = (u32)what.cr2;
}

/* One stay in the guest. */
static void run_guest(struct vcpu *v, struct exit *e)
{
    struct guest *g = &guest[v->id];

    assert_int_equal(fake_cpu, v->cpu);
    if (g->flushes != v->hw->flushes) {
        g->flushes = v->hw->flushes;
        memset(g->tlb, 0, sizeof(g->tlb));
    }
    take_event(v);
    for (unsigned i = 0; i < STAY; i++) {
        unsigned kicks = at_load(&fake.kicks[v->cpu]);

        if (kicks != g->kicks) {
            g->kicks = kicks;
            return; /* EXIT_INTR */
        }
        if (g->phase != OPEN) {
            if (handler(v, e))
                return;
            continue;
        }
        if (v->hw->window >= 0) {
            e->kind = EXIT_WINDOW;
            return;
        }
        if (all_done(v)) {
            e->kind = EXIT_HLT;
            return;
        }
        if (disturb(v, e) || shake_slot(v, e) || access_page(v, e))
            return;
    }
}

/* A CPU sleeps until it is kicked or the disk has something; neither for long means that an event was lost. */
static void sleep_well(void)
{
    static _Thread_local unsigned kicks;
    time_t start = time(NULL);

    while (at_load(&fake.kicks[fake_cpu]) == kicks && !at_load(&fake_disk.count) &&
           at_load(&world.vm->state) == VM_RUNNING) {
        sched_yield();
        if (time(NULL) > start + PATIENCE)
            abort();
    }
    kicks = at_load(&fake.kicks[fake_cpu]);
}

static void *cpu(void *arg)
{
    fake_cpu = (unsigned)(uintptr_t)arg;
    loop_run(world.vm);
    return NULL;
}

static void prepare(enum fl_personality p)
{
    world_make(&(struct world_config){.apf = p, .vcpus = VCPUS, .cpus = CPUS, .frames = FRAMES});
    memset(guest, 0, sizeof(guest));
    finished_guests = moved = 0;
    fake_disk.prompt = 60;
    fake_disk.room = 24;
    fake.idle = sleep_well;
    fake_guest = run_guest;
    for (unsigned i = 0; i < VCPUS; i++) {
        struct vcpu *v = world.vm->vcpu[i];
        u64 by_int = legacy ? 0 : APF_EN_INT;

        guest[i].seed = i + 1;
        for (unsigned n = 0; n < TASKS * PAGES; n++)
            if (!(n & 1))
                guest[i].task[n / PAGES].want[n % PAGES] =
                    fake_store_byte(page_of(v, n).v - WORLD_BASE) * 0x0101010101010101ull;
        if (p == FL_APF_NONE)
            continue;
        if (!legacy)
            assert_int_equal(world_wrmsr(v, PV_MSR_APF_VEC, WORLD_VECTOR | (pf2 ? APF_PF2_ON : 0)),
                             OUTCOME_DONE);
        assert_int_equal(world_wrmsr(v, PV_MSR_APF_EN, WORLD_SLOT(i) | APF_EN_ON | APF_EN_ALWAYS | by_int),
                         OUTCOME_DONE);
    }
}

static void churn(void **state)
{
    enum fl_personality p = *(enum fl_personality *)*state;
    pthread_t thread[CPUS];
    struct fl_stats *s;

    pf2 = p == FL_APF_PF2;
    legacy = p == FL_APF_LEGACY;
    prepare(p);
    for (uintptr_t i = 1; i < CPUS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, cpu, (void *)i), 0);
    cpu((void *)0);
    for (unsigned i = 1; i < CPUS; i++)
        pthread_join(thread[i], NULL);
    s = &world.vm->stats;
    assert_int_equal(world.vm->status, 0);
    assert_int_equal(s->not_present, s->ready + s->dropped);
    assert_true(p == FL_APF_NONE || s->not_present > 100);
    assert_true(s->evictions > 100);
    assert_true(moved && s->migrations > 100); /* a loaded machine gets few moves in between */
    assert_int_equal(world.vm->pager.io.inflight + world.vm->inv.in_progress, 0);
    fake_guest = NULL;
}

int main(void)
{
    static enum fl_personality none = FL_APF_NONE, by_int = FL_APF_INT, pf2_by_int = FL_APF_PF2,
                               by_pf = FL_APF_LEGACY;
    const struct CMUnitTest tests[] = {
        {"without APF", churn, NULL, world_teardown, &none},
        {"ready by interrupt", churn, NULL, world_teardown, &by_int},
        {"PF2", churn, NULL, world_teardown, &pf2_by_int},
        {"ready by exception", churn, NULL, world_teardown, &by_pf},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
