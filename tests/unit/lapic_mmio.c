/* SPDX-License-Identifier: BSD-2-Clause */
/* lapic_mmio.c: tests of the local APIC's registers at their page, and of destinations in xAPIC mode. */
#include "lapic_rig.h"

#define XAPIC    (APIC_BASE_DEFAULT | APIC_BASE_ENABLE)
#define ESR_FREE 0x80u /* an access to a register that does not exist */
#define VECTOR   0x87

enum { APR = 0x09, REMOTE = 0x0c, DFR = 0x0e, ICR_HIGH = 0x31, CMCI = 0x2f };

static u64 mmio(unsigned vcpu, u64 offset, u8 size, bool write, u64 value)
{
    struct exit e = {
        .kind = EXIT_MMIO,
        .mmio = {.gpa = {APIC_BASE_DEFAULT + offset}, .size = size, .write = write, .value = value}};

    lapic_mmio(&rig.vcpu[vcpu], &e);
    return e.mmio.value;
}

static u32 get(unsigned vcpu, u32 reg)
{
    return (u32)mmio(vcpu, reg << 4, 4, false, ~0ull);
}

static void put(unsigned vcpu, u32 reg, u32 value)
{
    (void)mmio(vcpu, reg << 4, 4, true, value);
}

/* What has been found since the last look. */
static u32 errors(void)
{
    put(0, ESR, 0);
    return get(0, ESR);
}

/* All in xAPIC mode and enabled. */
static int setup(void **state)
{
    if (rig_setup_reset(state))
        return -1;
    for (unsigned i = 0; i < RIG_VCPUS; i++)
        put(i, SVR, 0x1ff);
    return 0;
}

static void as_after_power_on(void **state)
{
    (void)state;
    for (u32 reg = 0; reg <= 0xff; reg++)
        switch (reg) {
        case VERSION:
            assert_int_equal(get(2, reg), 0x50014);
            break;
        case ID:
            assert_int_equal(get(2, reg), 2 << 24);
            break;
        case DFR:
            assert_int_equal(get(2, reg), ~0u);
            break;
        case SVR:
            assert_int_equal(get(2, reg), 0xff);
            break;
        case TIMER ... ERROR:
            assert_int_equal(get(2, reg), 0x10000);
            break;
        default:
            assert_int_equal(get(2, reg), 0);
        }
}

/* Every register: what of all ones can be read after it was written, and is it there at all? */
static void register_map(void **state)
{
    static const struct {
        u32 first, last, reads;
    } there[] = {
        /* clang-format off */
        {ID, ID, 0}, {VERSION, VERSION, 0x50014}, {TPR, TPR, 0xff}, {APR, APR, 0}, {PPR, PPR, 0xff},
        {EOI, EOI, 0}, {REMOTE, REMOTE, 0}, {LDR, LDR, 0xff000000}, {DFR, DFR, ~0u}, {SVR, SVR, 0x1ff},
        {ISR, ESR, 0}, {ICR, ICR, 0xccfff}, {ICR_HIGH, ICR_HIGH, 0xff000000}, {TIMER, TIMER, 0x10000},
        {THERMAL, PERF, 0x107ff}, {LINT0, LINT1, 0x1a7ff}, {ERROR, ERROR, 0x100ff}, {INITIAL, CURRENT, 0},
        {DIVIDE, DIVIDE, 0xb},
        /* clang-format on */
    };
    bool exists[0x100] = {0};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(there); i++)
        for (u32 reg = there[i].first; reg <= there[i].last; reg++) {
            exists[reg] = true;
            if (reg == INITIAL || reg == TIMER || reg == ICR) /* below, or elsewhere */
                continue;
            put(0, reg, ~0u);
            assert_int_equal(get(0, reg), there[i].reads);
        }
    assert_int_equal(errors(), 0);
    for (u32 reg = 0; reg <= 0xff; reg++) {
        if (exists[reg])
            continue;
        put(0, reg, ~0u);
        assert_int_equal(errors(), ESR_FREE);
        assert_int_equal(get(0, reg), 0);
        assert_int_equal(errors(), ESR_FREE);
    }
    put(0, TIMER, 0x310ff);
    assert_int_equal(get(0, TIMER), 0x300ff);
    put(0, TIMER, ~0u); /* there is no such mode */
    assert_int_equal(get(0, TIMER), 0x300ff);
    put(0, INITIAL, 0x12345678);
    assert_int_equal(get(0, INITIAL), 0x12345678);
    put(0, CURRENT, 5);
    assert_int_equal(get(0, CURRENT), 0x12345678);
}

