/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pv_eoi.c: the end of an interrupt by a word in memory: when it may be, and that none is lost or ended
 * twice (A7-7).
 */
#include "fake/world.h"
#include "guestmem.h"

#define WORD      0x9ffcull
#define MSR_EOI   (X2APIC_MSR_FIRST + 0x0b)
#define LOW       0x41
#define SAME      0x42 /* of LOW's class */
#define HIGH      0x61
#define ISR_OF(n) (v->lapic.isr[(n) / 32] >> (n) % 32 & 1)

static struct vcpu *v;

static u32 word(void)
{
    u32 value;

    assert_int_equal(guest_read32(v->vm, (gpa_t){WORD}, &value), GUEST_OK);
    return value;
}

static void set_word(u32 value)
{
    assert_int_equal(guest_write32(v->vm, (gpa_t){WORD}, value), GUEST_OK);
}

static int setup(void **state)
{
    static const u32 zero;

    (void)state;
    world_make(&(struct world_config){.vcpus = 2});
    v = world.v;
    v->vm->state = VM_SETUP;
    assert_true(guest_load(v->vm, (gpa_t){WORD}, &zero, sizeof(zero)));
    v->vm->state = VM_RUNNING;
    assert_int_equal(world_wrmsr(v, PV_MSR_EOI, WORD | PV_EOI_ON), OUTCOME_DONE);
    return 0;
}

/* ---- The guest: what it does in each stay, in order ---- */

typedef void (*step)(struct exit *);
static const step *script;
static unsigned told[16], stays; /* the word as each stay begins */

static void plays(struct vcpu *who, struct exit *e)
{
    assert_ptr_equal(who, v);
    told[stays] = word();
    e->kind = EXIT_INTR;
    if (script[stays])
        script[stays++](e);
}

static void play(const step *s)
{
    script = s;
    stays = 0;
    fake_guest = plays;
    world_enter(v);
}

/* Ends the interrupt as a guest does: by the word if that says so, else by the register. */
static void ends(struct exit *e)
{
    if (word() & PV_EOI_SKIP) {
        set_word(word() & ~(u32)PV_EOI_SKIP);
        return;
    }
    *e = (struct exit){.kind = EXIT_MSR, .msr = {.index = MSR_EOI, .write = true}};
}

static void by_register(struct exit *e)
{
    *e = (struct exit){.kind = EXIT_MSR, .msr = {.index = MSR_EOI, .write = true}};
}

static void leaves(struct exit *e)
{
    e->kind = EXIT_CPUID;
}

static void halts(struct exit *e)
{
    if (word() & PV_EOI_SKIP)
        set_word(0);
    e->kind = EXIT_HLT;
}

static void low_comes(struct exit *e)
{
    lapic_raise(v, LOW);
    e->kind = EXIT_CPUID;
}

static void same_comes(struct exit *e)
{
    lapic_raise(v, SAME);
    e->kind = EXIT_CPUID;
}

static void high_comes(struct exit *e)
{
    lapic_raise(v, HIGH);
    e->kind = EXIT_CPUID;
}

static unsigned in_service(void)
{
    return lapic_in_service(v);
}

static void msr(void **state)
{
    (void)state;
    assert_int_equal(world_msr(v, PV_MSR_EOI), WORD | PV_EOI_ON);
    assert_int_equal(world_wrmsr(v, PV_MSR_EOI, WORD | 2), OUTCOME_GP);
    assert_int_equal(world_wrmsr(v, PV_MSR_EOI, WORD | 3), OUTCOME_GP);
    assert_int_equal(world_wrmsr(v, PV_MSR_EOI, WORLD_HOLE | PV_EOI_ON), OUTCOME_GP);
    assert_int_equal(world_wrmsr(v, PV_MSR_EOI, ~0x2ull), OUTCOME_GP);
    assert_int_equal(slot_delete(world.vm, module_gfn(0)), SLOT_OK); /* room in swap */
    assert_int_equal(slot_add_private(world.vm, SLOT_APIC_PAGE, (gfn_t){0xfee00}), SLOT_OK);
    assert_int_equal(world_wrmsr(v, PV_MSR_EOI, 0xfee00000 | PV_EOI_ON), OUTCOME_GP);
    assert_int_equal(world_msr(v, PV_MSR_EOI), WORD | PV_EOI_ON);
    assert_int_equal(world_wrmsr(v, PV_MSR_EOI, WORLD_HOLE), OUTCOME_DONE);
    assert_int_equal(world_msr(v, PV_MSR_EOI), WORLD_HOLE);
    assert_int_equal(word(), 0);
    lapic_raise(v, LOW);
    play((step[]){leaves, NULL});
    assert_int_equal(told[0], 0);
}

