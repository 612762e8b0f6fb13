/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mc.c: depth-first search through every state the threads of a model can reach, and claims about what was
 * found.
 *
 * A state met before is not entered again. Nothing else is cut off: no bound on preemptions, none on depth; a
 * search that meets more than MAX_STATES states fails its claim instead of pretending.
 */
#include "mc_impl.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_STATES 4000000

extern struct mc_site __start_mc_sites[], __stop_mc_sites[];

/* One state on the current path: its bytes, the ways on from it, and what the way taken last did. */
struct frame {
    u8 *image;
    struct mc_step steps[MC_STEPS];
    u32 nsteps, taken;
    struct mc_event event;
};

/* Everything that must not go back with the state; hence on the heap. */
struct search {
    const struct mc_model *model;
    struct frame *path;
    u32 depth, room;
    u64 states, ends;
    const char *violation;
};
struct report {
    u32 claims, failed;
};
static struct search *search;
static struct report *report;

static void prepare(void)
{
    if (search)
        return;
    search = calloc(1, sizeof(*search));
    report = calloc(1, sizeof(*report));
    if (!search || !report)
        abort();
    setvbuf(stdout, NULL, _IOLBF, 0);
}

void mc_violation(const char *what)
{
    if (!search->violation)
        search->violation = what;
}

static const char *const kind_names[] = {
    [MC_LOAD] = "at_load",   [MC_STORE] = "at_store",       [MC_STORE_REL] = "at_store_rel",
    [MC_XCHG] = "at_xchg",   [MC_ADD] = "at_add",           [MC_SUB] = "at_sub",
    [MC_OR] = "at_or",       [MC_AND] = "at_and",           [MC_CAS] = "at_cas",
    [MC_FENCE] = "at_fence", [MC_FENCE_RD] = "at_fence_rd", [MC_FENCE_WR] = "at_fence_wr",
    [MC_RELAX] = "at_relax", [MC_CHOOSE] = "mc_choose",
};

static bool yields_value(const struct mc_site *s)
{
    return (s->kind >= MC_XCHG && s->kind <= MC_CAS) || s->kind == MC_CHOOSE || s->kind == MC_LOAD;
}

static void print_event(const struct mc_event *e)
{
    const struct mc_site *s = e->site;
    bool stores = s->kind >= MC_STORE && s->kind <= MC_CAS;

    printf("#   %-10s ", e->cpu);
    if (e->flush)
        printf("  memory now has %s = %#llx", s->expr, (unsigned long long)e->v);
    else if (stores)
        printf("%s(%s, %#llx)", kind_names[s->kind], s->expr, (unsigned long long)e->v);
    else
        printf("%s(%s)", kind_names[s->kind], s->expr);
    if (yields_value(s) && !e->flush)
        printf(" is %#llx", (unsigned long long)e->result);
    printf("   [%s:%u]\n", s->func, s->line);
}

static void print_path(void)
{
    for (u32 i = 0; i < search->depth; i++)
        print_event(&search->path[i].event);
    for (u32 i = 0; i < mc_ncpus; i++)
        if (mc_cpus[i].next)
            printf("#   %-10s stands before %s(%s)   [%s:%u]\n", mc_cpus[i].name,
                   kind_names[mc_cpus[i].next->site->kind], mc_cpus[i].next->site->expr,
                   mc_cpus[i].next->site->func, mc_cpus[i].next->site->line);
}

/* Judges the present state and, if it is new, makes it the end of the path. */
static void arrive(int cpu)
{
    size_t size = mc_state_size();
    struct frame *f;
    u8 *image;

    if (search->model->always)
        search->model->always();
    if (search->violation)
        return;
    image = malloc(size);
    if (!image)
        abort();
    mc_state_save(image);
    if (mc_seen(image, size)) {
        free(image);
        return;
    }
    if (++search->states > MAX_STATES)
        mc_violation("too many states");
    if (search->depth == search->room) {
        search->room = MAX(2 * search->room, 64u);
        search->path = realloc(search->path, search->room * sizeof(*search->path));
        if (!search->path)
            abort();
    }
    f = &search->path[search->depth];
    f->image = image;
    f->taken = 0;
    f->nsteps = mc_cpu_steps(f->steps, cpu);
    if (!f->nsteps) {
        search->ends++;
        if (!mc_cpu_all_done())
            mc_violation("deadlock");
        else if (search->model->final)
            search->model->final();
    }
    if (search->violation)
        free(image);
    else
        search->depth++;
}

