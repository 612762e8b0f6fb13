/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_slots.c: slots go while faults and brackets use them (SPEC B5, pair P10; H-B-10, H-B-11, H-B-12).
 *
 * One slot of one page is deleted, or a new set published, by the product's own code. A fault on another CPU looks the
 * slot up and maps its page in one pass; brackets look at the slots at both their ends. Pager and tables are
 * one word each.
 */
#include "inv.c"
#include "pass.c"
#include "slot.c"
#include "slot_update.c"
#include "mc.h"

#define UPDATER 0u
#define FAULTER 1u
#define BRACKET 2u
#define CPUS    3u
#define GFN     ((gfn_t){0})
#define NEXT    ((gfn_t){1})

static struct page page;
static struct vm vm;
static u32 spte;        /* 1: maps the page */
static bool freed;      /* page and frame */
static bool busy;       /* the page is found to be in use */
static bool look_first; /* mutant: a bracket looks the slots up before it is counted */
static enum slot_kind (*look)(struct vm *of, gfn_t gfn, struct slot **s);
static void (*enter)(struct inv *i, struct inv_bracket *b);
static void (*update)(void);

void vcpu_request(struct vcpu *v, u32 req)
{
    (void)v;
    (void)req;
}

void port_panic(const char *invariant, const char *file, int line)
{
    (void)file;
    (void)line;
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

void port_zfree(void *p, size_t bytes)
{
    (void)bytes;
    if (!p)
        return; /* no dirty log here */
    mc_check(p == &page && !freed, "the wrong page is freed");
    freed = true;
}

unsigned hw_gpa_bits(void)
{
    return 40;
}

u64 tdp_gfn_limit(const struct tdp *t)
{
    (void)t;
    return 8;
}

void bracket_report(struct vm *of, const char *who, enum inv_bug bug)
{
    (void)of;
    (void)who;
    (void)bug;
    mc_violation("a bug of the protocol is reported");
}

bool pager_slot_busy(const struct slot *s)
{
    (void)s;
    return busy;
}

void pager_slot_drop(struct vm *of, struct slot *s)
{
    (void)of;
    mc_check(!spte, "a frame is freed while it is mapped");
    at_store(&s->page->word, 0);
}

static void begin(struct inv_bracket *b)
{
    write_lock(&vm.tdp.lock);
    inv_start(&vm.inv, b);
    mc_check(inv_range_add(&vm.inv, b, GFN, NEXT) == INV_OK, "range refused");
}

static void finish(struct inv_bracket *b)
{
    write_lock(&vm.tdp.lock);
    mc_check(inv_end(&vm.inv, b) == INV_OK, "start and end see different slots");
    write_unlock(&vm.tdp.lock);
    mc_check(inv_leave(&vm.inv, b) == INV_OK, "more leave than entered");
}

void pager_unmap_range(struct vm *of, gfn_t start, gfn_t end)
{
    struct inv_bracket b = {.who = "unmap"};

    (void)start;
    (void)end;
    inv_enter(&of->inv, &b);
    begin(&b);
    at_store(&spte, 0);
    write_unlock(&of->tdp.lock);
    finish(&b);
}

/* As fault_handle() does it. */
static void fault(void)
{
    struct slot *s;
    u64 seq, word;

    if (look(&vm, GFN, &s) != SLOT_USABLE)
        return;
    seq = inv_snapshot(&vm.inv);
    mc_check(!freed, "a page is used after it was freed");
    word = at_load(&s->page->word);
    mc_check(!freed, "a page is used after it was freed");
    read_lock(&vm.tdp.lock);
    if (word && !inv_retry(&vm.inv, seq, GFN))
        at_store(&spte, 1);
    read_unlock(&vm.tdp.lock);
}

static void fault_thread(void *unused)
{
    (void)unused;
    pass_enter(&vm.passes.cpu[FAULTER].count);
    fault();
    pass_leave(&vm.passes.cpu[FAULTER].count);
}

static void update_thread(void *unused)
{
    (void)unused;
    pass_enter(&vm.passes.cpu[UPDATER].count); /* a hypercall's handler */
    update();
    pass_leave(&vm.passes.cpu[UPDATER].count);
}

static void bracket_thread(void *unused)
{
    struct inv_bracket b = {.who = "test"};
    const struct slots *set;

    (void)unused;
    pass_enter(&vm.passes.cpu[BRACKET].count);
    set = look_first ? at_load_acq(&vm.slots) : NULL;
    enter(&vm.inv, &b);
    set = look_first ? set : at_load_acq(&vm.slots);
    begin(&b);
    write_unlock(&vm.tdp.lock);
    mc_check(at_load_acq(&vm.slots) == set, "start and end see different slots");
    finish(&b);
    pass_leave(&vm.passes.cpu[BRACKET].count);
}

static void delete_it(void)
{
    enum slot_error e = slot_delete(&vm, GFN);

    mc_check(e == (busy ? SLOT_BUSY : SLOT_OK), "wrong result");
    mc_check(busy || freed, "nothing is freed");
}

static void publish_one(void)
{
    struct slots next = *vm.slots;

    next.generation += 2;
    publish(&vm, &next);
}

static void nothing_stale(void)
{
    mc_check(!freed || !spte, "a page is mapped after it was freed");
    mc_check(vm.inv.active >= 0, "notifier_active is negative");
}

static void final(void)
{
    mc_check(!vm.inv.active && !vm.inv.in_progress && !(vm.slots->generation & 1), "something is left open");
    mc_check(vm.slots->count == (freed ? 0 : 1) && !vm.slots->invalid, "the wrong set is left");
}

static void clear(void)
{
    vm = (struct vm){.state = VM_RUNNING};
    vm.slot[0] = (struct slot){.base = GFN, .pages = 1, .page = &page};
    slots_init(&vm);
    *vm.slots = (struct slots){.count = 1, .at = {&vm.slot[0]}};
    inv_init(&vm.inv);
    page.word = 1;
    spte = 0;
    freed = busy = look_first = false;
    look = slot_look;
    enter = inv_enter;
    update = delete_it;
}

static void setup_fault(void)
{
    clear();
    mc_thread("update", update_thread, NULL);
    mc_thread("fault", fault_thread, NULL);
}

static void setup_busy(void)
{
    setup_fault();
    busy = true;
}

static void setup_bracket(void)
{
    clear();
    update = publish_one;
    mc_thread("update", update_thread, NULL);
    mc_thread("bracket", bracket_thread, NULL);
}

static void setup_all(void)
{
    setup_fault();
    update = publish_one;
    mc_thread("bracket", bracket_thread, NULL);
}

/* Mutant: whatever was found may be used. */
static enum slot_kind look_at_any(struct vm *of, gfn_t gfn, struct slot **s)
{
    return slot_look(of, gfn, s) == SLOT_NONE ? SLOT_NONE : SLOT_USABLE;
}

static void setup_any(void)
{
    setup_fault();
    look = look_at_any;
}

/* Mutant: the slot goes without having been INVALID. */
static void delete_at_once(void)
{
    pager_unmap_range(&vm, GFN, NEXT);
    replace(&vm, &vm.slot[0], NULL);
    pager_slot_drop(&vm, &vm.slot[0]);
    port_zfree(&page, sizeof(page));
}

static void setup_at_once(void)
{
    setup_fault();
    update = delete_at_once;
}

/* Mutant: a bracket is counted without the small lock. */
static void enter_unlocked(struct inv *i, struct inv_bracket *b)
{
    b->published = at_load(&i->published);
    at_store(&i->active, at_load(&i->active) + 1);
    b->entered = true;
}

static void setup_unlocked(void)
{
    setup_bracket();
    enter = enter_unlocked;
}

/* Mutant: the wait for brackets holds a lock that they need. */
static void publish_under_lock(void)
{
    write_lock(&vm.tdp.lock);
    publish_one();
    write_unlock(&vm.tdp.lock);
}

static void setup_look_first(void)
{
    setup_bracket();
    look_first = true;
}

static void setup_under_lock(void)
{
    setup_bracket();
    update = publish_under_lock;
}

static void delete_or_not(void)
{
    (void)!slot_delete(&vm, GFN);
}

/* A second update, on the bracket's CPU: refused while the first one is on its way. */
static void second_thread(void *unused)
{
    (void)unused;
    pass_enter(&vm.passes.cpu[BRACKET].count);
    if (update_begin(&vm))
        update_end(&vm, SLOT_OK);
    pass_leave(&vm.passes.cpu[BRACKET].count);
}

static void setup_second(void)
{
    clear();
    update = delete_or_not;
    mc_thread("update", update_thread, NULL);
    mc_thread("second", second_thread, NULL);
}

/* Mutant: it waits for its turn, in its pass. */
static void second_waits_thread(void *unused)
{
    (void)unused;
    pass_enter(&vm.passes.cpu[BRACKET].count);
    while (!update_begin(&vm))
        at_relax();
    update_end(&vm, SLOT_OK);
    pass_leave(&vm.passes.cpu[BRACKET].count);
}

static void setup_second_waits(void)
{
    clear();
    update = delete_or_not;
    mc_thread("update", update_thread, NULL);
    mc_thread("second", second_waits_thread, NULL);
}

int main(void)
{
    const struct mc_model fault_m = {.setup = setup_fault, .final = final, .always = nothing_stale};
    const struct mc_model busy_m = {.setup = setup_busy, .final = final, .always = nothing_stale};
    const struct mc_model bracket = {.setup = setup_bracket, .final = final, .always = nothing_stale};
    const struct mc_model all = {.setup = setup_all, .final = final, .always = nothing_stale};
    const struct mc_model any = {.setup = setup_any, .always = nothing_stale};
    const struct mc_model at_once = {.setup = setup_at_once, .always = nothing_stale};
    const struct mc_model unlocked = {.setup = setup_unlocked}, under_lock = {.setup = setup_under_lock};
    const struct mc_model second = {.setup = setup_second}, second_waits = {.setup = setup_second_waits};
    const struct mc_model first = {.setup = setup_look_first};
    const char *stale = "freed";

    mc_holds("B5-3: a slot goes, a fault maps it before or not at all", &fault_m, NULL);
    mc_holds("B5-3: a slot that is busy stays", &busy_m, NULL);
    mc_fails("B5-3: a fault uses an INVALID slot", &any, NULL, stale);
    mc_fails("B5-3: the slot was never INVALID", &at_once, NULL, stale);
    mc_fails("B5-1: nobody waits for readers", &fault_m, MC_MUTANTS({"pass_wait", MC_LOAD, 1, MC_DROP}),
             stale);
    mc_fails("P10: no barrier when a pass begins", &fault_m, MC_MUTANTS({"pass_enter", MC_ADD, 1, MC_PLAIN}),
             stale);
    mc_fails("P10: no barrier before the look at the passes", &fault_m,
             MC_MUTANTS({"pass_wait", MC_FENCE, 1, MC_DROP}), stale);
    mc_holds("H-B-11: a bracket sees the same slots at both ends", &bracket, NULL);
    mc_fails("H-B-10: the publication does not wait for brackets", &bracket,
             MC_MUTANTS({"inv_publish_begin", MC_LOAD, 1, MC_DROP}), "different slots");
    mc_fails("B5-2: a bracket counted without the small lock", &unlocked, NULL, "different slots");
    mc_holds("H-B-12: no deadlock of update, fault and bracket", &all, NULL);
    mc_fails("B1-4: a bracket counted after its look-up", &first, NULL, "different slots");
    mc_fails("B5-7: the update waits under the mapping lock", &under_lock, NULL, "deadlock");
    mc_holds("B5-2: a second update is refused", &second, NULL);
    mc_fails("B5-2: a second update that waits in its pass", &second_waits, NULL, "deadlock");
    return mc_end();
}
