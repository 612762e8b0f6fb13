/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pv_fuzz.c: random registers, hook commands, interrupts, INIT, thefts on three vCPUs, against what must always hold.
 *
 * What the guest does it does in guest mode, by exits. It keeps its own in-service register (A7-7), and remembers the
 * flushes that it left to the host (A7-9, T-A-169); the host has to agree. What is refused changes nothing (A0-36), the
 * table of missing pages is that of the pages (A0-33), and nothing is left behind when the VM ends.
 */
#include <stdlib.h>
#include "hook_rig.h"
#include "abi/kvm_steal.h"

#define STORMS 40u
#define BLOWS  4000u
#define CPUS   3u
#define WORDS  40u /* page of the first vCPU's words for ends of interrupts, PER of them */
#define AREAS  80u /* … and of its steal time areas */
#define PER    4u

static gfn_t window;

static struct guest {
    u32 isr[8];
    u64 eoi, steal;      /* the registers; 0: off */
    bool ends;           /* by the exit that is under way */
    unsigned completed;  /* exits before it */
    unsigned inits;      /* that it has seen */
    unsigned flush_owed; /* hw->flushes must be above that at the next entry, + 1; 0: none is owed */
    u64 steal_was, eoi_was, poll_was;
} guests[VCPU_MAX];

static unsigned skips, refusals, flushes_left, inits;

static u32 below(u32 n)
{
    return (u32)rand() % n;
}

static int top(const u32 *isr)
{
    for (int i = 255; i >= 0; i--)
        if (isr[i / 32] >> i % 32 & 1)
            return i;
    return -1;
}

static void end_top(struct guest *g)
{
    int i = top(g->isr);

    if (i >= 0)
        g->isr[i / 32] &= ~(1u << i % 32);
}

/* What has become of the last exit, and what has been injected since. */
static void catch_up(struct vcpu *who)
{
    struct guest *g = &guests[who->id];

    if (g->inits != who->hw->inits)
        *g = (struct guest){.inits = who->hw->inits};
    if (g->ends && who->hw->completions > g->completed)
        end_top(g);
    g->ends = false;
    while (world_new(who)) {
        struct fake_injection i = world_next(who);

        if (i.event == FAKE_GP) {
            refusals++;
            assert_int_equal(who->stolen.msr, g->steal_was);
            assert_int_equal(who->eoi_msr, g->eoi_was);
            assert_int_equal(who->poll_msr, g->poll_was);
        } else if (i.event == FAKE_IRQ) {
            assert_int_equal(g->isr[i.vector / 32] >> i.vector % 32 & 1, 0);
            assert_true((i.vector & 0xf0) > (top(g->isr) < 0 ? 0 : top(g->isr) & 0xf0));
            g->isr[i.vector / 32] |= 1u << i.vector % 32;
        }
    }
    g->eoi = who->eoi_msr & PV_EOI_ON ? who->eoi_msr & ~3ull : 0;
    g->steal = who->stolen.msr & PV_STEAL_ON ? who->stolen.msr & ~63ull : 0;
}

/* As interrupt handlers do it. The word's page may be missing: then the guest meets it, and tries again later. */
static void ends_one(struct vcpu *who, struct exit *e)
{
    struct guest *g = &guests[who->id];
    gpa_t at = {g->eoi};
    u32 word = 0;

    if (g->eoi && guest_read32(vm, at, &word) != GUEST_OK) {
        *e = (struct exit){.kind = EXIT_TDP, .tdp = {.gpa = at, .access = ACCESS_READ | ACCESS_WRITE}};
        return;
    }
    if (!(word & PV_EOI_SKIP)) {
        *e = (struct exit){.kind = EXIT_MSR, .msr = {.index = X2APIC_EOI, .write = true}};
        g->ends = true;
        return;
    }
    assert_int_equal(guest_write32(vm, at, word & ~(u32)PV_EOI_SKIP), GUEST_OK);
    assert_true(top(g->isr) >= 0);
    end_top(g);
    assert_int_equal(top(g->isr), -1); /* it was the only one */
    skips++;
}

static u64 place(unsigned first, unsigned id, u64 align)
{
    return (first + id * PER + below(PER)) * PAGE_SIZE + (below(PAGE_SIZE) & ~(align - 1));
}

/* Not where the host has not been let. */
static u64 nonsense(void)
{
    u64 value = (u64)rand() << 33 | (u32)rand();

    switch (below(3)) {
    case 0:
        value = BIT(below(64)) | 1;
        break;
    case 1:
        value = ~0ull << below(64);
    }
    return slot_find_any(vm, gpa_gfn((gpa_t){value})) ? WORLD_HOLE | (value & PAGE_MASK) : value;
}

