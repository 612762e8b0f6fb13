/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_epoch.c: a page that was unlinked and retired is freed only when no reader can hold it (SPEC C5-3,
 * H-C-10).
 *
 * Two readers walk from a link to a page, one of them twice. A writer unlinks the page and gives it to the
 * epoch: once through epoch_retire(), where a lock adds barriers of its own, once with the bare tag, where
 * each barrier counts.
 */
#include "epoch.c"
#include "mc.h"

#define WRITER 2u
#define CPUS   3u

static struct epoch epoch;
static u32 link; /* 1: leads to the page */
static bool freed;
static bool (*passed)(const struct epoch *e, u64 tag, unsigned cpus);

unsigned port_cpu(void)
{
    return WRITER;
}

unsigned port_cpu_count(void)
{
    return CPUS;
}

void port_frame_free(hpa_t page)
{
    mc_check(page.v == PAGE_SIZE && !freed, "the wrong page is freed");
    freed = true;
}

void port_panic(const char *invariant, const char *file, int line)
{
    (void)file;
    (void)line;
    mc_stop(invariant);
}

static void read_section(unsigned cpu)
{
    u32 page;

    epoch_enter(&epoch, cpu);
    page = at_load(&link);
    if (page)
        mc_check(!freed, "use after free");
    at_load(&epoch.now); /* the reader takes its time */
    if (page)
        mc_check(!freed, "use after free");
    epoch_exit(&epoch, cpu);
}

static void reader_thread(void *unused)
{
    (void)unused;
    read_section(0);
}

static void busy_reader_thread(void *unused)
{
    (void)unused;
    read_section(1);
    read_section(1);
}

static void retire_thread(void *unused)
{
    (void)unused;
    at_store(&link, 0);
    epoch_retire(&epoch, (hpa_t){PAGE_SIZE});
    while (!epoch_collect(&epoch))
        at_relax();
}

static void tag_thread(void *unused)
{
    u64 tag;

    (void)unused;
    at_store(&link, 0);
    tag = epoch_tag(&epoch);
    while (!passed(&epoch, tag, CPUS))
        at_relax();
    freed = true;
}

static void final(void)
{
    mc_check(freed, "the page was never freed");
}

static void start(void (*writer)(void *))
{
    epoch_init(&epoch);
    link = 1;
    freed = false;
    passed = epoch_passed;
    mc_thread("reader", reader_thread, NULL);
    mc_thread("busy reader", busy_reader_thread, NULL);
    mc_thread("writer", writer, NULL);
}

static void setup_retire(void)
{
    start(retire_thread);
}

static void setup_tag(void)
{
    start(tag_thread);
}

/* Mutant: a reader that entered in the tagged epoch itself does not count. */
static bool passed_too_soon(const struct epoch *e, u64 tag, unsigned cpus)
{
    for (unsigned i = 0; i < cpus; i++) {
        u64 active = at_load_acq(&e->cpu[i].active);

        if (active != EPOCH_IDLE && active < tag)
            return false;
    }
    return true;
}

static void setup_too_soon(void)
{
    start(tag_thread);
    passed = passed_too_soon;
}

int main(void)
{
    const struct mc_model retire = {.setup = setup_retire, .final = final},
                          tag = {.setup = setup_tag, .final = final};
    const struct mc_model tag_pso = {.setup = setup_tag, .final = final, .pso = true};
    const struct mc_model too_soon = {.setup = setup_too_soon};

    mc_holds("H-C-10: epoch_retire frees late enough, and does free", &retire, NULL);
    mc_holds("H-C-10: the bare tag does", &tag, NULL);
    mc_holds("H-C-10: the same where stores to different words may pass each other", &tag_pso, NULL);
    mc_fails("H-C-10: no barrier on entry", &tag, MC_MUTANTS({"epoch_enter", MC_FENCE, 1, MC_DROP}),
             "use after free");
    mc_fails("H-C-10: no barrier on entry, retired under the lock", &retire,
             MC_MUTANTS({"epoch_enter", MC_FENCE, 1, MC_DROP}), "use after free");
    mc_holds("H-C-10: the locked advance is a barrier by itself here", &tag,
             MC_MUTANTS({"epoch_tag", MC_FENCE, 1, MC_DROP}));
    mc_fails("H-C-10: no barrier between unlink and tag, plain advance", &tag,
             MC_MUTANTS({"epoch_tag", MC_FENCE, 1, MC_DROP}, {"epoch_tag", MC_ADD, 1, MC_PLAIN}),
             "use after free");
    mc_fails("H-C-10: freed when active >= tag", &too_soon, NULL, "use after free");
    mc_fails("H-C-10: entry does not say so", &tag, MC_MUTANTS({"epoch_enter", MC_STORE, 1, MC_DROP}),
             "use after free");
    mc_fails("H-C-10: exit does not say so", &tag, MC_MUTANTS({"epoch_exit", MC_STORE_REL, 1, MC_DROP}),
             "deadlock");
    return mc_end();
}
