/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_apic_page.c: no guest instruction runs between the unmap of the APIC page and its new address (SPEC B7, H-B-16).
 *
 * A vCPU serves its requests and enters the guest, where it uses the address that its hardware has. The owner of the
 * page brackets, moves it to another frame and gives the old one away. Requests, brackets, the reload and the flush are
 * the product's; slot and pager are one word: the frame the page is in, 0 while it moves.
 */
#include "inv.c"
#include "bracket.c"
#include "apic_page.c"
#include "flush.c"
#include "mc.h"

#define APIC ((gfn_t){5})
#define OLD  1u
#define NEW  2u

static struct vcpu vcpu;
static struct slot slot = {.base = {5}, .pages = 1, .id = SLOT_APIC_PAGE};
static struct vm vm = {.vcpu = {&vcpu}, .vcpus = 1};
static u32 interrupt, given_away; /* given_away: frames below it belong to others */
static u64 frame;                 /* what the pager says */
static u64 address;               /* in the hardware state */
static bool by_contract;          /* hw_apic_page() is called as hw.h says */
static bool open;                 /* a ghost: between unmap and the page's arrival elsewhere */
static void (*serve)(struct vcpu *v);

unsigned port_cpu(void)
{
    return mc_self();
}

unsigned port_cpu_count(void)
{
    return 2u;
}

void port_panic(const char *invariant, const char *file, int line)
{
    (void)file;
    (void)line;
    mc_stop(invariant);
}

void port_kick(unsigned cpu)
{
    (void)cpu;
    at_or(&interrupt, 1);
}

void vcpu_request(struct vcpu *v, u32 req)
{
    if (req_raise(&v->pub, req))
        port_kick(v->cpu);
}

void vcpu_set_state(struct vcpu *v, enum vcpu_state s)
{
    v->state = s;
    if (s == VCPU_RUNNABLE)
        apic_page_runnable(v);
}

void vcpu_sit_out(struct vcpu *v, gfn_t gfn, enum vcpu_state s)
{
    (void)gfn;
    vcpu_set_state(v, s);
}

void vm_kill(struct vm *of, struct vcpu *v, enum vm_status status, const char *fmt, ...)
{
    (void)of;
    (void)v;
    (void)status;
    (void)fmt;
    mc_violation("a bug of the protocol is reported");
}

void con_host(const char *fmt, ...)
{
    (void)fmt;
    mc_violation("a bug of the protocol is reported");
}

enum slot_kind slot_by_id(struct vm *of, enum slot_id id, struct slot **s)
{
    (void)of;
    mc_check(id == SLOT_APIC_PAGE, "found by its name");
    *s = &slot;
    return SLOT_USABLE;
}

bool pager_resident(struct vm *of, struct slot *s, gfn_t gfn, pfn_t *pfn)
{
    (void)of;
    (void)s;
    (void)gfn;
    pfn->v = at_load(&frame);
    return true;
}

void pager_load(struct vm *of, struct slot *s, gfn_t gfn, struct ticket *t)
{
    (void)of;
    (void)s;
    (void)gfn;
    (void)t;
    mc_stop("the page is never absent here");
}

bool hw_virt_apic(const struct vcpu *v)
{
    (void)v;
    return true;
}

void hw_apic_page(struct vcpu *v, hpa_t at)
{
    (void)v;
    mc_check(read_held(&vm.tdp.lock) || !by_contract, "an address written outside the lock");
    address = hpa_pfn(at).v;
}

/* Guest code runs, all the time, until the CPU is interrupted. */
static void in_guest(void)
{
    do {
        mc_check(!open, "a guest instruction while the page is unmapped");
        mc_check(address >= at_load(&given_away), "a guest instruction with a frame that is another's");
        if (at_load(&given_away))
            return;
        at_relax();
    } while (!at_load(&interrupt));
}

static void asleep(void)
{
    while (!at_load(&interrupt))
        at_relax();
}

static void vcpu_thread(void *unused)
{
    (void)unused;
    while (!at_load(&given_away) || address != NEW) {
        bool runs;

        if (at_load(&vcpu.pub.requests))
            serve(&vcpu);
        runs = vcpu.state == VCPU_RUNNABLE;
        if (!req_go(&vcpu.pub, runs ? MODE_IN_GUEST : MODE_BLOCKED))
            continue;
        if (runs)
            in_guest();
        else
            asleep();
        at_and(&interrupt, 0);
        req_back(&vcpu.pub);
    }
}

static void serve_requests(struct vcpu *v)
{
    if (req_take(&v->pub) & REQ_APIC_PAGE)
        apic_page_service(v);
}

static void owner_thread(void *unused)
{
    struct inv_bracket b = {.who = "test"};

    (void)unused;
    bracket_enter(&vm, &b);
    write_lock(&vm.tdp.lock);
    bracket_start(&vm, &b);
    bracket_add(&vm, &b, APIC, (gfn_t){APIC.v + 1});
    open = true;
    write_unlock(&vm.tdp.lock);
    at_store(&frame, NEW);
    open = false;
    bracket_end(&vm, &b);
    at_store(&given_away, NEW);
}

static void final(void)
{
    mc_check(address == NEW && vcpu.state == VCPU_RUNNABLE, "it never got the new address");
}

