/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_ack.c: a completion reaches the guest although kicks are left out while it owes an ACK (A3-34, H-A-2..5).
 *
 * The guest has enabled APF, has the wake-all event unacknowledged in its slot, and was told of two absent pages. Two
 * workers finish them. The guest takes an event from its slot, acknowledges, and spins or halts while the slot is
 * empty. An event that nobody announces is a deadlock.
 */
#include "apf.c"
#include "apf_deliver.c"
#include "apf_msr.c"
#include "gfnset.c"
#include "ticket.c"
#include "mc.h"

#define WAITS 2
#define SLOT  0x1000ull

static struct vm vm;
static struct vcpu vcpu;
static struct slot memory;
static u32 interrupt;   /* of the vCPU's CPU; latched */
static u32 slot_token;  /* guest memory, which only the vCPU's own CPU touches here */
static u32 told[WAITS]; /* tokens of the not-present events; 0 = its ready event has come */
static struct ticket *tickets[WAITS];
static void (*finish_wait)(struct ticket *t);

void port_panic(const char *invariant, const char *file, int line)
{
    (void)file;
    (void)line;
    mc_stop(invariant);
}

void port_kick(unsigned cpu)
{
    (void)cpu;
    at_store(&interrupt, 1);
}

enum slot_kind slot_look(struct vm *of, gfn_t gfn, struct slot **s)
{
    (void)of;
    (void)gfn;
    *s = &memory;
    return SLOT_USABLE;
}

struct slot *slot_find_ram(struct vm *of, gfn_t gfn)
{
    (void)of;
    (void)gfn;
    return &memory;
}

enum guest_access guest_read32(struct vm *of, gpa_t from, u32 *out)
{
    (void)of;
    *out = from.v == SLOT + offsetof(struct apf_slot, token) ? slot_token : 0;
    return GUEST_OK;
}

enum guest_access guest_write32(struct vm *of, gpa_t to, u32 value)
{
    (void)of;
    if (to.v == SLOT + offsetof(struct apf_slot, token)) {
        mc_check(!slot_token, "H-A-3: a token is overwritten");
        slot_token = value;
    }
    return GUEST_OK;
}

enum guest_access guest_write64(struct vm *of, gpa_t to, u64 value)
{
    (void)of;
    (void)to;
    (void)value;
    mc_stop("only PF2 writes both words");
}

void pager_load(struct vm *of, struct slot *s, gfn_t gfn, struct ticket *t)
{
    (void)of;
    (void)s;
    (void)gfn;
    (void)t;
    mc_stop("the slot's page is always there");
}

void fault_prefetch(struct vcpu *v, gfn_t gfn)
{
    (void)v;
    (void)gfn;
}

void vcpu_set_state(struct vcpu *v, enum vcpu_state s)
{
    v->state = s;
}

bool pv_works(const struct vcpu *v, unsigned feature)
{
    (void)v, (void)feature;
    return true;
}

void pv_steal_there(struct vcpu *v)
{
    (void)v;
}

bool lapic_enabled(const struct vcpu *v)
{
    (void)v;
    return true;
}

/* The guest looks at its slot whenever it runs; so the vector itself does not matter. */
void lapic_raise(struct vcpu *v, u8 vector)
{
    (void)v;
    (void)vector;
}

unsigned hw_cpl(const struct vcpu *v)
{
    (void)v;
    return 3;
}

bool hw_paging(const struct vcpu *v)
{
    (void)v;
    return true;
}

bool hw_event_pending(const struct vcpu *v)
{
    (void)v;
    return false;
}

bool hw_intr_open(const struct vcpu *v)
{
    (void)v;
    return true;
}

void hw_inject_pf(struct vcpu *v, u32 error, u64 cr2)
{
    (void)v;
    (void)error;
    told[told[0] != 0] = (u32)cr2;
}

static void write_msr(u32 index, u64 value)
{
    struct exit e = {.kind = EXIT_MSR, .msr = {.index = index, .write = true, .value = value}};

    mc_check(apf_msr(&vcpu, &e) == OUTCOME_DONE, "MSR write refused");
}

static void worker_thread(void *arg)
{
    finish_wait(*(struct ticket **)arg);
}

