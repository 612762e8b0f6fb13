/* SPDX-License-Identifier: BSD-2-Clause */
/* arch_acpi.c: acpi.c counts CPUs and finds interrupts by RSDT and XSDT, believes no cut or broken table. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../arch/x86_64/host/acpi.c"

#define BYTES 0x100000u
#define RSDP  0xe0010u
#define RSDT  0x1000u
#define XSDT  0x1100u
#define MADT  0x2000u

static u8 *memory;
static struct boot_window window;

static int make_memory(void **state)
{
    (void)state;
    memory = malloc(BYTES);
    window = (struct boot_window){(uintptr_t)memory, BYTES};
    return !memory;
}

static int drop_memory(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

/* Makes n bytes sum to zero by the byte at `at`. */
static void seal(u8 *p, size_t n, size_t at)
{
    u8 sum = 0;

    p[at] = 0;
    for (size_t i = 0; i < n; i++)
        sum = (u8)(sum + p[i]);
    p[at] = (u8)-sum;
}

static void put_table(u32 at, const char *signature, const void *body, u32 n)
{
    struct acpi_table t = {.length = (u32)sizeof(t) + n};

    memcpy(t.signature, signature, 4);
    memcpy(memory + at, &t, sizeof(t));
    memcpy(memory + at + sizeof(t), body, n);
    seal(memory + at, t.length, offsetof(struct acpi_table, checksum));
}

/* Three CPUs, one of them disabled, and an entry of another type between. */
static void build(u8 revision)
{
    static const u8 body[] = {0, 0, 0xe0, 0xfe, 0, 0, 0, 0, /* address, flags */
                              0, 8, 0,    5,    1, 0, 0, 0, 1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0,
                              0, 0, 0,    8,    1, 7, 0, 0, 0, 0,  0, 8, 2, 9, 1,    0,    0, 0};
    const u32 narrow[] = {0, MADT};
    const u64 wide[] = {0x50, MADT};
    struct acpi_rsdp r = {
        .revision = revision, .rsdt = RSDT, .xsdt = revision ? XSDT : 0, .length = sizeof(r)};

    memset(memory, 0, BYTES);
    memcpy(r.signature, "RSD PTR ", 8);
    memcpy(memory + RSDP, &r, sizeof(r));
    seal(memory + RSDP, RSDP1_BYTES, offsetof(struct acpi_rsdp, checksum));
    if (revision)
        put_table(XSDT, "XSDT", wide, sizeof(wide));
    else
        put_table(RSDT, "RSDT", narrow, sizeof(narrow));
    put_table(MADT, "APIC", body, sizeof(body));
}

static void counts_cpus(void **state)
{
    u32 id[4] = {0};

    (void)state;
    for (u8 revision = 0; revision <= 2; revision = (u8)(revision + 2)) {
        build(revision);
        assert_int_equal(acpi_cpus(&window, 0, id, 4), 2);
        assert_int_equal(id[0], 5);
        assert_int_equal(id[1], 9);
        assert_int_equal(acpi_cpus(&window, RSDP, id, 4), 2);
        assert_int_equal(acpi_cpus(&window, 0x77, id, 4), 2); /* told wrong: looks for itself */
    }
    id[1] = 99;
    assert_int_equal(acpi_cpus(&window, 0, id, 1), 2); /* counts more than it stores */
    assert_int_equal(id[1], 99);
}

static void disbelieves(void **state)
{
    u32 id[4];

    (void)state;
    build(0);
    memory[RSDP + 9] ^= 1;
    assert_int_equal(acpi_cpus(&window, 0, id, 4), 0);
    build(0);
    memory[RSDT + 12] ^= 1;
    assert_int_equal(acpi_cpus(&window, 0, id, 4), 0);
    build(0);
    memory[MADT + 12] ^= 1;
    assert_int_equal(acpi_cpus(&window, 0, id, 4), 0);
    build(0);
    memset(memory + MADT + 4, 0xff, 4); /* length */
    assert_int_equal(acpi_cpus(&window, 0, id, 4), 0);
    memset(memory, 0, BYTES);
    assert_int_equal(acpi_cpus(&window, 0, id, 4), 0);
}

/* An entry of length 0 must not be walked for ever, one cut by the table's end not be read. */
static void bad_entries(void **state)
{
    u32 id[4], n;

    (void)state;
    build(0);
    memory[MADT + sizeof(struct acpi_madt) + 1] = 0;
    seal(memory + MADT, 44 + 36, 9);
    assert_int_equal(acpi_cpus(&window, 0, id, 4), 0);
    for (n = sizeof(struct acpi_table); n < 80; n++) {
        build(0);
        memcpy(memory + MADT + 4, &n, 4);
        seal(memory + MADT, n, 9);
        assert_true(acpi_cpus(&window, 0, id, 4) <= 2);
    }
}

/* Two I/O APICs, the second from interrupt 16 on, and overrides: 0 to 2, 9 level, 10 level and low, 11 to 20. */
static void finds_interrupts(void **state)
{
    static const u8 body[] = {0,  0, 0xe0, 0xfe, 0,    0,    0,    0,  2, 10,  0,    0,    2,   0, 0,  0,  0,
                              0,  2, 10,   0,    9,    9,    0,    0,  0, 0xc, 0,    2,    10,  0, 10, 10, 0,
                              0,  0, 0xf,  0,    1,    12,   0,    0,  0, 0,   0xc0, 0xfe, 0,   0, 0,  0,  1,
                              12, 1, 0,    0,    0x10, 0xc0, 0xfe, 16, 0, 0,   0,    2,    10,  0, 11, 20, 0,
                              0,  0, 0,    0,    2,    10,   1,    14, 3, 0,   0,    0,    0xf, 0};
    static const struct {
        u8 irq;
        u64 ioapic;
        u32 pin;
        bool low, level;
    } rows[] = {{14, 0xfec00000, 14, false, false}, /* the override of bus 1 is about something else */
                {0, 0xfec00000, 2, false, false},
                {9, 0xfec00000, 9, false, true},
                {10, 0xfec00000, 10, true, true},
                {11, 0xfec01000, 4, false, false}};
    struct acpi_irq irq;

    (void)state;
    build(0);
    put_table(MADT, "APIC", body, sizeof(body));
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_true(acpi_isa_irq(&window, 0, rows[i].irq, &irq));
        assert_int_equal(irq.ioapic.v, rows[i].ioapic);
        assert_int_equal(irq.pin, rows[i].pin);
        assert_int_equal(irq.low, rows[i].low);
        assert_int_equal(irq.level, rows[i].level);
    }
    put_table(MADT, "APIC", body, 8); /* no I/O APIC */
    assert_false(acpi_isa_irq(&window, 0, 14, &irq));
    memory[MADT + 12] ^= 1;
    assert_false(acpi_isa_irq(&window, 0, 14, &irq));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_cpus),
        cmocka_unit_test(disbelieves),
        cmocka_unit_test(bad_entries),
        cmocka_unit_test(finds_interrupts),
    };

    return cmocka_run_group_tests(tests, make_memory, drop_memory);
}