static void setup(void)
{
    vcpu = (struct vcpu){.pub = {.sipi = SIPI_NONE}, .vm = &vm, .state = VCPU_RUNNABLE};
    vm.tdp.lock = (struct rwlock){0};
    inv_init(&vm.inv);
    vm.bracket_awaited = vm.inv_reported = 0;
    vm.flush_generation = 0;
    interrupt = given_away = 0;
    frame = address = OLD;
    open = false;
    by_contract = true;
    serve = serve_requests;
    mc_thread("vcpu", vcpu_thread, NULL);
    mc_thread("owner", owner_thread, NULL);
}

/* Its passes are used up: the next one that meets the bracket waits for its end. */
static void setup_waiting(void)
{
    setup();
    vcpu.apic_page.passes = APIC_PAGE_PASSES - 1;
}

/* Mutant: the address is written although a bracket is open. */
static void serve_open(struct vcpu *v)
{
    pfn_t pfn;

    if (!(req_take(&v->pub) & REQ_APIC_PAGE))
        return;
    (void)pager_resident(v->vm, &slot, APIC, &pfn);
    read_lock(&v->vm->tdp.lock);
    hw_apic_page(v, pfn_hpa(pfn));
    read_unlock(&v->vm->tdp.lock);
}

static void setup_open(void)
{
    setup();
    serve = serve_open;
}

/* Mutant: the request is not raised again. */
static void serve_once(struct vcpu *v)
{
    serve_requests(v);
    (void)req_take(&v->pub);
}

static void setup_once(void)
{
    setup();
    serve = serve_once;
}

/* Mutants of the reload's steps: the sequence is read late; the lock is released early. */
static void reload_as(struct vcpu *v, bool late_seq, bool unlocked)
{
    u64 seq = late_seq ? 0 : inv_snapshot(&v->vm->inv);
    bool stale;
    pfn_t pfn;

    (void)pager_resident(v->vm, &slot, APIC, &pfn);
    if (late_seq)
        seq = inv_snapshot(&v->vm->inv);
    read_lock(&v->vm->tdp.lock);
    stale = inv_retry(&v->vm->inv, seq, APIC);
    if (stale)
        turned_away(v);
    if (!stale && !unlocked)
        hw_apic_page(v, pfn_hpa(pfn));
    read_unlock(&v->vm->tdp.lock);
    if (!stale && unlocked)
        hw_apic_page(v, pfn_hpa(pfn));
}

static void serve_as(struct vcpu *v, bool late_seq, bool unlocked)
{
    if (!(req_take(&v->pub) & REQ_APIC_PAGE))
        return;
    if (v->state == VCPU_RUNNABLE)
        reload_as(v, late_seq, unlocked);
    else
        apic_page_service(v); /* wakes it */
}

static void serve_late_seq(struct vcpu *v)
{
    serve_as(v, true, false);
}

static void serve_unlocked(struct vcpu *v)
{
    serve_as(v, false, true);
}

static void setup_late_seq(void)
{
    setup();
    serve = serve_late_seq;
}

static void setup_unlocked(void)
{
    setup();
    serve = serve_unlocked;
}

static void setup_unlocked_anyway(void)
{
    setup_unlocked();
    by_contract = false;
}

int main(void)
{
    const struct mc_model m = {.setup = setup, .final = final},
                          pso = {.setup = setup, .final = final, .pso = true};
    const struct mc_model waiting = {.setup = setup_waiting, .final = final};
    const struct mc_model open_m = {.setup = setup_open}, once = {.setup = setup_once};
    const struct mc_model late_seq = {.setup = setup_late_seq}, unlocked = {.setup = setup_unlocked};
    const struct mc_model anyway = {.setup = setup_unlocked_anyway, .final = final};

    mc_holds("H-B-16: no guest instruction between unmap and new address", &m, NULL);
    mc_holds("H-B-16: the same where stores to different words may pass each other", &pso, NULL);
    mc_holds("H-B-19: the same when it waits for the bracket's end", &waiting, NULL);
    mc_fails("H-B-16: reload while the bracket is open", &open_m, NULL, "guest instruction");
    mc_fails("H-B-16: request not raised again", &once, NULL, "guest instruction");
    mc_fails("H-B-16: sequence read after the look-up", &late_seq, NULL, "another's");
    mc_fails("B7-2: address written outside the lock", &unlocked, NULL, "outside the lock");
    mc_holds("B7-13: even so no guest runs with it, the last look at the requests sees to that", &anyway,
             NULL);
    mc_fails("B7-11: the unmap raises no request", &m, MC_MUTANTS({"req_raise", MC_OR, 1, MC_DROP}),
             "guest instruction");
    mc_fails("B7-13: no barrier before the last look at the requests", &m,
             MC_MUTANTS({"req_go", MC_FENCE, 1, MC_DROP}), "deadlock");
    mc_fails("B7-22: the unmap does not wait for guest mode to end", &m,
             MC_MUTANTS({"req_mode", MC_LOAD, 1, MC_DROP}), "guest instruction");
    mc_fails("H-B-19: the bracket's end wakes nobody", &waiting,
             MC_MUTANTS({"bracket_end", MC_LOAD, 1, MC_DROP}), "deadlock");
    return mc_end();
}