static void writes(struct vcpu *who, struct exit *e)
{
    static const u32 index[] = {PV_MSR_STEAL, PV_MSR_EOI, PV_MSR_POLL};
    struct guest *g = &guests[who->id];
    u32 i = index[below(ARRAY_SIZE(index))];
    u64 value =
        i == PV_MSR_EOI ? place(WORDS, who->id, 4) | PV_EOI_ON : place(AREAS, who->id, 64) | PV_STEAL_ON;

    if (!below(6))
        value = nonsense();
    else if (i == PV_MSR_STEAL && !below(4))
        value = gfn_gpa((gfn_t){window.v + below(HOOK_WINDOW_MAX + 1)}).v | PV_STEAL_ON;
    else if (i == PV_MSR_POLL)
        value = below(2);
    if (i == PV_MSR_EOI && (value & ~3ull) != g->eoi && value < WORLD_MEMORY * PAGE_SIZE && !(value & 2) &&
        guest_write32(vm, (gpa_t){value & ~3ull}, 0) != GUEST_OK)
        return; /* a word that INIT found in use is cleared by the guest, if it can reach it now */
    g->steal_was = who->stolen.msr;
    g->eoi_was = who->eoi_msr;
    g->poll_was = who->poll_msr;
    *e = (struct exit){.kind = EXIT_MSR, .msr = {.index = i, .write = true, .value = value}};
}

static gfn_t target(void)
{
    u32 n = below(8);

    if (!n)
        return (gfn_t){window.v + below(2 * HOOK_WINDOW_MAX) + (below(2) ? 0x100 : 0)};
    return (gfn_t){(n & 1 ? WORDS : AREAS) + below(CPUS * PER)};
}

static void commands(struct exit *e)
{
    static const u32 delays[] = {0, 1, 50, 1000, HOOK_DELAY_MAX + 1, HOOK_HOLD};

    at_store(&vm->hook->page, (u32)target().v);
    at_store(&vm->hook->value, delays[below(ARRAY_SIZE(delays))]);
    *e = (struct exit){
        .kind = EXIT_IO,
        .io = {.port = HOOK_PORT_COMMAND, .size = 4, .write = true, .value = below(HOOK_COUNT + 2)}};
}

static void calls(struct exit *e)
{
    *e = (struct exit){.kind = EXIT_HYPERCALL, .call = {.nr = PV_HC_KICK, .arg = {0, below(CPUS + 1)}}};
    if (below(2))
        e->call.nr = PV_HC_YIELD;
    if (below(2))
        *e = (struct exit){
            .kind = EXIT_HYPERCALL,
            .call = {.nr = PV_HC_IPI, .arg = {(u32)rand(), ~0ull, below(CPUS), 0x20 + below(0xe0)}}};
}

static void plays(struct vcpu *who, struct exit *e)
{
    struct guest *g = &guests[who->id];

    catch_up(who);
    if (g->flush_owed)
        assert_true(who->hw->flushes >= g->flush_owed);
    g->flush_owed = 0;
    if (who->due & DUE_EOI_LOOK)
        assert_false(lapic_requested(who)); /* what waits for the end has to be seen when it comes */
    g->completed = who->hw->completions;
    switch (below(14)) {
    case 0 ... 7:
        ends_one(who, e);
        break;
    case 8:
        writes(who, e);
        break;
    case 9:
        commands(e);
        break;
    case 10:
        calls(e);
        break;
    case 11:
        e->kind = who->hw->intr_open && below(4) == 0 ? EXIT_HLT : EXIT_CPUID;
    }
}

/* Another vCPU changes a mapping and does not interrupt this one if it is preempted, as Linux has it. */
static void leaves_flush(struct vcpu *of)
{
    struct guest *g = &guests[of->id];
    gpa_t at = {g->steal + offsetof(struct pv_steal, preempted)};
    u8 byte;
    gfn_t where;

    if (!g->steal || at.v >= WORLD_MEMORY * PAGE_SIZE || g->inits != of->hw->inits ||
        guest_read(vm, at, &byte, 1, &where) != GUEST_OK || byte != PV_STEAL_PREEMPTED)
        return;
    byte |= PV_STEAL_FLUSH;
    assert_int_equal(guest_write(vm, at, &byte, 1, &where), GUEST_OK);
    g->flush_owed = of->hw->flushes + 1;
    flushes_left++;
}

static void reset(struct vcpu *who)
{
    struct exit on = {.kind = EXIT_MSR, .msr = {.index = X2APIC_SVR, .write = true, .value = 0x1ff}};

    at_store(&who->pub.init, 1);
    vcpu_request(who, REQ_EVENT);
    vcpu_service(who);
    at_store(&who->pub.sipi, 1);
    vcpu_request(who, REQ_EVENT);
    vcpu_service(who);
    if (who->state != VCPU_RUNNABLE || at_load(&who->pub.init))
        return; /* it sits a fault out: later */
    catch_up(who);
    who->hw->intr_open = who->hw->intr_flag = true;
    assert_int_equal(lapic_msr(who, &on), OUTCOME_DONE);
    inits++;
}