/* Part of a register can be read, not written; more than one cannot be reached at once. */
static void sizes_and_places(void **state)
{
    (void)state;
    assert_int_equal(mmio(0, 0x30, 1, false, ~0ull), 0x14);
    assert_int_equal(mmio(0, 0x32, 1, false, ~0ull), 0x05);
    assert_int_equal(mmio(0, 0x32, 2, false, ~0ull), 0x0005);
    assert_int_equal(mmio(0, 0x30, 2, false, ~0ull), 0x0014);
    assert_int_equal(errors(), 0);
    for (unsigned at = 0; at < 16; at++)
        for (u8 size = 1; size <= 8; size *= 2) {
            bool within = at + size <= 4;

            assert_int_equal(mmio(0, 0xf0 + at, size, false, ~0ull) != 0, within && at < 2);
            assert_int_equal(errors(), within ? 0 : ESR_FREE);
            if (at == 0 && size == 4)
                continue;
            (void)mmio(0, 0xf0 + at, size, true, 0);
            assert_int_equal(errors(), ESR_FREE);
            assert_int_equal(get(0, SVR), 0x1ff);
        }
    (void)mmio(0, 0xffe, 4, false, 0);
    assert_int_equal(errors(), ESR_FREE);
}

/* As after any error, the vector of its entry is raised. */
static void errors_interrupt(void **state)
{
    (void)state;
    put(0, ERROR, 0xfe);
    (void)get(0, CMCI);
    assert_int_equal(lapic_pending(&rig.vcpu[0]), 0xfe);
    assert_int_equal(get(0, ESR), 0); /* not before it is written */
    put(0, ESR, ~0u);
    assert_int_equal(get(0, ESR), ESR_FREE);
    put(0, ESR, 0);
    assert_int_equal(get(0, ESR), 0);
}

static void ends_with_any_value(void **state)
{
    struct vcpu *v = &rig.vcpu[0];

    (void)state;
    lapic_raise(v, VECTOR);
    lapic_accept(v, VECTOR);
    assert_int_equal(get(0, ISR + 4), 1u << 7);
    assert_int_equal(get(0, PPR), 0x80);
    put(0, EOI, 0x12345678);
    assert_int_equal(get(0, ISR + 4), 0);
}

static void priority(void **state)
{
    (void)state;
    put(0, TPR, 0x8b);
    assert_int_equal(hw_tpr(&rig.vcpu[0]), 0x80);
    lapic_raise(&rig.vcpu[0], VECTOR);
    assert_int_equal(lapic_pending(&rig.vcpu[0]), -1);
    hw_set_tpr(&rig.vcpu[0], 0x70); /* by CR8 */
    assert_int_equal(get(0, TPR), 0x70);
    assert_int_equal(lapic_pending(&rig.vcpu[0]), VECTOR);
}

/* Who has the vector, one bit each; it is taken from them. */
static unsigned got(void)
{
    unsigned who = 0;

    for (unsigned i = 0; i < RIG_VCPUS; i++) {
        struct vcpu *v = &rig.vcpu[i];

        who |= (unsigned)(v->pub.irr[VECTOR / 32] >> VECTOR % 32 & 1) << i;
        v->pub.irr[VECTOR / 32] = 0;
    }
    return who;
}

static unsigned sent(u32 high, u32 low)
{
    put(0, ICR_HIGH, high);
    assert_int_equal(got(), 0); /* the low half sends */
    put(0, ICR, low | VECTOR);
    assert_int_equal(get(0, ICR), (low & 0xccfff) | VECTOR);
    assert_int_equal(get(0, ICR_HIGH), high & 0xff000000);
    return got();
}

#define LOGICAL 0x800
#define LOWEST  0x100

