/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_dirty.c: a write that a copy of the page misses is in the dirty log (pairs P12, P13; C8-4, C8-8).
 *
 * One page. A vCPU's fault makes its leaf writable, without a lock, and marks the page; another vCPU writes through
 * the leaf as soon as it can; the host writes too. The consumer starts the log or collects, and copies the page.
 */
#include "dirty.c"
#include "inv.c"
#include "mc.h"

#define WRITABLE 1u
#define CPUS     3u /* a thread each */

static struct vm vm;
static u64 bitmap, leaf, data, copied;
static u32 inside; /* 1: a CPU executes guest code, with the translation it has found */
static bool flushes;

void port_panic(const char *invariant, const char *file, int line)
{
    (void)file, (void)line;
    mc_stop(invariant);
}

unsigned port_cpu(void)
{
    return mc_self();
}

unsigned port_cpu_count(void)
{
    return CPUS;
}

void *port_zalloc(size_t bytes)
{
    (void)bytes;
    return NULL;
}

void bracket_enter(struct vm *of, struct inv_bracket *b)
{
    inv_enter(&of->inv, b);
}

void bracket_start(struct vm *of, struct inv_bracket *b)
{
    inv_start(&of->inv, b);
}

void bracket_add(struct vm *of, struct inv_bracket *b, gfn_t start, gfn_t end)
{
    mc_check(inv_range_add(&of->inv, b, start, end) == INV_OK, "the bracket is wrong");
}

void bracket_end(struct vm *of, struct inv_bracket *b)
{
    write_lock(&of->tdp.lock);
    mc_check(inv_end(&of->inv, b) == INV_OK, "the bracket is wrong");
    write_unlock(&of->tdp.lock);
    mc_check(inv_leave(&of->inv, b) == INV_OK, "the bracket is wrong");
}

bool tdp_has_dirty(const struct tdp *t)
{
    (void)t;
    return false;
}

void tdp_harvest(struct tdp *t, gfn_t start, gfn_t end, struct tdp_gather *g)
{
    (void)t, (void)start, (void)end, (void)g;
}

bool tdp_split(struct tdp *t, gfn_t start, gfn_t end, unsigned to, struct tdp_cache *c)
{
    (void)t, (void)start, (void)end, (void)to, (void)c;
    return true;
}

bool tdp_cache_fill(struct tdp_cache *c)
{
    (void)c;
    return false;
}

void tdp_cache_drain(struct tdp_cache *c)
{
    (void)c;
}

void tdp_write_protect(struct tdp *t, gfn_t start, gfn_t end, struct tdp_gather *g)
{
    u64 seen = at_load(&leaf);

    (void)t, (void)start, (void)end;
    while (seen && !at_cas(&leaf, &seen, 0))
        ;
    g->flush = true;
}

bool hw_has_log(void)
{
    return false;
}

void flush_logs(struct vm *of)
{
    (void)of;
    mc_check(false, "hardware keeps no list here");
}

/* Nobody is inside with an old translation. */
void tdp_commit(struct tdp *t, struct tdp_gather *g)
{
    (void)t;
    while (flushes && g->flush && at_load(&inside))
        at_relax();
}

/* As tdp_improve() does it. */
static void fault_thread(void *unused)
{
    u64 seen = at_load(&leaf);

    (void)unused;
    if (!seen && at_cas(&leaf, &seen, WRITABLE))
        dirty_mark(&vm, &vm.slot[0], (gfn_t){0}, 1);
}

/* Another vCPU: in, write if the leaf lets it, out. */
static void guest_thread(void *unused)
{
    (void)unused;
    at_xchg(&inside, 1);
    if (at_load(&leaf))
        at_add(&data, 1);
    at_xchg(&inside, 0);
}

static void host_thread(void *unused)
{
    (void)unused;
    read_lock(&vm.tdp.lock);
    at_store(&data, at_load(&data) + 0x100);
    dirty_mark(&vm, &vm.slot[0], (gfn_t){0}, 1);
    read_unlock(&vm.tdp.lock);
}

/* Mutant: the mark comes first. */
static void hasty_host_thread(void *unused)
{
    (void)unused;
    read_lock(&vm.tdp.lock);
    dirty_mark(&vm, &vm.slot[0], (gfn_t){0}, 1);
    at_store(&data, at_load(&data) + 0x100);
    read_unlock(&vm.tdp.lock);
}

static void collect_thread(void *unused)
{
    u64 bits;

    (void)unused;
    mc_check(dirty_collect(&vm, &vm.slot[0], 0, 1, &bits) == DIRTY_OK, "the log is on");
    if (bits)
        copied = at_load(&data);
}

