/* SPDX-License-Identifier: BSD-2-Clause */
/* apf_int_rig.h: a guest of the INT dialect in few words: enable, miss a page, handle ready (A3, A4). */
#pragma once
#include "apf_rig.h"

#define ACTIVE (APF_EN_ON | APF_EN_ALWAYS | APF_EN_INT)

/* The guest's interrupt handler: returns the token, empties the slot, tells the APIC; ACK is up to the test. */
static inline u32 take_token(void)
{
    u32 token = world_slot(v, TOKEN);

    world_slot_set(v, TOKEN, 0);
    return token;
}

/* An interrupt with this token; the whole handler runs. */
static inline void expect_ready(u32 token)
{
    expect_interrupt(WORLD_VECTOR);
    assert_int_equal(take_token(), token);
    ack();
    eoi();
}

/* APF on, vector set, the wake-all event consumed. */
static inline void enable(void)
{
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_VEC, WORLD_VECTOR), OUTCOME_DONE);
    set_en(ACTIVE);
    expect_ready(APF_TOKEN_WAKE_ALL);
}

/* The guest touches a page of the module and is told so; returns the token. */
static inline u32 miss(u64 page)
{
    struct fake_injection i;

    world_touch(v, page);
    world_enter(v);
    i = world_next(v);
    assert_int_equal(i.event, FAKE_PF);
    assert_int_equal(i.error, 0);
    assert_int_equal(i.cr2 >> 32, 0);
    assert_int_equal(world_slot(v, FLAGS), APF_FLAG_NOT_PRESENT);
    world_slot_set(v, FLAGS, 0);
    return (u32)i.cr2;
}