static void destinations(void **state)
{
    static const struct {
        u32 high, low;
        unsigned who;
    } sends[] = {
        {0, 0, 1},
        {0x01000000, 0, 2},
        {0x02ffffff, 0, 4},          /* reserved bits */
        {0x02000000, 0xfff33000, 4}, /* likewise */
        {0x03000000, 0, 0},
        {0xff000000, 0, 7},
        {0xff000000, LOGICAL, 7},
        {0x01000000, LOGICAL, 0}, /* LDRs are 0 */
        {0xfe000000, LOGICAL, 0},
        {0, 0x40000, 1},
        {0, 0x80000, 7},
        {0, 0xc0000, 6},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(sends); i++)
        assert_int_equal(sent(sends[i].high, sends[i].low), sends[i].who);
}

static void logical_flat(void **state)
{
    (void)state;
    put(0, LDR, 0x01ffffff);
    put(1, LDR, 0x02000000);
    put(2, LDR, 0x84000000);
    assert_int_equal(get(0, LDR), 0x01000000);
    assert_int_equal(sent(0x01000000, LOGICAL), 1);
    assert_int_equal(sent(0x06000000, LOGICAL), 6);
    assert_int_equal(sent(0x80000000, LOGICAL | LOWEST), 4);
    assert_int_equal(sent(0x78000000, LOGICAL), 0);
}

static void logical_cluster(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_VCPUS; i++) {
        put(i, DFR, 0x0fffffff);
        assert_int_equal(get(i, DFR), 0x0fffffff);
    }
    put(0, LDR, 0x11000000);
    put(1, LDR, 0x12000000);
    put(2, LDR, 0x21000000);
    assert_int_equal(sent(0x13000000, LOGICAL), 3);
    assert_int_equal(sent(0x12000000, LOGICAL), 2);
    assert_int_equal(sent(0x21000000, LOGICAL), 4);
    assert_int_equal(sent(0x31000000, LOGICAL), 0);
    assert_int_equal(sent(0xff000000, LOGICAL), 7);
    put(1, DFR, 0xffffffff); /* each by its own format */
    assert_int_equal(sent(0x13000000, LOGICAL), 3);
    assert_int_equal(sent(0x02000000, LOGICAL), 2);
    put(2, DFR, 0x5fffffff); /* there is no such format */
    assert_int_equal(sent(0x21000000, LOGICAL), 0);
}

/* Each target understands a destination in its own mode; what is a broadcast the sender's says. */
static void mixed_modes(void **state)
{
    (void)state;
    put(0, LDR, 0x01000000);
    put(2, LDR, 0x04000000);
    assert_int_equal(rig_write(1, APIC_BASE_MSR, XAPIC | APIC_BASE_X2), OUTCOME_DONE);
    assert_int_equal(sent(0x01000000, 0), 2);
    assert_int_equal(sent(0xff000000, 0), 7);
    assert_int_equal(sent(0x06000000, LOGICAL), 6); /* cluster 0 */
    assert_int_equal(rig_write(1, X2(ICR), 5ull << 32 | LOGICAL | VECTOR), OUTCOME_DONE);
    assert_int_equal(got(), 5);
    assert_int_equal(rig_write(1, X2(ICR), 0xffull << 32 | VECTOR), OUTCOME_DONE);
    assert_int_equal(got(), 0);
    assert_int_equal(rig_write(1, X2(ICR), 0x104ull << 32 | LOGICAL | VECTOR), OUTCOME_DONE);
    assert_int_equal(got(), 0);
    assert_int_equal(rig_write(1, X2(ICR), 0xffffffffull << 32 | VECTOR), OUTCOME_DONE);
    assert_int_equal(got(), 7);
}

static void init_and_startup(void **state)
{
    (void)state;
    put(0, ICR_HIGH, 0x01000000);
    put(0, ICR, 0x4500);
    assert_int_equal(rig.vcpu[1].pub.init, 1);
    put(0, ICR, 0x4609);
    assert_int_equal(rig.vcpu[1].pub.sipi, 9);
    assert_int_equal(rig.requested[2], 0);
    put(0, ICR, 0x0f); /* an illegal vector */
    assert_int_equal(errors(), 0x20);
}

