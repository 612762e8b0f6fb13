/* SPDX-License-Identifier: BSD-2-Clause */
/* lapic_rig.h: for the tests of the local APIC: three vCPUs, their requests recorded, MSR accesses in one word. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "fake/machine.h"
#include "hw.h"
#include "vm.h"

#define RIG_VCPUS 3

/* Registers as MSRs. */
#define X2(reg) (0x800u + (reg))
enum {
    ID = 0x02,
    VERSION = 0x03,
    TPR = 0x08,
    PPR = 0x0a,
    EOI = 0x0b,
    LDR = 0x0d,
    SVR = 0x0f,
    ISR = 0x10,
    TMR = 0x18
};
enum {
    IRR = 0x20,
    ESR = 0x28,
    ICR = 0x30,
    TIMER = 0x32,
    THERMAL = 0x33,
    PERF = 0x34,
    LINT0 = 0x35,
    LINT1 = 0x36
};
enum { ERROR = 0x37, INITIAL = 0x38, CURRENT = 0x39, DIVIDE = 0x3e, SELF_IPI = 0x3f };

static struct rig {
    struct vm vm;
    struct vcpu vcpu[RIG_VCPUS];
    u32 requested[RIG_VCPUS];
    unsigned reevaluated;
    unsigned at_an_address; /* registers that came to be at an address */
} rig;

/* In place of vcpu.c, apf.c and apic_page.c. */
void vcpu_request(struct vcpu *v, u32 req)
{
    rig.requested[v->id] |= req;
}

void apf_deliver(struct vcpu *v)
{
    assert_true(lapic_enabled(v));
    rig.reevaluated++;
}

void apic_page_mode(struct vcpu *v)
{
    assert_int_equal(v->lapic.base & (APIC_BASE_ENABLE | APIC_BASE_X2), APIC_BASE_ENABLE);
    rig.at_an_address++;
}

static enum outcome rig_access(unsigned vcpu, u32 msr, bool write, u64 *value)
{
    struct exit e = {.kind = EXIT_MSR, .msr = {.index = msr, .write = write, .value = *value}};
    enum outcome o = lapic_msr(&rig.vcpu[vcpu], &e);

    *value = e.msr.value;
    return o;
}

static inline enum outcome rig_write(unsigned vcpu, u32 msr, u64 value)
{
    return rig_access(vcpu, msr, true, &value);
}

static inline enum outcome rig_read(unsigned vcpu, u32 msr, u64 *value)
{
    return rig_access(vcpu, msr, false, value);
}

/* Accesses of vCPU 0. */
#define assert_write(msr, value)    assert_int_equal(rig_write(0, (msr), (value)), OUTCOME_DONE)
#define assert_write_gp(msr, value) assert_int_equal(rig_write(0, (msr), (value)), OUTCOME_GP)
#define assert_read_gp(msr)         assert_int_equal(rig_read(0, (msr), &(u64){0}), OUTCOME_GP)
#define assert_reads(msr, want)                                    \
    do {                                                           \
        u64 got_ = ~0ull;                                          \
        assert_int_equal(rig_read(0, (msr), &got_), OUTCOME_DONE); \
        assert_int_equal(got_, (want));                            \
    } while (0)

/* All vCPUs as after power-on. */
static inline int rig_setup_reset(void **state)
{
    fake_setup(state);
    rig = (struct rig){.vm.vcpus = RIG_VCPUS};
    for (unsigned i = 0; i < RIG_VCPUS; i++) {
        struct vcpu *v = &rig.vcpu[i];

        rig.vm.vcpu[i] = v;
        v->vm = &rig.vm;
        v->id = i;
        v->pub.sipi = SIPI_NONE;
        if (!hw_vcpu_init(v))
            return -1;
        lapic_reset(v);
    }
    return 0;
}

/* All in x2APIC mode and enabled. */
static inline int rig_setup(void **state)
{
    if (rig_setup_reset(state))
        return -1;
    for (unsigned i = 0; i < RIG_VCPUS; i++) {
        assert_int_equal(rig_write(i, APIC_BASE_MSR, rig.vcpu[i].lapic.base | APIC_BASE_X2), OUTCOME_DONE);
        assert_int_equal(rig_write(i, X2(SVR), 0x1ff), OUTCOME_DONE);
    }
    rig.reevaluated = 0;
    return 0;
}

static inline int rig_teardown(void **state)
{
    for (unsigned i = 0; i < RIG_VCPUS; i++)
        hw_vcpu_free(&rig.vcpu[i]);
    return fake_teardown(state);
}
