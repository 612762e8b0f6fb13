/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_age.c: the hand that ages pages, somebody who takes the same page, and the host that writes to it.
 *
 * The hand takes the page, or only counts a generation. Whatever the order: one of them takes it or nobody, a page that
 * was taken stays so, and what the host wrote is known to be dirty.
 */
#include "pager_age.c"
#include "pager_batch.c"
#include "resident.c"
#include "mc.h"

static struct vm vm;
static struct page page[2]; /* one page, and behind it the map of resident.h */
static unsigned taken[2];
static bool written;

void port_panic(const char *invariant, const char *file, int line)
{
    (void)file;
    (void)line;
    mc_stop(invariant);
}

void tdp_age(struct tdp *t, gfn_t start, gfn_t end, u64 *young, bool clear)
{
    (void)t;
    (void)start;
    (void)end;
    (void)young;
    (void)clear;
}

bool framepool_whole(struct framepool *p, gfn_t gfn, pfn_t *base)
{
    (void)p;
    (void)gfn;
    (void)base;
    return false;
}

static void hand_thread(void *unused)
{
    struct batch b = {.count = 0};

    (void)unused;
    mc_check(age_scan(&vm, &b) || !b.count, "nothing resident, and yet a page was taken");
    taken[0] = b.count;
}

/* As pager_evict_range() and a migration do. */
static void taker_thread(void *unused)
{
    struct batch b = {.count = 0};
    u64 word = at_load(&page->word);

    (void)unused;
    if ((word & PAGE_STATE) == PAGE_RESIDENT)
        (void)batch_take(&b, &vm.slot[0], vm.slot[0].base, word);
    taken[1] = b.count;
}

/* As guestmem.c holds a page that it writes to. */
static void host_thread(void *unused)
{
    u64 word = at_load(&page->word);

    (void)unused;
    while (!written && (word & PAGE_STATE) == PAGE_RESIDENT)
        written = at_cas(&page->word, &word, word | PAGE_REF | PAGE_DIRTY);
}

static void setup(u64 age)
{
    vm = (struct vm){.pager = {.low = 1, .frames = {.count = 1}}};
    vm.slot[0] = (struct slot){.pages = 1, .page = page};
    vm.slot_table.set[0] = (struct slots){.count = 1, .at = {&vm.slot[0]}};
    vm.slots = &vm.slot_table.set[0];
    page[0] = (struct page){.word = PAGE_RESIDENT | PAGE_AGED(age)};
    page[1] = (struct page){.word = 1};
    taken[0] = taken[1] = 0;
    written = false;
    mc_thread("hand", hand_thread, NULL);
    mc_thread("taker", taker_thread, NULL);
    mc_thread("host", host_thread, NULL);
}

static void setup_young(void)
{
    setup(0);
}

static void setup_old(void)
{
    setup(AGE_OLD - 1);
}

static void final(void)
{
    bool gone = (page->word & PAGE_STATE) == PAGE_EVICTING;

    mc_check(taken[0] + taken[1] <= 1, "a page is taken twice");
    mc_check(gone == taken[0] + taken[1], "a page is taken, and is not");
    mc_check(gone == !resident_map(&vm.slot[0])[0], "the map tells another story than the page word");
    mc_check(!written || (page->word & PAGE_DIRTY), "what the host wrote is forgotten");
}

int main(void)
{
    const struct mc_model young = {.setup = setup_young, .final = final};
    const struct mc_model old = {.setup = setup_old, .final = final};
    const struct mc_model old_pso = {.setup = setup_old, .final = final, .pso = true};

    mc_holds("C11: a generation ends while the page is taken and written", &young, NULL);
    mc_holds("C11: two take the page", &old, NULL);
    mc_holds("C11: the same where stores to different words may pass each other", &old_pso, NULL);
    mc_fails("C11: the hand counts without the lock prefix", &young,
             MC_MUTANTS({"meet", MC_CAS, 1, MC_PLAIN}), "");
    mc_fails("C11: the page is taken without the lock prefix", &old,
             MC_MUTANTS({"page_take", MC_CAS, 1, MC_PLAIN}), "");
    return mc_end();
}
