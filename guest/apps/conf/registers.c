/* SPDX-License-Identifier: BSD-2-Clause */
/* registers.c: which values the three MSRs take, and what they read as. */
#include "conf.h"
#include "abi/faultline.h"

static void rejects(u32 msr, u64 value)
{
    u64 before = msr_get(msr);

    expect(!msr_write(msr, value), "#GP for WRMSR 0x%x = 0x%lx; seen: none", msr, value);
    expect_eq("the register after #GP", msr_get(msr), before);
}

static void accepts(u32 msr, u64 value)
{
    msr_set(msr, value);
    expect_eq("read back", msr_get(msr), value);
}

/* APF goes on as before: the same EN once more is one more wake-all. */
static void still_works(void)
{
    u32 from = events_now();

    msr_set(PV_MSR_APF_EN, msr_get(PV_MSR_APF_EN));
    expect_wake_all(from);
}

static void reserved(u64 bits)
{
    u64 slot = (u64)(uintptr_t)this_cpu()->apf.slot;

    if (!apf_start())
        return;
    for (u64 bit = 1; bit <= bits; bit <<= 1) {
        if (bits & bit) {
            rejects(PV_MSR_APF_EN, slot | en_bits() | bit);
            rejects(PV_MSR_APF_EN, bit);
        }
    }
    rejects(PV_MSR_APF_EN, slot | bits);
    still_works();
}

void conf_A1_2_reserved(void)
{
    reserved(APF_EN_RSVD_LEGACY);
}

void conf_A2_1_reserved(void)
{
    reserved(APF_EN_RSVD);
}

void conf_A3_10_reserved(void)
{
    reserved(APF_EN_RSVD);
}

/* All that EN may hold in its low bits, on and off. */
static void low_bits(void)
{
    u64 slot = (u64)(uintptr_t)this_cpu()->apf.slot, may = APF_EN_ON | APF_EN_ALWAYS;

    if (dialect != D_LEGACY)
        may |= APF_EN_INT;
    if (host_has(KVM_FEATURE_APF_VMEXIT))
        may |= APF_EN_VMEXIT;
    for (u64 bits = 0; bits <= may; bits++) {
        if (bits & ~may)
            continue;
        apf_write(bits);
        expect_eq("EN", msr_get(PV_MSR_APF_EN), slot | bits);
    }
}

void conf_A1_2_read_back(void)
{
    low_bits();
}

void conf_A2_1_read_back(void)
{
    low_bits();
}

void conf_A3_1_bits(void)
{
    low_bits();
}

void conf_A3_17_read_back(void)
{
    u64 slot = (u64)(uintptr_t)this_cpu()->apf.slot;

    accepts(PV_MSR_APF_EN, APF_EN_SLOT_MASK);
    accepts(PV_MSR_APF_EN, APF_EN_SLOT_MASK | APF_EN_INT | APF_EN_ALWAYS);
    accepts(PV_MSR_APF_EN, slot);
    accepts(PV_MSR_APF_EN, slot | APF_EN_ON);
    apf_write(en_bits());
    expect_eq("EN", msr_get(PV_MSR_APF_EN), slot | en_bits());
    accepts(PV_MSR_APF_EN, 0);
}

static void vectors(u64 more)
{
    static const u8 all[] = {0, 2, 15, 16, 31, 32, VECTOR, 255};

    for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
        accepts(PV_MSR_APF_VEC, more | all[i]);
}

void conf_A2_2_vector(void)
{
    vectors(0);
    vectors(APF_PF2_ON);
    for (unsigned bit = 9; bit < 64; bit += 18)
        rejects(PV_MSR_APF_PF2, BIT(bit) | APF_PF2_ON | VECTOR);
    rejects(PV_MSR_APF_PF2, APF_PF2_RSVD);
}

void conf_A3_2_vector(void)
{
    vectors(0);
}

void conf_A3_18_reserved(void)
{
    bool dual = host.ours && host.personality == FL_APF_DUAL; /* A5-5: takes bit 8 */

    msr_set(PV_MSR_APF_VEC, VECTOR);
    for (unsigned bit = dual ? 9 : 8; bit < 64; bit++)
        rejects(PV_MSR_APF_VEC, BIT(bit) | 0x21);
    rejects(PV_MSR_APF_VEC, APF_VEC_RSVD);
    rejects(PV_MSR_APF_VEC, BIT(63));
}

void conf_A3_20_read_back(void)
{
    apf_start();
    accepts(PV_MSR_APF_VEC, 0x21);
    accepts(PV_MSR_APF_VEC, VECTOR);
    expect(!msr_write(PV_MSR_APF_VEC, BIT(40)), "#GP for bit 40; seen: none");
    expect_eq("the vector after #GP", msr_get(PV_MSR_APF_VEC), VECTOR);
}

/* With nothing to tell, with something told, and after that. */
static void ack_reads_0(void)
{
    expect_eq("ACK, off", msr_get(PV_MSR_APF_ACK), 0);
    this_cpu()->apf.keep_ready = true;
    apf_start();
    expect_eq("ACK, ready is told", msr_get(PV_MSR_APF_ACK), 0);
    ready_free();
    ready_ack();
    expect_eq("ACK, acknowledged", msr_get(PV_MSR_APF_ACK), 0);
}

void conf_A2_3_reads_0(void)
{
    ack_reads_0();
}

void conf_A3_23_reads_0(void)
{
    ack_reads_0();
}

/* The slot free, but nobody said so; and a wake-all that waits for that. */
static bool one_held(void)
{
    u32 from;

    this_cpu()->apf.keep_ready = true;
    if (!apf_start())
        return false;
    from = events_now();
    apf_write(en_bits());
    expect_quiet(from);
    ready_free();
    return true;
}

static void acknowledges(u64 value)
{
    u32 from;

    if (!one_held())
        return;
    from = events_now();
    msr_set(PV_MSR_APF_ACK, value);
    expect_wake_all(from);
}

void conf_A2_3_ack(void)
{
    acknowledges(APF_ACK_READY);
}

void conf_A3_3_ack(void)
{
    acknowledges(APF_ACK_READY);
}

void conf_A3_21_junk(void)
{
    msr_set(PV_MSR_APF_ACK, ~0ull);
    acknowledges(~0ull);
}

void conf_A3_22_bit_0_clear(void)
{
    u32 from;

    if (!one_held())
        return;
    from = events_now();
    msr_set(PV_MSR_APF_ACK, ~(u64)APF_ACK_READY);
    msr_set(PV_MSR_APF_ACK, 0);
    expect_quiet(from);
    msr_set(PV_MSR_APF_ACK, APF_ACK_READY);
    expect_wake_all(from);
}
