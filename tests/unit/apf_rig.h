/* SPDX-License-Identifier: BSD-2-Clause */
/* apf_rig.h: for the tests of the APF dialects: what the guest of one vCPU does and sees, in few words. */
#pragma once
#include "fake/world.h"

/* Words of the slot. */
#define FLAGS  0 /* INT */
#define REASON 0 /* LEGACY, PF2 */
#define TOKEN  1

#define X2APIC_EOI (X2APIC_MSR_FIRST + 0xb)
#define X2APIC_SVR (X2APIC_MSR_FIRST + 0xf)

/* The vCPU under test. */
static struct vcpu *v;

static inline void set_en(u64 flags)
{
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_EN, WORLD_SLOT(v->id) | flags), OUTCOME_DONE);
}

static inline void ack(void)
{
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_ACK, 1), OUTCOME_DONE);
}

static inline void eoi(void)
{
    assert_int_equal(world_wrmsr(v, X2APIC_EOI, 0), OUTCOME_DONE);
}

static inline void expect_interrupt(u8 vector)
{
    struct fake_injection i;

    world_enter(v);
    i = world_next(v);
    assert_int_equal(i.event, FAKE_IRQ);
    assert_int_equal(i.vector, vector);
}

static inline void expect_quiet(void)
{
    world_enter(v);
    assert_int_equal(world_new(v), 0);
}

static inline void expect_pf(u32 cr2)
{
    struct fake_injection i;

    world_enter(v);
    i = world_next(v);
    assert_int_equal(i.event, FAKE_PF);
    assert_int_equal(i.error, 0);
    assert_int_equal(i.cr2, cr2);
}

/* Interrupts are recognised, or not. */
static inline void set_if(bool open)
{
    v->hw->intr_open = v->hw->intr_flag = open;
}
