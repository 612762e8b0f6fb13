/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_random.c: on random little programs the explorer finds exactly the outcomes that the definition of TSO gives.
 *
 * The reference below is as simple as it can be: a machine with queues, every step taken in every order, nothing
 * remembered, nothing skipped. It shares no code with the explorer.
 */
#include "lib/atomic.h"
#include "mc.h"
#include <stdlib.h>
#include <string.h>

#define THREADS  3
#define OPS      3
#define WORDS    2
#define PROGRAMS 300
#define OUTCOMES (1u << (2 * (THREADS * OPS + WORDS)))

enum op_kind { LOAD, STORE, XCHG, CAS, FENCE, OP_KINDS };

struct op {
    enum op_kind kind;
    u32 word, value;
};

/* Everything a program computes: values are 0..3. */
struct outcome {
    u32 mem[WORDS], r[THREADS][OPS];
};

static struct op program[THREADS][OPS];
static u32 threads;
static struct outcome now;
static u8 *found, *expected; /* one byte per outcome; on the heap, thus not part of a state */

static u32 number(const struct outcome *o)
{
    u32 n = 0;

    for (u32 i = 0; i < WORDS; i++)
        n = n * 4 + o->mem[i];
    for (u32 t = 0; t < THREADS; t++)
        for (u32 i = 0; i < OPS; i++)
            n = n * 4 + o->r[t][i];
    return n;
}

/* The explorer's side. */
static void thread(void *arg)
{
    u32 t = (const struct op(*)[OPS])arg - program;

    for (u32 i = 0; i < OPS; i++) {
        const struct op *op = &program[t][i];
        u32 *p = &now.mem[op->word], seen = 0;

        switch (op->kind) {
        case LOAD:
            now.r[t][i] = at_load(p);
            break;
        case STORE:
            at_store(p, op->value);
            break;
        case XCHG:
            now.r[t][i] = at_xchg(p, op->value);
            break;
        case CAS:
            now.r[t][i] = at_cas(p, &seen, op->value);
            break;
        case FENCE:
        case OP_KINDS:
            at_fence();
            break;
        }
    }
}

static void setup(void)
{
    static const char *const names[THREADS] = {"t0", "t1", "t2"};

    memset(&now, 0, sizeof(now));
    for (u32 t = 0; t < threads; t++)
        mc_thread(names[t], thread, program[t]);
}

static void final(void)
{
    found[number(&now)] = 1;
}

/* The reference's side. */
struct machine {
    struct outcome o;
    u32 pc[THREADS], queued[THREADS];
    struct op queue[THREADS][OPS];
};

static void run_all(const struct machine *m);

static u32 visible(const struct machine *m, u32 t, u32 word)
{
    u32 v = m->o.mem[word];

    for (u32 i = 0; i < m->queued[t]; i++)
        if (m->queue[t][i].word == word)
            v = m->queue[t][i].value;
    return v;
}

static void run_op(struct machine m, u32 t)
{
    const struct op *op = &program[t][m.pc[t]];
    u32 *r = &m.o.r[t][m.pc[t]++], *word = &m.o.mem[op->word];

    if (op->kind >= XCHG && m.queued[t])
        return;
    if (op->kind == LOAD)
        *r = visible(&m, t, op->word);
    if (op->kind == STORE)
        m.queue[t][m.queued[t]++] = *op;
    if (op->kind == XCHG) {
        *r = *word;
        *word = op->value;
    }
    if (op->kind == CAS && !*word) {
        *r = 1;
        *word = op->value;
    }
    run_all(&m);
}

static void run_drain(struct machine m, u32 t)
{
    m.o.mem[m.queue[t][0].word] = m.queue[t][0].value;
    memmove(&m.queue[t][0], &m.queue[t][1], --m.queued[t] * sizeof(m.queue[t][0]));
    run_all(&m);
}

static void run_all(const struct machine *m)
{
    bool ended = true;

    for (u32 t = 0; t < threads; t++) {
        ended &= m->pc[t] == OPS && !m->queued[t];
        if (m->pc[t] < OPS)
            run_op(*m, t);
        if (m->queued[t])
            run_drain(*m, t);
    }
    if (ended)
        expected[number(&m->o)] = 1;
}

static u32 chance(u32 n)
{
    static u32 *seed; /* not part of a state either */

    if (!seed) {
        seed = malloc(sizeof(*seed));
        *seed = 1;
    }
    *seed = *seed * 1103515245 + 12345;
    return (*seed >> 16) % n;
}

static void invent(void)
{
    for (u32 t = 0; t < THREADS; t++)
        for (u32 i = 0; i < OPS; i++)
            program[t][i] =
                (struct op){chance(8) < 6 ? chance(2) : XCHG + chance(3), chance(WORDS), 1 + chance(3)};
}

/* How many of `programs` random programs have other outcomes than they should; *outcomes counts all of them. */
static u32 compare(u32 programs, u32 *outcomes)
{
    const struct mc_model m = {.setup = setup, .final = final};
    u32 wrong = 0;

    while (programs--) {
        invent();
        memset(found, 0, OUTCOMES);
        memset(expected, 0, OUTCOMES);
        run_all(&(struct machine){.queued = {0}});
        wrong += mc_explore(&m) || memcmp(found, expected, OUTCOMES);
        for (u32 i = 0; i < OUTCOMES; i++)
            *outcomes += expected[i];
    }
    return wrong;
}

int main(void)
{
    found = malloc(OUTCOMES);
    expected = malloc(OUTCOMES);
    for (threads = 2; threads <= THREADS; threads++) {
        u32 outcomes = 0, programs = threads == 2 ? PROGRAMS : PROGRAMS / 30,
            wrong = compare(programs, &outcomes);

        mc_report(!wrong && outcomes > programs, "%u programs of %u threads: %u outcomes, %u programs differ",
                  programs, threads, outcomes, wrong);
    }
    return mc_end();
}
