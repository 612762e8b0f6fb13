/* SPDX-License-Identifier: BSD-2-Clause */
/* suite.c: workers take seeds in turn; whatever ends one of them, its parent knows which seed it was at. */
#include "suite.h"
#include "machine.h"
#include "world.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEED_SECONDS   30 /* of wall time, after which a seed hangs */
#define REPORT_SECONDS 10

struct worker {
    pid_t pid;
    u64 seed; /* being run */
    struct tally done;
};

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Has this worker done its share? */
static bool enough(const struct seeds *b, const struct worker *w, u64 i, double end)
{
    return (b->count && i >= b->count) || (b->seconds && seconds() >= end) ||
           (b->events && w->done.seen[SEEN_TOLD] >= b->events / WORKERS);
}

static void hangs(int signal)
{
    (void)signal;
    machine_violation("liveness", "no scheduling point is passed any more");
}

static void work(const struct seeds *b, struct worker *w, unsigned index, double end)
{
    signal(SIGALRM, hangs);
    for (u64 i = index; !enough(b, w, i, end); i += WORKERS) {
        struct run_result r;

        w->seed = b->list ? b->list[i] : b->first + i;
        alarm(SEED_SECONDS);
        r = world_run(w->seed, 0);
        w->done.seeds++;
        w->done.points += r.points;
        w->done.operations += r.operations;
        for (unsigned k = 0; k < SEEN_KINDS; k++)
            w->done.seen[k] += seen[k];
    }
    fflush(stdout);
    _exit(0);
}

static struct tally sum(const struct worker *w)
{
    struct tally t = {0};

    for (unsigned i = 0; i < WORKERS; i++) {
        t.seeds += w[i].done.seeds;
        t.points += w[i].done.points;
        t.operations += w[i].done.operations;
        for (unsigned k = 0; k < SEEN_KINDS; k++)
            t.seen[k] += w[i].done.seen[k];
    }
    return t;
}

static void report(const struct worker *w, double since)
{
    struct tally t = sum(w);
    double s = seconds() - since;

    printf("# %lu seeds, %.1f million steps; %.1f seeds/s, %.2f million steps/s\n", t.seeds,
           (double)t.points / 1e6, (double)t.seeds / s, (double)t.points / s / 1e6);
    seen_print(t.seen);
    fflush(stdout);
}

/* The next worker that ends; meanwhile, now and then, how fast it goes. */
static pid_t next_end(const struct seeds *b, const struct worker *w, double start, int *status)
{
    double said = seconds();

    for (;;) {
        pid_t pid = waitpid(-1, status, b->report ? WNOHANG : 0);

        if (pid)
            return pid;
        usleep(100000);
        if (seconds() - said > REPORT_SECONDS) {
            said = seconds();
            report(w, start);
        }
    }
}

static void stop(struct worker *w)
{
    for (unsigned i = 0; i < WORKERS; i++)
        if (w[i].pid) {
            kill(w[i].pid, SIGKILL);
            waitpid(w[i].pid, NULL, 0);
        }
}

bool batch_run(const struct seeds *b, struct tally *out)
{
    struct worker *w =
        mmap(NULL, WORKERS * sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    double start = seconds();
    bool good = true;

    if (w == MAP_FAILED)
        abort();
    fflush(stdout);
    for (unsigned i = 0; i < WORKERS; i++) {
        pid_t pid = fork();

        if (!pid)
            work(b, &w[i], i, start + b->seconds);
        w[i].pid = pid; /* the memory is shared: the child leaves it alone */
    }
    for (unsigned left = WORKERS; left && good; left--) {
        int status;
        pid_t pid = next_end(b, w, start, &status);

        for (unsigned i = 0; i < WORKERS; i++)
            if (w[i].pid == pid) {
                w[i].pid = 0;
                good = WIFEXITED(status) && !WEXITSTATUS(status);
                if (!good)
                    printf("# replay: make sim SEED=%lu\n", w[i].seed);
            }
    }
    stop(w);
    *out = sum(w);
    if (b->report || !good)
        report(w, start);
    munmap(w, WORKERS * sizeof(*w));
    return good;
}
