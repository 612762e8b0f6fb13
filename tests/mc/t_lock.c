/* SPDX-License-Identifier: BSD-2-Clause */
/* t_lock.c: the spinlock and the reader/writer lock exclude whom they must, let everybody in, and prefer
 * writers. */
#include "lib/lock.h"
#include "mc.h"
#include "rwlock.h"

#define THREADS 4u /* at most, each a CPU */

static struct spinlock spin;
static struct rwlock rw;
static u32 word, readers, writers;
static bool wrote;

unsigned port_cpu(void)
{
    return mc_self();
}

unsigned port_cpu_count(void)
{
    return THREADS;
}

static void clear(void)
{
    spin = (struct spinlock){0};
    rw = (struct rwlock){0};
    word = readers = writers = 0;
    wrote = false;
}

/* A section that would lose an update, and says so, if another thread were in it. */
static void add_one(void)
{
    mc_check(++writers == 1 && !readers, "two threads are inside");
    at_store(&word, at_load(&word) + 1);
    writers--;
}

static void spin_thread(void *unused)
{
    (void)unused;
    spin_lock(&spin);
    mc_check(spin_held(&spin), "the holder's lock looks free");
    add_one();
    spin_unlock(&spin);
}

static void spin_setup(void)
{
    clear();
    mc_thread("a", spin_thread, NULL);
    mc_thread("b", spin_thread, NULL);
    mc_thread("c", spin_thread, NULL);
}

static void all_three(void)
{
    mc_check(word == 3, "an update is lost");
    mc_check(!spin_held(&spin) && !read_held(&rw), "a lock is left held");
}

static void reader(void *unused)
{
    u32 seen;

    (void)unused;
    read_lock(&rw);
    readers++;
    mc_check(!writers, "reader beside writer");
    seen = at_load(&word);
    mc_check(at_load(&word) == seen, "the word changed under a reader");
    readers--;
    read_unlock(&rw);
}

static void writer(void *unused)
{
    (void)unused;
    write_lock(&rw);
    mc_check(write_held(&rw), "the holder's lock looks free");
    add_one();
    wrote = true;
    write_unlock(&rw);
}

static void rw_setup(void)
{
    clear();
    mc_thread("reader a", reader, NULL);
    mc_thread("reader b", reader, NULL);
    mc_thread("writer a", writer, NULL);
    mc_thread("writer b", writer, NULL);
}

static void both_wrote(void)
{
    mc_check(word == 2, "an update is lost");
    mc_check(!read_held(&rw) && !rw.writers, "the lock is left held");
}

/* Readers share: that two are inside at once must be possible. */
static void one_reader(void)
{
    mc_check(readers < 2, "two readers are inside");
}

/* A reader that comes while the only writer waits must not get in before it. */
static void late_reader(void *unused)
{
    bool writer_waits = at_load(&rw.writers);

    (void)unused;
    read_lock(&rw);
    mc_check(wrote || !writer_waits, "a reader overtook the waiting writer");
    read_unlock(&rw);
}

static void prefer_setup(void)
{
    clear();
    mc_thread("reader", reader, NULL);
    mc_thread("writer", writer, NULL);
    mc_thread("late reader", late_reader, NULL);
}

int main(void)
{
    const struct mc_model mutex = {.setup = spin_setup, .final = all_three};
    const struct mc_model mutex_pso = {.setup = spin_setup, .final = all_three, .pso = true};
    const struct mc_model shared = {.setup = rw_setup, .final = both_wrote};
    const struct mc_model shared_pso = {.setup = rw_setup, .final = both_wrote, .pso = true};
    const struct mc_model sharing = {.setup = rw_setup, .always = one_reader};
    const struct mc_model prefer = {.setup = prefer_setup};

    mc_holds("spinlock: three threads, one inside, none stuck", &mutex, NULL);
    mc_holds("spinlock: unlock is a release", &mutex_pso, NULL);
    mc_fails("spinlock: tickets drawn without the lock prefix", &mutex,
             MC_MUTANTS({"spin_lock", MC_ADD, 1, MC_PLAIN}), "");
    mc_fails("spinlock: unlock forgotten", &mutex, MC_MUTANTS({"spin_unlock", MC_STORE_REL, 1, MC_DROP}),
             "deadlock");
    mc_holds("rwlock: two readers, two writers, none stuck", &shared, NULL);
    mc_holds("rwlock: write_unlock is a release", &shared_pso, NULL);
    mc_fails("rwlock: readers do share", &sharing, NULL, "two readers are inside");
    mc_fails("rwlock: writer counts itself without the lock prefix (P15)", &shared,
             MC_MUTANTS({"write_lock", MC_ADD, 1, MC_PLAIN}), "");
    mc_fails("rwlock: reader marks its CPU without the lock prefix (P15)", &shared,
             MC_MUTANTS({"read_lock", MC_XCHG, 1, MC_PLAIN}), "");
    mc_fails("rwlock: writer does not look for readers", &shared,
             MC_MUTANTS({"write_lock", MC_LOAD, 1, MC_DROP}), "");
    mc_fails("rwlock: reader does not give way", &shared, MC_MUTANTS({"read_lock", MC_STORE_REL, 1, MC_DROP}),
             "deadlock");
    mc_holds("rwlock: a waiting writer keeps new readers out", &prefer, NULL);
    mc_fails("rwlock: unless readers ignore the count of waiting writers", &prefer,
             MC_MUTANTS({"read_lock", MC_LOAD, 1, MC_DROP}), "");
    return mc_end();
}
