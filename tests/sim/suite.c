/* SPDX-License-Identifier: BSD-2-Clause */
/* suite.c: workers take seeds in turn; whatever ends one of them, its parent knows which seed it was at. */
#include "suite.h"
#include "machine.h"
#include "world.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEED_SECONDS   30 /* of wall time, in which a seed that passes no scheduling point hangs */
#define REPORT_SECONDS 10

struct worker {
    pid_t pid;
    u64 seed; /* being run */
    struct tally done;
};

static struct worker *me; /* in a worker */

void batch_failure(const char *oracle, const char *what)
{
    if (me)
        snprintf(me->done.failure, sizeof(me->done.failure), "oracle %s: %s", oracle, what);
}

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

/* However slow this computer is, and however long the run: it goes on as long as scheduling points are passed. */
static void look_for_hang(int signal)
{
    static u64 point, run;

    (void)signal;
    if (me->done.seeds == run && machine.point == point)
        machine_violation("liveness", "no scheduling point is passed any more");
    run = me->done.seeds;
    point = machine.point;
    alarm(SEED_SECONDS);
}

static void work(const struct seeds *b, struct worker *w, unsigned index, double end)
{
    me = w;
    signal(SIGALRM, look_for_hang);
    alarm(SEED_SECONDS);
    for (u64 i = index; !enough(b, w, i, end); i += WORKERS) {
        struct run_result r;

        w->seed = b->list ? b->list[i] : b->first + i;
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

/* This worker has ended. False: its seed failed. */
static bool ended_well(struct worker *w, int status)
{
    struct tally *t = &w->done;

    w->pid = 0;
    if (WIFEXITED(status) && !WEXITSTATUS(status))
        return true;
    if (!t->failure[0])
        snprintf(t->failure, sizeof(t->failure),
                 WIFSIGNALED(status) ? "killed by signal %d" : "exit status %d",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    printf("# replay: make sim SEED=%lu\n", w->seed);
    return false;
}

/* The memory of w is shared, but the parent alone knows of pids. */
static void start_all(const struct seeds *b, struct worker *w, double start)
{
    fflush(stdout);
    for (unsigned i = 0; i < WORKERS; i++) {
        pid_t pid = fork();

        if (!pid)
            work(b, &w[i], i, start + b->seconds);
        if (pid < 0) {
            perror("fork");
            stop(w);
            exit(1);
        }
        w[i].pid = pid;
    }
}

bool batch_run(const struct seeds *b, struct tally *out)
{
    struct worker *w =
        mmap(NULL, WORKERS * sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct worker *bad = NULL;
    double start = seconds();

    if (w == MAP_FAILED)
        abort();
    start_all(b, w, start);
    for (unsigned left = WORKERS; left && !bad; left--) {
        int status;
        pid_t pid = next_end(b, w, start, &status);

        for (unsigned i = 0; i < WORKERS; i++)
            if (w[i].pid == pid && !ended_well(&w[i], status))
                bad = &w[i];
    }
    stop(w);
    *out = sum(w);
    if (bad) {
        out->failed = bad->seed;
        memcpy(out->failure, bad->done.failure, sizeof(out->failure));
    }
    if (b->report || bad)
        report(w, start);
    munmap(w, WORKERS * sizeof(*w));
    return !bad;
}
