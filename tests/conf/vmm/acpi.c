/* SPDX-License-Identifier: BSD-2-Clause */
/* acpi.c: the three ACPI tables by which a guest finds its CPUs (ACPI 6.4, 5.2.5 RSDP, 5.2.7 RSDT, 5.2.12 MADT). */
#include "vmm.h"
#include <string.h>

#define LAPIC_BASE    0xfee00000u
#define LAPIC_ENABLED 1

struct rsdp {
    char signature[8];
    u8 sum;
    char oem[6];
    u8 revision; /* 0: up to here and no more */
    u32 rsdt;
} __attribute__((packed));

struct header {
    char signature[4];
    u32 length;
    u8 revision, sum;
    char oem[6], oem_table[8];
    u32 oem_revision, creator, creator_revision;
} __attribute__((packed));

struct rsdt {
    struct header h;
    u32 madt;
} __attribute__((packed));

struct madt {
    struct header h;
    u32 lapic, flags;
    struct {
        u8 type, length, processor, apic_id;
        u32 flags;
    } __attribute__((packed)) cpu[VCPUS_MAX];
} __attribute__((packed));

struct tables {
    struct rsdp rsdp;
    struct rsdt rsdt;
    struct madt madt;
} __attribute__((packed));

_Static_assert(sizeof(struct rsdp) == 20 && sizeof(struct header) == 36, "ACPI tables");

/* What makes the sum over the bytes 0. */
static u8 sum(const void *table, size_t bytes)
{
    u8 total = 0;

    for (size_t i = 0; i < bytes; i++)
        total = (u8)(total + ((const u8 *)table)[i]);
    return (u8)-total;
}

static struct header header(const char *signature, size_t bytes)
{
    struct header h = {.length = (u32)bytes, .revision = 1, .oem = "FAULTL", .oem_table = "CONFVMM"};

    memcpy(h.signature, signature, sizeof(h.signature));
    return h;
}

u64 acpi_write(struct vmm *m, u64 gpa)
{
    unsigned cpus = m->options.vcpus;
    size_t madt_bytes = offsetof(struct madt, cpu) + cpus * sizeof(((struct madt *)0)->cpu[0]);
    struct tables t = {.rsdp = {.oem = "FAULTL", .rsdt = (u32)(gpa + offsetof(struct tables, rsdt))},
                       .rsdt = {.h = header("RSDT", sizeof(struct rsdt)),
                                .madt = (u32)(gpa + offsetof(struct tables, madt))},
                       .madt = {.h = header("APIC", madt_bytes), .lapic = LAPIC_BASE}};

    memcpy(t.rsdp.signature, "RSD PTR ", sizeof(t.rsdp.signature));
    for (unsigned i = 0; i < cpus; i++) {
        t.madt.cpu[i].length = sizeof(t.madt.cpu[i]);
        t.madt.cpu[i].processor = t.madt.cpu[i].apic_id = (u8)i;
        t.madt.cpu[i].flags = LAPIC_ENABLED;
    }
    t.rsdp.sum = sum(&t.rsdp, sizeof(t.rsdp));
    t.rsdt.h.sum = sum(&t.rsdt, sizeof(t.rsdt));
    t.madt.h.sum = sum(&t.madt, madt_bytes);
    memcpy(m->kept + gpa, &t, sizeof(t));
    return gpa;
}