/* The plain case: one interrupt, no exit for its end; the next one is not held up by it. */
static void no_exit(void **state)
{
    (void)state;
    set_word(0xf0); /* the other bits are not the host's */
    lapic_raise(v, LOW);
    play((step[]){ends, NULL});
    assert_int_equal(told[0], 0xf0 | PV_EOI_SKIP);
    assert_int_equal(in_service(), 0);
    lapic_raise(v, SAME);
    play((step[]){ends, NULL});
    assert_int_equal(told[0], 0xf0 | PV_EOI_SKIP);
    assert_int_equal(in_service(), 0);
    assert_int_equal(world_new(v), 2);
    assert_int_equal(word(), 0xf0);
    play((step[]){leaves, NULL});
    assert_int_equal(told[0], 0xf0); /* nothing in service, nothing to skip */
}

/* Exits in between: the bit is there again, and what the registers say is true all the while. */
static void exits_in_between(void **state)
{
    u64 isr;

    (void)state;
    lapic_raise(v, LOW);
    play((step[]){leaves, leaves, ends, NULL});
    assert_int_equal(told[0], 1);
    assert_int_equal(told[1], 1);
    assert_int_equal(told[2], 1);
    assert_int_equal(in_service(), 0);
    lapic_raise(v, LOW);
    play((step[]){leaves, NULL});
    assert_int_equal(world_rdmsr(v, X2APIC_MSR_FIRST + 0x10 + LOW / 32, &isr), OUTCOME_DONE);
    assert_int_equal(isr, 1u << LOW % 32);
    play((step[]){by_register, NULL}); /* though it need not */
    assert_int_equal(in_service(), 0);
    assert_int_equal(told[0], 1);
    assert_int_equal(word(), 0);
    set_word(0);
    play((step[]){leaves, NULL});
    assert_int_equal(in_service(), 0);
}

/* One of no higher class waits for the end: that needs the exit. */
static void another_waits(void **state)
{
    (void)state;
    lapic_raise(v, LOW);
    play((step[]){same_comes, leaves, ends, NULL});
    assert_int_equal(told[0], 1);
    assert_int_equal(told[1], 0);
    assert_int_equal(told[2], 0);
    assert_int_equal(told[3], 1); /* the end has let SAME in, which is alone now */
    assert_int_equal(ISR_OF(SAME), 1);
    assert_int_equal(world_next(v).vector, LOW);
    assert_int_equal(world_next(v).vector, SAME);
    play((step[]){ends, NULL});
    assert_int_equal(in_service(), 0);
}

/* Two at once: neither is left to the word, which could not say which one is meant. */
static void nested(void **state)
{
    (void)state;
    lapic_raise(v, LOW);
    play((step[]){high_comes, ends, ends, NULL});
    assert_int_equal(told[0], 1);
    assert_int_equal(told[1], 0);
    assert_int_equal(told[2], 0);
    assert_int_equal(in_service(), 0);
    assert_int_equal(word(), 0);
    lapic_raise(v, LOW);
    lapic_raise(v, HIGH); /* both there: the end of HIGH is awaited by LOW */
    play((step[]){ends, ends, NULL});
    assert_int_equal(told[0], 0);
    assert_int_equal(told[1], 1);
    assert_int_equal(in_service(), 0);
}

/* One that comes between the last look and the entry is not accepted beside one whose end is left open. */
static void raised_and_not_requested_yet(void **state)
{
    (void)state;
    assert_true(pv_eoi_accept(v, LOW));
    assert_int_equal(word(), 1);
    v->pub.irr[HIGH / 32] |= 1u << HIGH % 32;
    assert_false(pv_eoi_accept(v, HIGH));
    assert_int_equal(in_service(), 1);
    vcpu_request(v, REQ_EVENT);
    play((step[]){ends, ends, NULL});
    assert_int_equal(told[0], 0);
    assert_int_equal(world_next(v).vector, HIGH);
    assert_int_equal(in_service(), 0);
}

/* A request calls the entry off for which the bit was set: the next one is made, with the bit. */
static void called_off(void **state)
{
    (void)state;
    assert_true(pv_eoi_accept(v, LOW));
    vcpu_request(v, REQ_FLUSH);
    play((step[]){ends, NULL});
    assert_int_equal(stays, 1);
    assert_int_equal(told[0], 1);
    assert_int_equal(in_service(), 0);
}

