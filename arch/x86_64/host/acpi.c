/* SPDX-License-Identifier: BSD-2-Clause */
/* acpi.c: from the root pointer by RSDT or XSDT to the MADT's local APICs (ACPI 6, 5.2.5 to 5.2.12). */
#include "acpi.h"
#include "lib/str.h"

#define BIOS_START   0xe0000
#define BIOS_END     0x100000
#define RSDP_STEP    16
#define RSDP1_BYTES  20 /* what the first checksum covers */
#define TABLES_MAX   256
#define MADT_LAPIC   0
#define MADT_ENABLED 1

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

unsigned acpi_cpus(const struct boot_window *w, u64 rsdp, u32 *apic_id, unsigned max)
{
    const struct acpi_rsdp *r = find_rsdp(w, rsdp);
    const struct acpi_madt *m = r ? find_madt(w, r) : NULL;
    unsigned n = 0;
    u32 at = sizeof(*m);

    while (m && at + sizeof(struct madt_lapic) <= m->head.length) {
        struct madt_lapic l;

        memcpy(&l, (const u8 *)m + at, sizeof(l));
        if (l.length < 2)
            break;
        if (l.type == MADT_LAPIC && l.length >= sizeof(l) && l.flags & MADT_ENABLED) {
            if (n < max)
                apic_id[n] = l.apic_id;
            n++;
        }
        at += l.length;
    }
    return n;
}