/* Mutant: the leaf is protected before the bit is taken. */
static void hasty_collect_thread(void *unused)
{
    struct tdp_gather g = {0};

    (void)unused;
    read_lock(&vm.tdp.lock);
    tdp_write_protect(&vm.tdp, (gfn_t){0}, (gfn_t){1}, &g);
    if (at_xchg(&bitmap, 0)) {
        tdp_commit(&vm.tdp, &g);
        copied = at_load(&data);
    }
    read_unlock(&vm.tdp.lock);
}

static void start_thread(void *unused)
{
    (void)unused;
    mc_check(dirty_start(&vm, TDP_LOG_WRITE_PROTECT) == DIRTY_OK, "the log begins");
    copied = at_load(&data);
}

static void clear(enum tdp_log log)
{
    vm.slot[0] = (struct slot){.pages = 1, .log = &bitmap};
    vm.slot_table.set[0] = (struct slots){.count = 1, .at = {&vm.slot[0]}};
    vm.slots = &vm.slot_table.set[0];
    vm.tdp.lock = (struct rwlock){0};
    vm.tdp.log = log;
    vm.log_quiet = 0;
    inv_init(&vm.inv);
    bitmap = leaf = data = copied = inside = 0;
    flushes = true;
}

static void grants(void)
{
    mc_thread("fault", fault_thread, NULL);
    mc_thread("guest", guest_thread, NULL);
}

static void collecting(void)
{
    clear(TDP_LOG_WRITE_PROTECT);
    grants();
    mc_thread("collect", collect_thread, NULL);
}

/* It was writable and marked already. */
static void collecting_again(void)
{
    collecting();
    leaf = WRITABLE;
    bitmap = 1;
}

static void collecting_hastily(void)
{
    clear(TDP_LOG_WRITE_PROTECT);
    leaf = WRITABLE;
    bitmap = 1;
    grants();
    mc_thread("collect", hasty_collect_thread, NULL);
}

static void without_flush(void)
{
    collecting_again();
    flushes = false;
}

static void host_writes(void)
{
    clear(TDP_LOG_WRITE_PROTECT);
    bitmap = 1;
    mc_thread("host", host_thread, NULL);
    mc_thread("collect", collect_thread, NULL);
}

/* The collector holds the lock for read too, so only the order of the two can help. */
static void host_writes_hastily(void)
{
    clear(TDP_LOG_WRITE_PROTECT);
    mc_thread("host", hasty_host_thread, NULL);
    mc_thread("collect", collect_thread, NULL);
}

static void starting(void)
{
    clear(TDP_LOG_OFF);
    grants();
    mc_thread("start", start_thread, NULL);
}

static void nothing_missed(void)
{
    mc_check(bitmap || copied == data, "a write is in no copy and not in the log");
    mc_check(bitmap || !leaf, "C8-8: writable, and not in the log");
}

int main(void)
{
    const char *missed = "a write is in no copy and not in the log";
    const char *unlogged = "C8-8: writable, and not in the log";
    const struct mc_model first = {.setup = collecting, .final = nothing_missed};
    const struct mc_model again = {.setup = collecting_again, .final = nothing_missed};
    const struct mc_model hasty = {.setup = collecting_hastily, .final = nothing_missed};
    const struct mc_model unflushed = {.setup = without_flush, .final = nothing_missed};
    const struct mc_model host = {.setup = host_writes, .final = nothing_missed};
    const struct mc_model hasty_host = {.setup = host_writes_hastily, .final = nothing_missed};
    const struct mc_model begin = {.setup = starting, .final = nothing_missed};

    mc_holds("C8-8: a fault, a write and a collection", &first, NULL);
    mc_holds("C8-8: the same on a page that was written before", &again, NULL);
    mc_fails("C8-4: protected before the bit is taken", &hasty, NULL, unlogged);
    mc_fails("C8-4: handed out before the flush", &unflushed, NULL, missed);
    mc_fails("C8-4: the bit is lost on its way", &again, MC_MUTANTS({"dirty_mark", MC_OR, 1, MC_DROP}),
             unlogged);
    mc_holds("C8-5: the host writes, then marks", &host, NULL);
    mc_fails("C8-5: the host marks, then writes", &hasty_host, NULL, missed);
    mc_holds("C8-2: a fault without a lock while the log begins", &begin, NULL);
    mc_fails("P12: a leaf is read before the log is on", &begin,
             MC_MUTANTS({"quiet_begin", MC_CAS, 1, MC_PLAIN}), unlogged);
    return mc_end();
}
