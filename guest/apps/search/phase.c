/* SPDX-License-Identifier: BSD-2-Clause */
/* phase.c: threads take chunk after chunk until none is left; while they work the caller reports progress. */
#include "phase.h"
#include <stdio.h>

#define CHUNK_BYTES (64 * KiB)
#define REPORT_NS   1000000000ull
#define MIB(bytes)  ((double)(bytes) / (double)MiB)

struct work {
    const struct pattern *pattern;
    const u8 *text;
    u64 size;
    u64 next; /* the first byte that nobody has taken yet */
    u64 done; /* bytes whose count is in */
    struct mutex lock;
    struct cond finished;
    struct count count;
    unsigned running;
};

static void searcher(void *arg)
{
    struct work *w = arg;
    struct count mine = {0, 0};

    for (;;) {
        u64 start = at_add(&w->next, CHUNK_BYTES) - CHUNK_BYTES, end = MIN(start + CHUNK_BYTES, w->size);
        struct count c;

        if (start >= w->size)
            break;
        c = scan_lines(w->pattern, w->text, w->size, start, end);
        mine.occurrences += c.occurrences;
        mine.lines += c.lines;
        at_add(&w->done, end - start);
    }
    mutex_lock(&w->lock);
    w->count.occurrences += mine.occurrences;
    w->count.lines += mine.lines;
    w->running--;
    cond_signal(&w->finished);
    mutex_unlock(&w->lock);
}

static void report(struct work *w, const struct phase *ph)
{
    struct fl_stats now;

    printf("search: apf %s: %.1f of %.1f MiB searched", ph->name, MIB(at_load(&w->done)), MIB(w->size));
    if (host_stats(&now, 0))
        printf(", %lu pages in", now.reads - ph->before.reads);
    printf("\n");
}

static void wait_for_all(struct work *w, const struct phase *ph)
{
    u64 due = time_ns() + REPORT_NS;

    mutex_lock(&w->lock);
    while (w->running) {
        if (cond_wait_until(&w->finished, &w->lock, due))
            continue;
        report(w, ph);
        due += REPORT_NS;
    }
    mutex_unlock(&w->lock);
}

bool phase_run(struct phase *ph, const struct pattern *p, const void *text, u64 size, unsigned threads)
{
    struct work w = {.pattern = p, .text = text, .size = size};
    struct thread *thread[MAX_THREADS];
    u64 start = time_ns();
    unsigned n;

    host_stats(&ph->before, FL_STATS_RESET_MAX);
    w.running = threads;
    for (n = 0; n < threads; n++) {
        thread[n] = thread_create(searcher, &w);
        if (!thread[n])
            break;
    }
    mutex_lock(&w.lock);
    w.running -= threads - n;
    mutex_unlock(&w.lock);
    wait_for_all(&w, ph);
    for (unsigned i = 0; i < n; i++)
        thread_join(thread[i]);
    host_stats(&ph->after, 0);
    ph->ns = time_ns() - start;
    ph->count = w.count;
    return n == threads;
}
