/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apf_fuzz.c: random MSR writes, ACKs, APIC, IF, priority, paging and slot evictions; none waits for ever (H-A-11).
 *
 * The guest keeps a table of what it was told, as A4 has it. After each storm everything is put in order and all reads
 * are finished; then the table must be empty and the books of the host balanced (H-A-1, H-A-2).
 */
#include <stdlib.h>
#include "apf_rig.h"

#define STORMS 60u
#define BLOWS  400u

static enum fl_personality personality;
static u32 owed[64]; /* told not-present, not yet ready */
static unsigned told;
static u64 en, vec;

static bool by_interrupt(void)
{
    return personality != FL_APF_LEGACY;
}

static int setup(enum fl_personality p)
{
    personality = p;
    world_make(&(struct world_config){.apf = p, .frames = 24, .vcpus = 2});
    v = world.v;
    told = 0;
    en = APF_EN_ON | APF_EN_ALWAYS | (by_interrupt() ? APF_EN_INT : 0);
    vec = WORLD_VECTOR | (p == FL_APF_PF2 ? APF_PF2_ON : 0);
    return 0;
}

static int setup_int(void **state)
{
    (void)state;
    return setup(FL_APF_INT);
}

static int setup_pf2(void **state)
{
    (void)state;
    return setup(FL_APF_PF2);
}

static int setup_legacy(void **state)
{
    (void)state;
    return setup(FL_APF_LEGACY);
}

/* Each token that was told is told again once, also when a wake-all has come in between. */
static void wake(u32 token)
{
    unsigned i = 0;

    if (token == APF_TOKEN_WAKE_ALL)
        return;
    while (i < told && owed[i] != token)
        i++;
    assert_true(i < told);
    owed[i] = owed[--told];
}

/* A read or write of the slot by the guest, which brings its page in first if it must. */
static u32 slot(unsigned word, bool clear)
{
    gfn_t g = gpa_gfn((gpa_t){v->apf.en & APF_EN_SLOT_MASK});
    u32 value;

    while (world_state(g) != PAGE_RESIDENT) {
        bool starving;

        pager_load(world.vm, slot_find(world.vm, g), g, NULL);
        starving = at_load(&world.vm->pager.starved.count);
        for (unsigned i = 0; i < fake_disk.count; i++)
            if (fake_disk.waiting[i]->at == &world.swap.store || starving)
                fake_disk_finish(i--, 0);
    }
    value = world_slot(v, word);
    if (clear)
        world_slot_set(v, word, 0);
    return value;
}

/* The handlers of both vectors. */
static void handle(struct fake_injection what)
{
    if (what.event == FAKE_PF) {
        u32 reason = slot(REASON, true), token = (u32)what.cr2;

        assert_true(reason == 1 || (reason == 2 && !by_interrupt()));
        if (reason == 2) {
            wake(token);
        } else {
            for (unsigned i = 0; i < told; i++)
                assert_int_not_equal(owed[i], token);
            owed[told++] = token;
        }
        if (personality == FL_APF_PF2)
            ack();
        return;
    }
    assert_int_equal(what.event, FAKE_IRQ);
    if (v->apf.dialect == APF_OFF)
        return eoi(); /* A3-36: one stray interrupt; the slot is not touched */
    if (personality == FL_APF_INT && slot(TOKEN, false))
        wake(slot(TOKEN, true));
    if (personality == FL_APF_PF2 && slot(REASON, false) == APF_REASON_READY) {
        u32 token = slot(TOKEN, false);

        slot(REASON, true);
        wake(token);
    }
    ack();
    eoi();
}

/* The guest executes instructions: it can do something of its own. */
static bool runs(void)
{
    return v->state == VCPU_RUNNABLE && v->hw->pending.event == FAKE_NO_EVENT;
}

static void enter(void)
{
    if (runs() && v->hw->window >= 0 && v->hw->intr_open && !v->hw->tpr)
        exit_handle(v, &(struct exit){.kind = EXIT_WINDOW});
    world_enter(v);
    if (world_new(v))
        handle(world_next(v));
    world_forget(v);
}