static bool at(u64 gpa)
{
    return lapic_at(&rig.vcpu[1], (gpa_t){gpa});
}

static void where_it_is(void **state)
{
    (void)state;
    assert_true(at(0xfee00000) && at(0xfee00fff));
    assert_false(at(0xfedfffff) || at(0xfee01000) || at(0));
    assert_int_equal(rig_write(1, APIC_BASE_MSR, 0x12345000 | APIC_BASE_ENABLE), OUTCOME_DONE);
    assert_true(at(0x12345678));
    assert_false(at(0xfee00000));
    assert_int_equal(rig_write(1, APIC_BASE_MSR, XAPIC | APIC_BASE_X2), OUTCOME_DONE);
    assert_false(at(0xfee00000));
    assert_int_equal(rig_write(1, APIC_BASE_MSR, APIC_BASE_DEFAULT), OUTCOME_DONE);
    assert_false(at(0xfee00000));
}

/* To x2APIC all is kept but LDR and the destination in ICR; through disabled nothing; by INIT nothing but the mode. */
static void mode_changes(void **state)
{
    struct vcpu *v = &rig.vcpu[2];
    u64 value;

    (void)state;
    put(2, LDR, 0x42000000);
    put(2, DFR, 0);
    put(2, ICR_HIGH, 0x05000000);
    put(2, ICR, 0x4000 | VECTOR);
    put(2, LINT0, 0x431);
    put(2, TPR, 0x31);
    assert_int_equal(rig_write(2, APIC_BASE_MSR, XAPIC | APIC_BASE_X2), OUTCOME_DONE);
    assert_int_equal(rig_read(2, X2(ICR), &value), OUTCOME_DONE);
    assert_int_equal(value, 0x4000 | VECTOR);
    assert_int_equal(rig_read(2, X2(LDR), &value), OUTCOME_DONE);
    assert_int_equal(value, 4);
    assert_int_equal(rig_read(2, X2(LINT0), &value), OUTCOME_DONE);
    assert_int_equal(value, 0x431);
    assert_int_equal(rig_read(2, X2(TPR), &value), OUTCOME_DONE);
    assert_int_equal(value, 0x31);
    assert_int_equal(rig_read(2, X2(DFR), &value), OUTCOME_GP);
    assert_int_equal(rig_read(2, X2(ICR_HIGH), &value), OUTCOME_GP);
    assert_int_equal(rig_write(2, APIC_BASE_MSR, APIC_BASE_DEFAULT), OUTCOME_DONE);
    assert_int_equal(rig_write(2, APIC_BASE_MSR, XAPIC), OUTCOME_DONE);
    as_after_power_on(NULL);
    put(2, SVR, 0x1ff);
    put(2, LDR, 0x42000000);
    put(2, DFR, 0);
    lapic_init(v);
    as_after_power_on(NULL);
    assert_true(lapic_at(v, (gpa_t){APIC_BASE_DEFAULT}));
}

static void saved_and_restored(void **state)
{
    struct lapic_saved s;

    (void)state;
    put(1, LDR, 0x42000000);
    put(1, DFR, 0);
    put(1, ICR_HIGH, 0x05000000);
    lapic_save(&rig.vcpu[1], &s);
    assert_true(lapic_restorable(&s));
    lapic_reset(&rig.vcpu[1]);
    lapic_restore(&rig.vcpu[1], &s);
    assert_int_equal(get(1, LDR), 0x42000000);
    assert_int_equal(get(1, DFR), 0x0fffffff);
    assert_int_equal(get(1, ICR_HIGH), 0x05000000);
    assert_int_equal(get(1, SVR), 0x1ff);
    s.ldr |= 1;
    assert_false(lapic_restorable(&s));
    s.ldr = s.dfr = 0;
    assert_false(lapic_restorable(&s));
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(as_after_power_on, rig_setup_reset, rig_teardown),
        test(register_map),
        test(sizes_and_places),
        test(errors_interrupt),
        test(ends_with_any_value),
        test(priority),
        test(destinations),
        test(logical_flat),
        test(logical_cluster),
        test(mixed_modes),
        test(init_and_startup),
        test(where_it_is),
        test(mode_changes),
        test(saved_and_restored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