/* The guest ends the interrupt and halts: what is requested then ends the HLT. */
static void ended_then_halted(void **state)
{
    (void)state;
    lapic_raise(v, LOW);
    play((step[]){halts, NULL});
    assert_int_equal(v->state, VCPU_HALTED);
    assert_int_equal(in_service(), 0);
    lapic_raise(v, SAME);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    play((step[]){ends, NULL});
    assert_int_equal(in_service(), 0);
}

/* T-A-168: any storm: none lost, none twice, the guest's idea of what is in service is the host's. */
static void storm(void **state)
{
    static const step step_of[] = {ends,       leaves, low_comes, same_comes,
                                   high_comes, leaves, ends,      by_register};
    u32 seed = 12345;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        step s[5];

        for (unsigned k = 0; k < 4; k++) {
            seed = seed * 1664525 + 1013904223;
            s[k] = step_of[seed >> 29];
        }
        s[4] = NULL;
        play(s);
        world_forget(v);
    }
    for (unsigned i = 0; i < 8 && (in_service() || lapic_requested(v)); i++)
        play((step[]){ends, NULL});
    assert_int_equal(in_service(), 0);
    assert_false(lapic_requested(v));
    play((step[]){leaves, NULL});
    assert_int_equal(told[0], 0);
}

/* No page, no word: the guest finds nothing there and uses the register. */
static void word_is_not_resident(void **state)
{
    gfn_t gfn = gpa_gfn((gpa_t){WORD});

    (void)state;
    world_evict(gfn);
    assert_true(pv_eoi_accept(v, LOW));
    assert_int_equal(v->due, 0);
    assert_int_equal(world_state(gfn), PAGE_ABSENT);
    assert_int_equal(v->state, VCPU_RUNNABLE);
}

static gfn_t taken;

static void page_goes(struct vcpu *who, struct exit *e)
{
    (void)who;
    if (stays++ == 0) {
        assert_int_equal(word(), 1);
        set_word(0);
        world_evict(taken); /* by another CPU */
    }
    e->kind = EXIT_HLT;
}

/* The page goes while the bit is out: whether the interrupt has ended is not known until it is back. */
static void page_goes_meanwhile(void **state)
{
    unsigned completions;

    (void)state;
    taken = gpa_gfn((gpa_t){WORD});
    stays = 0;
    fake_guest = page_goes;
    lapic_raise(v, LOW);
    completions = v->hw->completions;
    world_enter(v);
    assert_int_equal(v->state, VCPU_WAIT_PAGE);
    assert_int_equal(v->hw->completions, completions); /* the HLT has not happened */
    assert_int_equal(v->hw->repeats, 1);
    lapic_raise(v, SAME);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_WAIT_PAGE);
    fake_disk_finish_all();
    world_enter(v);
    assert_int_equal(ISR_OF(LOW), 0);
    assert_int_equal(ISR_OF(SAME), 1);
    assert_int_equal(stays, 2);
    assert_int_equal(v->hw->repeats, 1);
    assert_int_equal(v->state, VCPU_HALTED);
}

static void shuts_down(struct vcpu *who, struct exit *e)
{
    (void)who;
    world_evict(taken);
    e->kind = EXIT_SHUTDOWN;
}

/* What ends the VM is not put off. */
static void the_end_does_not_wait(void **state)
{
    (void)state;
    taken = gpa_gfn((gpa_t){WORD});
    fake_guest = shuts_down;
    lapic_raise(v, LOW);
    world_enter(v);
    assert_int_equal(v->vm->status, VM_STATUS_GUEST_BUG);
}

static void init(void **state)
{
    (void)state;
    lapic_raise(v, LOW);
    play((step[]){leaves, NULL});
    at_store(&v->pub.init, 1);
    vcpu_request(v, REQ_EVENT);
    vcpu_service(v);
    assert_int_equal(world_msr(v, PV_MSR_EOI), 0);
    assert_int_equal(v->due, 0);
    assert_int_equal(in_service(), 0);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(msr),
        test(no_exit),
        test(exits_in_between),
        test(another_waits),
        test(nested),
        test(raised_and_not_requested_yet),
        test(called_off),
        test(ended_then_halted),
        test(storm),
        test(word_is_not_resident),
        test(page_goes_meanwhile),
        test(the_end_does_not_wait),
        test(init),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