static void check_table(void)
{
    const struct hook *h = vm->hook;
    unsigned used = 0, aside = 0;

    for (unsigned i = 0; i < HOOK_MISSING_MAX; i++) {
        const struct hook_page *p = &h->missing[i];

        if (p->state == MISS_NONE)
            continue;
        used++;
        assert_int_not_equal(p->state, MISS_TAKING);
        assert_int_equal(slot_page(slot_find_any(vm, p->gfn), p->gfn)->word & PAGE_STATE, PAGE_ASIDE);
        assert_true(h->next <= p->due);
    }
    for (unsigned i = 0; i < vm->slots->count; i++)
        for (u64 k = 0; k < vm->slots->at[i]->pages; k++)
            aside += (vm->slots->at[i]->page[k].word & PAGE_STATE) == PAGE_ASIDE;
    assert_int_equal(used, h->count);
    assert_int_equal(used, aside);
}

static void check_vcpu(struct vcpu *who)
{
    const struct guest *g = &guests[who->id];

    assert_true(!who->stolen.marked || who->due & DUE_STEAL);
    if (who->due & DUE_EOI_LOOK) {
        assert_true(who->eoi_msr & PV_EOI_ON);
        assert_int_equal(lapic_in_service(who), 1);
        return;
    }
    assert_memory_equal(g->isr, who->lapic.isr, sizeof(g->isr));
}

static void enter(struct vcpu *who)
{
    if (who->state == VCPU_RUNNABLE || at_load(&who->pub.requests))
        world_enter(who);
    if (who->hw->pending.event == FAKE_NO_EVENT) {
        catch_up(who);
        world_forget(who);
        check_vcpu(who);
    }
}

static void blow(void)
{
    struct vcpu *who = vm->vcpu[below(CPUS)];
    gfn_t gfn = target();

    switch (below(16)) {
    case 0:
        lapic_raise(who, (u8)(0x20 + below(0xe0)));
        break;
    case 2:
        if (below(40) == 0)
            reset(who);
        break;
    case 3:
        pass_us(below(600));
        break;
    case 4:
        if (gfn.v < WORLD_MEMORY) /* the window has no place in this world's swap */
            pager_evict_range(vm, gfn, (gfn_t){gfn.v + 4});
        break;
    case 5:
        pager_migrate_range(vm, gfn, (gfn_t){gfn.v + 4});
        break;
    case 6:
        if (fake_disk.count)
            fake_disk_finish(below((u32)fake_disk.count), 0);
        break;
    case 7 ... 8:
        if (who->state == VCPU_RUNNABLE)
            pv_steal_begin(who, fake.now);
        break;
    case 9 ... 10:
        leaves_flush(who);
        break;
    case 11:
        who->hw->intr_open = who->hw->intr_flag = below(4);
        break;
    default:
        enter(who);
    }
    check_table();
}

static int setup(void **state)
{
    (void)state;
    make_hooked(&(struct world_config){.apf = FL_APF_NONE, .vcpus = CPUS, .frames = 200});
    window.v = (u64)hook(HOOK_WINDOW, (gfn_t){0}, HOOK_WINDOW_MAX);
    for (unsigned i = 0; i < CPUS; i++)
        guests[i] = (struct guest){.inits = vm->vcpu[i]->hw->inits};
    fake.now = 1000;
    fake_guest = plays;
    return 0;
}

static void give_all_back(void)
{
    for (unsigned i = 0; i < HOOK_MISSING_MAX; i++)
        if (vm->hook->missing[i].state != MISS_NONE)
            (void)hook_done(vm, vm->hook->missing[i].gfn, 0, false);
    fake_disk_finish_all();
}

/* No wait is for ever once all pages are back, and all go on for a while. */
static void settle(void)
{
    for (unsigned i = 0; i < 20; i++)
        for (unsigned k = 0; k < CPUS; k++) {
            struct vcpu *who = vm->vcpu[k];

            give_all_back();
            if (at_load(&who->pub.requests))
                vcpu_service(who);
            assert_int_not_equal(who->state, VCPU_WAIT_PAGE);
            enter(who);
        }
}

static void storms(void **state)
{
    (void)state;
    srand(4);
    for (unsigned i = 0; i < STORMS; i++) {
        for (unsigned k = 0; k < BLOWS; k++)
            blow();
        settle();
        assert_int_equal(at_load(&vm->state), VM_RUNNING);
    }
    assert_true(skips > STORMS && refusals > STORMS && flushes_left > STORMS && inits > STORMS);
}

/* It ends in the middle: pages missing, vCPUs waiting for them, areas wanted. */
static void ends(void **state)
{
    (void)state;
    srand(5);
    for (unsigned k = 0; k < BLOWS; k++)
        blow();
    while (!vm->hook->count)
        blow();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(storms, setup, world_teardown),
        cmocka_unit_test_setup_teardown(ends, setup, world_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
