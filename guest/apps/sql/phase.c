/* SPDX-License-Identifier: BSD-2-Clause */
/* phase.c: connections take job after job until none is left; while they work the caller reports progress. */
#include "phase.h"
#include <stdio.h>
#include <string.h>

#define REPORT_NS   2000000000ull
#define STACK_BYTES (128 * KiB)

struct work {
    struct phase *phase;
    struct task *task;
    unsigned next; /* the first job that nobody has taken yet */
    unsigned done;
    u64 bytes, rows; /* of all rows so far */
    bool failed;
    struct mutex lock; /* of what follows, and of the message */
    struct cond finished;
    unsigned running;
};

static void fail(struct work *w, const char *why)
{
    mutex_lock(&w->lock);
    if (!w->failed)
        snprintf(w->task->message, sizeof(w->task->message), "%s", why);
    at_store(&w->failed, true);
    mutex_unlock(&w->lock);
}

/* The first phase keeps its rows, each later one must have the same. */
static bool keep(struct work *w, unsigned job, struct rows *mine)
{
    struct rows *kept = &w->task->rows[job];
    bool same = true;

    if (w->task->answered) {
        same = rows_same(kept, mine);
        rows_free(mine);
    } else {
        *kept = *mine;
    }
    if (!same)
        fail(w, "a query gave other rows than before");
    return same;
}

static bool run_job(struct work *w, struct connection *c, unsigned job)
{
    const struct script *s = w->task->script;
    struct rows mine = {0};

    if (!script_run(c, s, job % s->count, job / s->count, &mine)) {
        rows_free(&mine);
        fail(w, c->message);
        return false;
    }
    at_add(&w->rows, mine.count);
    if (at_add(&w->bytes, mine.length) > ROWS_MAX) {
        rows_free(&mine);
        fail(w, "more than 1 MiB of rows");
        return false;
    }
    return keep(w, job, &mine);
}

static void asker(void *arg)
{
    struct work *w = arg;
    struct connection c;

    if (connection_open(&c, w->task->database)) {
        while (!at_load(&w->failed)) {
            unsigned job = at_add(&w->next, 1) - 1;

            if (job >= w->task->jobs || !run_job(w, &c, job))
                break;
            at_add(&w->done, 1);
        }
    } else {
        fail(w, c.message);
    }
    connection_close(&c);
    mutex_lock(&w->lock);
    w->running--;
    cond_signal(&w->finished);
    mutex_unlock(&w->lock);
}

static void wait_for_all(struct work *w)
{
    u64 due = time_ns() + REPORT_NS;

    mutex_lock(&w->lock);
    while (w->running) {
        if (cond_wait_until(&w->finished, &w->lock, due))
            continue;
        printf("sql: %u connections, apf %s: %u of %u queries\n", w->phase->connections,
               w->phase->apf ? "on" : "off", at_load(&w->done), w->task->jobs);
        due += REPORT_NS;
    }
    mutex_unlock(&w->lock);
}

static void start_and_wait(struct work *w)
{
    const struct thread_attr attr = {.name = "connection", .stack_bytes = STACK_BYTES};
    struct thread *thread[CONNECTIONS_MAX];
    unsigned n;

    w->running = w->phase->connections;
    for (n = 0; n < w->phase->connections; n++) {
        thread[n] = thread_create_as(&attr, asker, w);
        if (!thread[n])
            break;
    }
    if (n < w->phase->connections)
        fail(w, "not enough memory for so many threads");
    mutex_lock(&w->lock);
    w->running -= w->phase->connections - n;
    mutex_unlock(&w->lock);
    wait_for_all(w);
    for (unsigned i = 0; i < n; i++)
        thread_join(thread[i]);
}

bool phase_run(struct phase *ph, struct task *t)
{
    struct work w = {.phase = ph, .task = t};
    u64 start = time_ns();

    host_stats(&ph->before, FL_STATS_RESET_MAX);
    ph->told = pvapf_counters();
    start_and_wait(&w);
    ph->ns = time_ns() - start;
    ph->rows = w.rows;
    ph->telling = pvapf_counters();
    host_stats(&ph->after, 0);
    t->answered = true;
    return !w.failed;
}
