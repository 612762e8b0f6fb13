/* SPDX-License-Identifier: BSD-2-Clause */
/* slot.c: where a slot may lie, what the host writes there, and what a token looks like. */
#include "conf.h"
#include "cpuid.h"

#define APIC_PAGE 0xfee00000ull
#define PATTERN   0xa5a5a5a5u
#define FLAGS     0x7654320u /* of word 0; bit 0 clear */
#define SLOTS     (PAGE_SIZE / APF_SLOT_SIZE)

/* The lowest address that no gpa can have. */
static u64 beyond(void)
{
    u32 bits = cpuid(CPUID_EXT_MAX, 0).eax >= CPUID_EXT_SIZES ? cpuid(CPUID_EXT_SIZES, 0).eax & 0xff : 36;

    return BIT(bits);
}

void conf_A3_14_hole(void)
{
    u64 hole = host_hole();

    apf_write(0);
    expect(!msr_write(PV_MSR_APF_EN, hole | en_bits()), "#GP for EN on, with a slot at 0x%lx; seen: none",
           hole);
}

static void three_bad_ones(u64 expected)
{
    const u64 bad[] = {host_hole(), beyond(), APIC_PAGE};

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        expect(!msr_write(PV_MSR_APF_EN, bad[i] | en_bits()), "#GP for a slot at 0x%lx; seen: none", bad[i]);
        expect_eq("EN after #GP", msr_get(PV_MSR_APF_EN), expected);
    }
}

void conf_A0_36_off(void)
{
    apf_write(APF_EN_ALWAYS);
    three_bad_ones((u64)(uintptr_t)this_cpu()->apf.slot | APF_EN_ALWAYS);
}

void conf_A0_36_on(void)
{
    u32 from;

    if (!apf_start())
        return;
    from = events_now();
    three_bad_ones((u64)(uintptr_t)this_cpu()->apf.slot | en_bits());
    expect_quiet(from);
    from = events_now();
    apf_write(en_bits());
    expect_wake_all(from);
}

void conf_A0_36_cycle(void)
{
    if (!apf_start())
        return;
    expect(!msr_write(PV_MSR_APF_EN, host_hole() | en_bits()), "#GP for a slot in a hole; seen: none");
    full_cycle();
}

static bool pad(const u32 *word)
{
    const struct apf_slot *s = this_cpu()->apf.slot;

    return word != &s->word0 && (word != &s->token || dialect == D_LEGACY);
}

/* All of the slots' page but what the host may write in the slot in use has a pattern, and keeps it. */
static void in_pattern(unsigned slot)
{
    u32 *words = (u32 *)this_cpu()->slots, from = events_now();

    this_cpu()->apf.slot = &this_cpu()->slots[slot];
    for (u32 *w = words; w < words + PAGE_SIZE / sizeof(*w); w++)
        *w = pad(w) ? PATTERN : 0;
    apf_write(en_bits());
    for (unsigned i = 0; expect_wake_all(from) && i < 4; i++) {
        from = events_now();
        apf_write(en_bits());
    }
    for (u32 *w = words; w < words + PAGE_SIZE / sizeof(*w); w++)
        if (pad(w) && !expect(*w == PATTERN, "word %ld of the slot as it was; seen: 0x%x",
                              w - &this_cpu()->apf.slot->word0, *w))
            return;
}

void conf_A0_30_end_of_page(void)
{
    in_pattern(SLOTS - 1);
}

void conf_A0_31_pad(void)
{
    in_pattern(5);
}

/* Activation with the pad and `word0` as told; wake-all's event. */
static struct event *wake_all_in(u32 word0, u32 token)
{
    struct cpu *c = this_cpu();
    u32 from = events_now();

    c->apf.slot->word0 = word0;
    c->apf.slot->token = token;
    apf_write(en_bits());
    return expect_wake_all(from);
}

void conf_A1_3_layout(void)
{
    struct event *e = wake_all_in(0, FLAGS);

    if (!e)
        return;
    expect_eq("the word at 4", e->token, FLAGS);
    expect_eq("reason", e->word0, APF_REASON_READY);
}

void conf_A1_5_wake_all(void)
{
    struct event *e = wake_all_in(0, 0);

    if (!e)
        return;
    expect_eq("error code", e->error, 0);
    expect_eq("CR2", e->cr2, APF_TOKEN_WAKE_ALL);
}

void conf_A1_4_reasons(void)
{
    u64 *page = page_new();
    struct event *e;
    u32 from;

    if (!apf_start())
        return;
    miss(page, HELD);
    e = touch_absent(page);
    from = events_now();
    done(page, 0);
    if (!e)
        return;
    e = event_wait(from, EV_READY, 1, SOON);
    if (!expect(e, "ready"))
        return;
    expect_eq("reason", e->word0, APF_REASON_READY);
    expect_eq("error code", e->error, 0);
}

void conf_A2_5_layout(void)
{
    struct event *e = wake_all_in(0, 0);

    if (!e)
        return;
    expect_eq("reason", e->word0, APF_REASON_READY);
    expect_eq("token", e->token, APF_TOKEN_WAKE_ALL);
}

void conf_A2_6_interrupt(void)
{
    struct event *e;

    this_cpu()->apf.vector = 0x51;
    e = wake_all_in(0, 0);
    if (e)
        expect_eq("vector", e->vector, 0x51);
}

void conf_A3_4_layout(void)
{
    struct event *e = wake_all_in(FLAGS, 0);

    if (!e)
        return;
    expect_eq("flags", e->word0, FLAGS);
    expect_eq("token", e->token, APF_TOKEN_WAKE_ALL);
}

void conf_A0_21_wake_all(void)
{
    apf_start();
}
