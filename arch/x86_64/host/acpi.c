/* SPDX-License-Identifier: BSD-2-Clause */
/* acpi.c: from the root pointer by RSDT or XSDT to the MADT's entries (ACPI 6, 5.2.5 to 5.2.12). */
#include "acpi.h"
#include "lib/str.h"

#define BIOS_START    0xe0000
#define BIOS_END      0x100000
#define RSDP_STEP     16
#define RSDP1_BYTES   20 /* what the first checksum covers */
#define TABLES_MAX    256
#define MADT_LAPIC    0
#define MADT_IOAPIC   1
#define MADT_OVERRIDE 2
#define MADT_ENABLED  1
#define MADT_ISA      0 /* the only bus that overrides are about */
#define INTI_LOW      3 /* of bits 1:0 of an override's flags; all else is high here */
#define INTI_LEVEL    3 /* of bits 3:2; all else is edge */

struct acpi_rsdp {
    char signature[8];
    u8 checksum;
    char oem[6];
    u8 revision;
    u32 rsdt;
    u32 length; /* from here on: revision 2 */
    u64 xsdt;
    u8 checksum2, reserved[3];
} __attribute__((packed));

struct acpi_table {
    char signature[4];
    u32 length;
    u8 revision, checksum;
    char oem[6], oem_table[8];
    u32 oem_revision, creator, creator_revision;
} __attribute__((packed));

struct acpi_madt {
    struct acpi_table head;
    u32 lapic_address, flags;
} __attribute__((packed));

struct madt_lapic {
    u8 type, length, processor, apic_id;
    u32 flags;
} __attribute__((packed));

struct madt_ioapic {
    u8 type, length, id, reserved;
    u32 address, first; /* of the global system interrupts */
} __attribute__((packed));

struct madt_override {
    u8 type, length, bus, irq;
    u32 gsi;
    u16 flags;
} __attribute__((packed));

static bool sums_to_zero(const void *p, u64 n)
{
    const u8 *b = p;
    u8 sum = 0;

    while (n--)
        sum += *b++;
    return !sum;
}

static const struct acpi_rsdp *rsdp_at(const struct boot_window *w, u64 paddr)
{
    const struct acpi_rsdp *r = boot_at(w, paddr, RSDP1_BYTES);

    return r && !memcmp(r->signature, "RSD PTR ", 8) && sums_to_zero(r, RSDP1_BYTES) ? r : NULL;
}

static const struct acpi_rsdp *find_rsdp(const struct boot_window *w, u64 told)
{
    const struct acpi_rsdp *r = told ? rsdp_at(w, told) : NULL;

    for (u64 at = BIOS_START; at < BIOS_END && !r; at += RSDP_STEP)
        r = rsdp_at(w, at);
    return r;
}

static const struct acpi_table *table_at(const struct boot_window *w, u64 paddr, const char *signature)
{
    const struct acpi_table *t = boot_at(w, paddr, sizeof(*t));

    if (!t || memcmp(t->signature, signature, sizeof(t->signature)) || t->length < sizeof(*t))
        return NULL;
    return boot_at(w, paddr, t->length) && sums_to_zero(t, t->length) ? t : NULL;
}

static const struct acpi_madt *find_madt(const struct boot_window *w, const struct acpi_rsdp *r)
{
    bool wide = r->revision >= 2 && r->xsdt;
    const struct acpi_table *t = wide ? table_at(w, r->xsdt, "XSDT") : table_at(w, r->rsdt, "RSDT");
    unsigned size = wide ? sizeof(u64) : sizeof(u32), n = t ? (t->length - (u32)sizeof(*t)) / size : 0;

    for (unsigned i = 0; i < MIN(n, (unsigned)TABLES_MAX); i++) {
        const struct acpi_table *m;
        u64 at = 0;

        memcpy(&at, (const u8 *)(t + 1) + i * size, size);
        m = table_at(w, at, "APIC");
        if (m && m->length >= sizeof(struct acpi_madt))
            return (const struct acpi_madt *)m;
    }
    return NULL;
}

/* The way through the table's entries: each is copied out, as far as it and the caller's form of it reach. */
struct walk {
    const struct acpi_madt *m;
    u32 at;
};

static struct walk walk_madt(const struct boot_window *w, u64 rsdp)
{
    const struct acpi_rsdp *r = find_rsdp(w, rsdp);

    return (struct walk){r ? find_madt(w, r) : NULL, sizeof(struct acpi_madt)};
}

/* The next entry of that type. An entry too short to have a length ends the walk: it could not be passed. */
static bool next(struct walk *k, u8 type, void *to, u32 size)
{
    const u8 *entry;

    while (k->m && k->at + 2 <= k->m->head.length) {
        entry = (const u8 *)k->m + k->at;
        if (entry[1] < 2 || entry[1] > k->m->head.length - k->at)
            return false;
        k->at += entry[1];
        if (entry[0] == type && entry[1] >= size) {
            memcpy(to, entry, size);
            return true;
        }
    }
    return false;
}

unsigned acpi_cpus(const struct boot_window *w, u64 rsdp, u32 *apic_id, unsigned max)
{
    struct walk k = walk_madt(w, rsdp);
    struct madt_lapic l;
    unsigned n = 0;

    while (next(&k, MADT_LAPIC, &l, sizeof(l))) {
        if (!(l.flags & MADT_ENABLED))
            continue;
        if (n < max)
            apic_id[n] = l.apic_id;
        n++;
    }
    return n;
}

bool acpi_isa_irq(const struct boot_window *w, u64 rsdp, u8 irq, struct acpi_irq *out)
{
    struct walk k = walk_madt(w, rsdp), apics = k;
    struct madt_override o;
    struct madt_ioapic a;
    u32 gsi = irq, best = 0;
    bool found = false;

    *out = (struct acpi_irq){0};
    while (next(&k, MADT_OVERRIDE, &o, sizeof(o))) {
        if (o.bus != MADT_ISA || o.irq != irq)
            continue;
        gsi = o.gsi;
        out->low = (o.flags & 3) == INTI_LOW;
        out->level = (o.flags >> 2 & 3) == INTI_LEVEL;
    }
    /* The I/O APIC whose first interrupt is nearest below has it; how many pins it has only itself knows. */
    while (next(&apics, MADT_IOAPIC, &a, sizeof(a))) {
        if (a.first > gsi || (found && a.first < best))
            continue;
        found = true;
        best = a.first;
        out->ioapic.v = a.address;
        out->pin = gsi - a.first;
    }
    return found;
}
