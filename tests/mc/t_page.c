/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_page.c: whoever waits for a page is told when its I/O ends, once (pair P6).
 *
 * Two vCPUs want an absent page: one submits the read, either finishes it. In a second model somebody takes the
 * resident page back while the fault comes. A ticket that nobody finishes is a deadlock.
 */
#define FRAMES 2
#include "framepool.c"
#include "mc_pool.h"
#include "pager.c"
#include "pager_io.c"
#include "pager_frames.c"
#include "mc.h"

#define VCPUS 2

static struct pager_io ios[2];
static struct vm vm;
static struct vcpu vcpus[VCPUS];
static struct ticket tickets[VCPUS];
static struct page page[2]; /* one page, and behind it the map of resident.h */
static struct slot slot;
static struct store_req *submitted;
static u32 told[VCPUS], reads;
static bool must_be_there; /* the page, when a waiter is told */

static int submit_read(struct store *s, struct store_req *r)
{
    (void)s;
    reads++;
    at_store(&submitted, r);
    return 0;
}

static const struct store_ops ops = {.submit = submit_read};
static struct store store = {.ops = &ops, .name = "test", .bytes = PAGE_SIZE};

void port_panic(const char *invariant, const char *file, int line)
{
    (void)file;
    (void)line;
    mc_stop(invariant);
}

void *port_map(hpa_t at)
{
    (void)at;
    mc_stop("only the store fills pages here");
}

u64 port_now(void)
{
    return 1;
}

void vcpu_request(struct vcpu *v, u32 req)
{
    req_raise(&v->pub, req);
}

void vcpu_set_state(struct vcpu *v, enum vcpu_state s)
{
    v->state = s;
}

u64 age_calls(const struct vm *of)
{
    (void)of;
    return 1;
}

bool pager_reclaim(struct vm *of)
{
    (void)of;
    return false;
}

struct slot *slot_find_any(struct vm *of, gfn_t gfn)
{
    (void)of;
    (void)gfn;
    mc_stop("no page starves here");
}

void vm_kill(struct vm *of, struct vcpu *v, enum vm_status status, const char *fmt, ...)
{
    (void)of;
    (void)v;
    (void)status;
    mc_violation(fmt);
}

void ticket_done(struct ticket *t)
{
    u32 *mine = &told[t - tickets];

    mc_check(at_add(mine, 1) == 1, "a ticket is finished twice");
}

void hook_wanted(struct vm *of, gfn_t gfn)
{
    (void)of;
    (void)gfn;
    mc_stop("no page is aside here");
}

static bool poll(void)
{
    struct store_req *r = at_load(&submitted) ? at_xchg(&submitted, NULL) : NULL;

    if (r)
        r->done(r);
    return r != NULL;
}

static void load_page(struct ticket *t)
{
    pager_load(&vm, &slot, slot.base, t);
}

/* One fault: its frame, then the page, then the wait, in which its CPU polls the store. */
static void vcpu_thread(void *arg)
{
    struct ticket *t = arg;

    load_page(t);
    while (!at_load(&told[t - tickets]))
        if (!poll())
            at_relax();
    mc_check(!must_be_there || (page->word & PAGE_STATE) == PAGE_RESIDENT, "told before the page is there");
    poll();
}

/* Nobody waits for this one. */
static void prefetch_thread(void *unused)
{
    (void)unused;
    load_page(NULL);
    poll();
}

/* Takes the page back once it is resident; it is clean, so nothing is written. */
static void evict_thread(void *unused)
{
    u64 word = at_load(&page->word);

    (void)unused;
    while ((word & PAGE_STATE) != PAGE_RESIDENT ||
           !at_cas(&page->word, &word, (word & ~(PAGE_STATE | PAGE_REF)) | PAGE_EVICTING)) {
        at_relax();
        word = at_load(&page->word);
    }
    pager_put_page(&vm, &slot, slot.base);
}

static void clear(void)
{
    vm = (struct vm){.vcpu = {&vcpus[0], &vcpus[1]}, .vcpus = VCPUS};
    pool_setup(&vm.pager.frames);
    vm.pager.io.record = ios;
    ios[0].next = 1;
    ios[1].next = PAGER_IOS;
    page[0] = (struct page){.word = PAGE_ABSENT};
    slot = (struct slot){.pages = 1, .store = &store, .page = page};
    submitted = NULL;
    must_be_there = true;
    reads = 0;
    for (u32 i = 0; i < VCPUS; i++) {
        tickets[i] = (struct ticket){.kind = TICKET_ITEM};
        told[i] = 0;
    }
}

static void setup_read(void)
{
    clear();
    mc_thread("vcpu 0", vcpu_thread, &tickets[0]);
    mc_thread("vcpu 1", vcpu_thread, &tickets[1]);
}

/* The page is resident and about to be taken back when the fault comes. */
static void setup_evict(void)
{
    clear();
    page->word = PAGE_RESIDENT | FRAME_WORD(framepool_get(&vm.pager.frames, slot.base));
    mc_thread("vcpu", vcpu_thread, &tickets[0]);
    mc_thread("evictor", evict_thread, NULL);
}

/* The waiter is told by who took the page back if the page is absent, and wanted again, before he looks for waiters. */
static void setup_evict_patient(void)
{
    setup_evict();
    must_be_there = false;
}

static void setup_prefetch(void)
{
    clear();
    mc_thread("prefetch", prefetch_thread, NULL);
    mc_thread("vcpu", vcpu_thread, &tickets[0]);
}

static void final(void)
{
    u64 state = page->word & PAGE_STATE;

    mc_check(state == PAGE_RESIDENT || state == PAGE_ABSENT, "the page is left between two states");
    mc_check(!page->waiters, "a waiter is left");
    mc_check(vm.pager.frames.free + (state == PAGE_RESIDENT) == FRAMES, "a frame is lost");
}

static void final_read(void)
{
    final();
    mc_check(reads == 1, "the page is read twice");
}

int main(void)
{
    const struct mc_model read = {.setup = setup_read, .final = final_read};
    const struct mc_model read_pso = {.setup = setup_read, .final = final_read, .pso = true};
    const struct mc_model evict = {.setup = setup_evict, .final = final};
    const struct mc_model patient = {.setup = setup_evict_patient, .final = final};
    const struct mc_model prefetch = {.setup = setup_prefetch, .final = final_read};

    mc_holds("P6: one read, both waiters told once, when the page is there", &read, NULL);
    mc_holds("P6: the same where stores to different words may pass each other", &read_pso, NULL);
    mc_holds("P6: a waiter beside a read that nobody waits for", &prefetch, NULL);
    mc_holds("P6: a wait that meets an eviction ends", &patient, NULL);
    mc_fails("P6: it may end early, then the fault is repeated", &evict, NULL,
             "told before the page is there");
    mc_fails("P6: the page settles without a barrier", &prefetch,
             MC_MUTANTS({"settle", MC_XCHG, 1, MC_PLAIN}), "deadlock");
    mc_fails("P6: the ticket is left without a barrier", &prefetch,
             MC_MUTANTS({"ticket_push", MC_CAS, 1, MC_PLAIN}), "deadlock");
    mc_fails("P6: waiters taken without the lock prefix", &read,
             MC_MUTANTS({"ticket_take", MC_XCHG, 1, MC_PLAIN}), "");
    mc_fails("P6: the page claimed without the lock prefix", &read,
             MC_MUTANTS({"pager_load", MC_CAS, 1, MC_PLAIN}), "");
    return mc_end();
}