const char *mc_explore(const struct mc_model *m)
{
    prepare();
    *search = (struct search){.model = m, .path = search->path, .room = search->room};
    mc_seen_clear();
    mc_cpu_reset();
    m->setup();
    mc_cpu_start(m->pso);
    arrive(0);
    while (search->depth && !search->violation) {
        struct frame *f = &search->path[search->depth - 1];
        const struct mc_step *step;

        if (f->taken == f->nsteps) {
            free(f->image);
            search->depth--;
            continue;
        }
        mc_state_load(f->image);
        step = &f->steps[f->taken++];
        f->event = mc_cpu_do(step);
        arrive(step->cpu);
    }
    for (u32 i = 0; i < search->depth; i++)
        free(search->path[i].image);
    return search->violation;
}

static bool matches(const struct mc_site *s, const struct mc_mutant *m)
{
    return s->kind == m->kind && !strcmp(s->func, m->func);
}

static struct mc_site *find_site(const struct mc_mutant *m)
{
    for (struct mc_site *s = __start_mc_sites; s < __stop_mc_sites; s++) {
        u32 nth = 1;

        if (!matches(s, m))
            continue;
        for (struct mc_site *t = __start_mc_sites; t < __stop_mc_sites; t++)
            nth += matches(t, m) && t->order < s->order;
        if (nth == m->nth)
            return s;
    }
    return NULL;
}

/* False, with a reason printed, if a mutant names no operation of the program. */
static bool mutate(const struct mc_mutant *mutants)
{
    for (struct mc_site *s = __start_mc_sites; s < __stop_mc_sites; s++) {
        s->act = MC_AS_WRITTEN;
        s->hits = 0;
    }
    for (; mutants && mutants->func; mutants++) {
        struct mc_site *s = find_site(mutants);

        if (!s) {
            printf("# no %s number %u in %s\n", kind_names[mutants->kind], mutants->nth, mutants->func);
            return false;
        }
        s->act = mutants->act;
    }
    return true;
}

static bool mutants_ran(void)
{
    for (struct mc_site *s = __start_mc_sites; s < __stop_mc_sites; s++)
        if (s->act != MC_AS_WRITTEN && !s->hits) {
            printf("# the mutated %s(%s) of %s never ran\n", kind_names[s->kind], s->expr, s->func);
            return false;
        }
    return true;
}

void mc_report(bool ok, const char *text, ...)
{
    va_list args;

    prepare();
    printf("%sok %u - ", ok ? "" : "not ", ++report->claims);
    va_start(args, text);
    vprintf(text, args);
    va_end(args);
    printf("\n");
    report->failed += !ok;
}

static void claim(const char *text, const struct mc_model *m, const struct mc_mutant *mutants,
                  const char *expected)
{
    clock_t start = clock();
    bool ok;

    prepare();
    ok = mutate(mutants);
    if (ok) {
        mc_explore(m);
        ok = mutants_ran();
        ok &= expected ? search->violation && strstr(search->violation, expected) : !search->violation;
    }
    mc_report(ok, "%s (%llu states, %llu ends, %ld ms)", text, (unsigned long long)search->states,
              (unsigned long long)search->ends, (long)((clock() - start) * 1000 / CLOCKS_PER_SEC));
    if (search->violation && (!ok || getenv("MC_VERBOSE"))) {
        printf("#   %s after:\n", search->violation);
        print_path();
    }
}

void mc_holds(const char *text, const struct mc_model *m, const struct mc_mutant *mutants)
{
    claim(text, m, mutants, NULL);
}

void mc_fails(const char *text, const struct mc_model *m, const struct mc_mutant *mutants,
              const char *violation)
{
    claim(text, m, mutants, violation);
}

int mc_end(void)
{
    printf("1..%u\n", report->claims);
    return report->failed != 0;
}
