/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_hull.c: whoever holds the mapping lock sees a hull that covers every bracket in progress (H-B-5, 6, 8,
 * 9).
 *
 * Brackets with different ranges run against a fault that looks at the hull as inv_retry() does. What each
 * bracket has really taken is kept beside it, as a ghost that product code does not see.
 */
#include "inv.c"
#include "lib/lock.h"
#include "rwlock.h"
#include "mc.h"

struct bracket {
    u64 start, end;
    bool active; /* between start and end */
    struct inv_bracket token;
};

unsigned port_cpu(void)
{
    return mc_self();
}

unsigned port_cpu_count(void)
{
    return 4u;
}

static struct rwlock mmu;
static struct inv inv;
static struct bracket brackets[3];
static u32 reports;
static bool must_report;
static enum inv_bug (*end)(struct inv *i, struct inv_bracket *b);
static enum inv_bug (*add)(struct inv *i, struct inv_bracket *b, gfn_t start, gfn_t end);

static void begin(struct bracket *b)
{
    inv_start(&inv, &b->token);
    b->active = true;
}

static void add_range(struct bracket *b)
{
    mc_check(add(&inv, &b->token, (gfn_t){b->start}, (gfn_t){b->end}) == INV_OK, "range refused");
}

static void finish(struct bracket *b)
{
    enum inv_bug bug;

    write_lock(&mmu);
    b->active = false;
    bug = end(&inv, &b->token);
    mc_check(bug != INV_UNDERFLOW, "more ends than starts");
    reports += bug == INV_NO_RANGE || bug == INV_GHOST;
    write_unlock(&mmu);
}

static void bracket_thread(void *arg)
{
    struct bracket *b = arg;

    write_lock(&mmu);
    begin(b);
    add_range(b);
    write_unlock(&mmu);
    finish(b);
}

/* Mutant: the range comes in a later section of the lock. */
static void late_range_thread(void *arg)
{
    struct bracket *b = arg;

    write_lock(&mmu);
    begin(b);
    write_unlock(&mmu);
    write_lock(&mmu);
    add_range(b);
    write_unlock(&mmu);
    finish(b);
}

/* A bug of the caller: no range at all. */
static void no_range_thread(void *arg)
{
    struct bracket *b = arg;

    write_lock(&mmu);
    begin(b);
    write_unlock(&mmu);
    finish(b);
}

static void then_no_range_thread(void *unused)
{
    (void)unused;
    bracket_thread(&brackets[0]);
    no_range_thread(&brackets[1]);
}

static void fault_thread(void *unused)
{
    (void)unused;
    read_lock(&mmu);
    if (at_load(&inv.in_progress) > 0)
        mc_check(at_load(&inv.start) != INV_NONE, "no hull while in progress");
    for (u32 i = 0; i < ARRAY_SIZE(brackets); i++)
        for (u64 gfn = brackets[i].start; brackets[i].active && gfn < brackets[i].end; gfn++)
            mc_check(inv_retry(&inv, inv.seq, (gfn_t){gfn}), "a gfn in progress is outside the hull");
    read_unlock(&mmu);
}

static void final(void)
{
    mc_check(inv.in_progress == 0, "in progress after the last end");
    mc_check(!must_report || reports, "missing range not reported");
    mc_check(must_report || !reports, "reported without cause");
}

static void clear(void)
{
    static const struct bracket ranges[] = {
        {.start = 4, .end = 6}, {.start = 1, .end = 2}, {.start = 8, .end = 9}};

    mmu = (struct rwlock){0};
    inv_init(&inv);
    for (u32 i = 0; i < ARRAY_SIZE(brackets); i++)
        brackets[i] = ranges[i];
    reports = 0;
    must_report = false;
    end = inv_end;
    add = inv_range_add;
}

static void setup(void)
{
    clear();
    mc_thread("bracket a", bracket_thread, &brackets[0]);
    mc_thread("bracket b", bracket_thread, &brackets[1]);
    mc_thread("bracket c", bracket_thread, &brackets[2]);
    mc_thread("fault", fault_thread, NULL);
}

static void setup_late(void)
{
    clear();
    mc_thread("bracket", late_range_thread, &brackets[0]);
    mc_thread("fault", fault_thread, NULL);
}

static void setup_no_range(void)
{
    clear();
    must_report = true;
    mc_thread("bracket", no_range_thread, &brackets[0]);
}

static void setup_masked(void)
{
    setup_no_range();
    mc_thread("other", bracket_thread, &brackets[1]);
}

static void setup_second(void)
{
    clear();
    must_report = true;
    mc_thread("brackets", then_no_range_thread, NULL);
}

/* Mutant: the report is guarded by the count, as the first version of the gfn-keyed protocol had it. */
static enum inv_bug end_guarded(struct inv *i, struct inv_bracket *b)
{
    enum inv_bug bug = inv_end(i, b);

    return at_load(&i->in_progress) ? bug : INV_OK;
}

static void setup_guarded(void)
{
    setup_no_range();
    end = end_guarded;
}

/* Mutant: the newest range replaces the hull. */
static enum inv_bug add_replaces(struct inv *i, struct inv_bracket *b, gfn_t start, gfn_t end_gfn)
{
    b->ranged = true;
    at_store(&i->start, start.v);
    at_store(&i->end, end_gfn.v);
    return INV_OK;
}

/* Mutant: the shared hull alone is asked, as B6-1 does. */
static enum inv_bug end_without_ghost(struct inv *i, struct inv_bracket *b)
{
    enum inv_bug bug = inv_end(i, b);

    return bug == INV_GHOST ? INV_OK : bug;
}

static void setup_masked_without_ghost(void)
{
    setup_masked();
    end = end_without_ghost;
}

static void setup_second_without_ghost(void)
{
    setup_second();
    end = end_without_ghost;
}

static void setup_replaces(void)
{
    setup();
    add = add_replaces;
}

int main(void)
{
    const struct mc_model m = {.setup = setup, .final = final}, late = {.setup = setup_late};
    const struct mc_model no_range = {.setup = setup_no_range, .final = final};
    const struct mc_model second = {.setup = setup_second, .final = final};
    const struct mc_model guarded = {.setup = setup_guarded, .final = final};
    const struct mc_model masked = {.setup = setup_masked, .final = final};
    const struct mc_model masked_hull = {.setup = setup_masked_without_ghost, .final = final};
    const struct mc_model second_hull = {.setup = setup_second_without_ghost, .final = final};
    const struct mc_model replaces = {.setup = setup_replaces, .final = final};

    mc_holds("H-B-5: three brackets, the hull covers all in progress", &m, NULL);
    mc_fails("H-B-5: the newest range replaces the hull", &replaces, NULL, "outside the hull");
    mc_fails("H-B-6: range added in a later section of the lock", &late, NULL, "no hull while in progress");
    mc_holds("H-B-8: a single bracket without range is reported", &no_range, NULL);
    mc_fails("H-B-8: with a report guarded by the count it is not", &guarded, NULL,
             "missing range not reported");
    mc_holds("H-B-8: so is one after a proper bracket", &second, NULL);
    mc_fails("H-B-8: unless start leaves the old hull, and only that is asked", &second_hull,
             MC_MUTANTS({"inv_start", MC_STORE, 2, MC_DROP}), "missing range not reported");
    mc_holds("H-B-9: beside a proper bracket the ghost flag tells", &masked, NULL);
    mc_fails("H-B-9: by the hull alone it may be masked", &masked_hull, NULL, "missing range not reported");
    return mc_end();
}