/* In the guest: take the event and acknowledge it, which exits. Returns whether it was a page. */
static bool guest_takes_event(void)
{
    u32 token = slot_token;
    bool page = token != APF_TOKEN_WAKE_ALL;

    if (page) {
        mc_check(token == told[0] || token == told[1], "H-A-2: a ready event without or after its own");
        told[token == told[1]] = 0;
    }
    slot_token = 0;
    req_back(&vcpu.pub);
    write_msr(PV_MSR_APF_ACK, APF_ACK_READY);
    return page;
}

static void guest_waits(void)
{
    while (!at_xchg(&interrupt, 0))
        at_relax();
    req_back(&vcpu.pub);
}

static void vcpu_thread(void *unused)
{
    u32 ready = 0;

    (void)unused;
    while (ready < WAITS) {
        if (slot_token)
            ready += guest_takes_event();
        else
            guest_waits();
        do
            if (req_take(&vcpu.pub) & REQ_DONE)
                apf_service(&vcpu);
        while (!req_go(&vcpu.pub, !slot_token && mc_choose(2) ? MODE_BLOCKED : MODE_IN_GUEST));
    }
}

static void setup(void)
{
    vm = (struct vm){.vcpu = {&vcpu}, .vcpus = 1, .config = {.apf = FL_APF_INT}};
    vcpu = (struct vcpu){.vm = &vm, .pub = {.mode = MODE_IN_GUEST, .sipi = SIPI_NONE}};
    interrupt = slot_token = told[0] = told[1] = 0;
    finish_wait = ticket_done;
    apf_init(&vcpu);
    write_msr(PV_MSR_APF_VEC, 0xf0);
    write_msr(PV_MSR_APF_EN, SLOT | APF_EN_ON | APF_EN_INT);
    mc_thread("vcpu", vcpu_thread, NULL);
    for (u32 i = 0; i < WAITS; i++) {
        mc_check(apf_try(&vcpu, (gfn_t){i + 8}, &tickets[i]) == APF_TOLD, "the guest is not told");
        mc_thread(i ? "worker b" : "worker a", worker_thread, &tickets[i]);
    }
}

static void final(void)
{
    mc_check(!told[0] && !told[1] && !vcpu.apf.used && !vcpu.apf.done_count, "H-A-1: an item is left");
}

/* Mutant: the pending flag is looked at before ticket and request are there to be seen. */
static void finish_looks_first(struct ticket *t)
{
    struct vcpu_pub *p = &t->vcpu->pub;
    bool pending = at_load(&p->ready_pending);
    u32 mode;

    ticket_push(&p->done, t);
    mode = req_raise(p, REQ_DONE);
    if (mode == MODE_IN_GUEST ? !pending : mode != 0)
        port_kick(0);
}

static void setup_looks_first(void)
{
    setup();
    finish_wait = finish_looks_first;
}

int main(void)
{
    const struct mc_model m = {.setup = setup, .final = final};
    const struct mc_model pso = {.setup = setup, .final = final, .pso = true};
    const struct mc_model looks_first = {.setup = setup_looks_first};

    mc_holds("H-A-4: every completion reaches the guest, once", &m, NULL);
    mc_holds("H-A-4: the same where stores to different words may pass each other", &pso, NULL);
    mc_fails("H-A-5: pending flag read before ticket and request are visible", &looks_first, NULL,
             "deadlock");
    mc_fails("H-A-5: request by plain store, without barrier", &m,
             MC_MUTANTS({"req_raise", MC_OR, 1, MC_PLAIN}, {"req_raise", MC_FENCE, 1, MC_DROP}), "deadlock");
    mc_holds("H-A-5: no barrier at ACK, but the entry's own", &m,
             MC_MUTANTS({"done_ack", MC_FENCE, 1, MC_DROP}));
    mc_fails("H-A-5: neither barrier", &m,
             MC_MUTANTS({"done_ack", MC_FENCE, 1, MC_DROP}, {"req_go", MC_FENCE, 1, MC_DROP}), "deadlock");
    mc_fails("A3-35: the flag not cleared at ACK", &m, MC_MUTANTS({"done_ack", MC_STORE, 1, MC_DROP}),
             "deadlock");
    mc_fails("A3-34: tickets pushed without the lock prefix", &m,
             MC_MUTANTS({"ticket_push", MC_CAS, 1, MC_PLAIN}), "");
    mc_fails("A3-34: tickets taken without the lock prefix", &m,
             MC_MUTANTS({"ticket_take", MC_XCHG, 1, MC_PLAIN}), "");
    return mc_end();
}