static void enable(void)
{
    if (by_interrupt())
        assert_int_equal(world_wrmsr(v, PV_MSR_APF_VEC, vec), OUTCOME_DONE);
    set_en(en);
}

/* The guest wakes its own waiters, takes leave of the slot, and switches APF off (A4). */
static void disable(void)
{
    set_if(false);
    world_enter(v); /* whatever was injected has been taken by now */
    world_forget(v);
    if (v->apf.dialect != APF_OFF) {
        slot(0, true);
        if (by_interrupt())
            slot(1, true);
    }
    set_en(0);
    told = 0;
    set_if(true);
}

static void blow(void)
{
    unsigned page = (unsigned)rand() % WORLD_MODULE;
    gfn_t slot_page = gpa_gfn((gpa_t){WORLD_SLOT(0)});

    switch (rand() % 22) {
    case 0 ... 5:
        if (runs() && told < ARRAY_SIZE(owed))
            world_touch(v, page);
        break;
    case 6 ... 9:
        if (fake_disk.count)
            fake_disk_finish((unsigned)rand() % fake_disk.count, 0);
        break;
    case 10:
        if (runs())
            set_if(rand() & 1);
        break;
    case 11:
        if (by_interrupt() && runs())
            ack();
        break;
    case 12:
        if (runs())
            assert_int_equal(world_wrmsr(v, X2APIC_SVR, rand() & 1 ? 0x1ff : 0xff), OUTCOME_DONE);
        break;
    case 13:
        if (runs())
            v->hw->tpr = rand() & 1 ? 0xf0 : 0;
        break;
    case 14:
        if (runs())
            v->hw->paging = rand() & 3;
        break;
    case 15:
        pager_evict_range(world.vm, slot_page, (gfn_t){slot_page.v + 1});
        break;
    case 16:
        pager_evict_range(world.vm, module_gfn(page), module_gfn(page + 16));
        break;
    case 17:
        if (rand() % 4 == 0 && runs()) {
            disable();
            enable();
        }
        break;
    case 18:
        if (runs() && v->hw->intr_open && !v->hw->tpr && lapic_enabled(v))
            exit_handle(v, &(struct exit){.kind = EXIT_HLT});
        break;
    default:
        enter();
    }
    assert_true(__builtin_popcountll(v->apf.used) <= APF_PER_VCPU); /* H-A-1 */
    assert_true(v->apf.done_count <= APF_PER_VCPU + 1);
}

/* Everything in order: what is owed must come now. */
static void settle(void)
{
    for (unsigned i = 0; i < 400; i++) {
        if (runs()) {
            set_if(true);
            v->hw->tpr = 0;
            v->hw->paging = true;
            assert_int_equal(world_wrmsr(v, X2APIC_SVR, 0x1ff), OUTCOME_DONE);
        }
        fake_disk_finish_all();
        (void)pager_reclaim(world.vm); /* the loop's part */
        enter();
    }
    assert_int_equal(told, 0);
    assert_int_equal(v->apf.used, 0);
    assert_int_equal(v->apf.done_count, 0);
    assert_int_equal(world.vm->stats.not_present, world.vm->stats.ready + world.vm->stats.dropped);
    assert_true(v->state == VCPU_RUNNABLE || v->state == VCPU_HALTED);
    vcpu_set_state(v, VCPU_RUNNABLE);
}

static void storms(void **state)
{
    (void)state;
    srand(11);
    enable();
    for (unsigned i = 0; i < STORMS; i++) {
        for (unsigned k = 0; k < BLOWS; k++)
            blow();
        settle();
    }
    assert_true(world.vm->stats.ready > STORMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(storms, setup_int, world_teardown),
        cmocka_unit_test_setup_teardown(storms, setup_pf2, world_teardown),
        cmocka_unit_test_setup_teardown(storms, setup_legacy, world_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
