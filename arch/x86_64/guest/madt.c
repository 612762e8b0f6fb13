/* SPDX-License-Identifier: BSD-2-Clause */
/* madt.c: the CPUs of a machine with ACPI (ACPI 6.4, 5.2.5 RSDP, 5.2.7 RSDT, 5.2.12 MADT). */
#include "arch.h"
#include "boot.h"
#include "karch.h"
#include "lib/str.h"

#define BIOS_START      0xe0000
#define BIOS_END        0x100000
#define RSDP_ALIGN      16
#define RSDT_AT         16 /* in the RSDP */
#define HEADER_SIZE     36
#define LENGTH_AT       4
#define MADT_ENTRIES_AT 44
#define MADT_LOCAL_APIC 0
#define LAPIC_ENABLED   0x1

static u32 get32(const u8 *p)
{
    u32 v;

    memcpy(&v, p, sizeof(v));
    return v;
}

/* The table at this address, made readable as a whole. */
static const u8 *table(u32 addr)
{
    const u8 *t = (const u8 *)(uintptr_t)addr;

    karch_map(addr, HEADER_SIZE);
    karch_map(addr, get32(t + LENGTH_AT));
    return t;
}

static const u8 *find_rsdp(void)
{
    if (boot.rsdp)
        return (const u8 *)(uintptr_t)boot.rsdp;
    for (u64 a = BIOS_START; a < BIOS_END; a += RSDP_ALIGN)
        if (!memcmp((const void *)(uintptr_t)a, "RSD PTR ", 8))
            return (const u8 *)(uintptr_t)a;
    return NULL;
}

static const u8 *find_madt(const u8 *rsdp)
{
    const u8 *rsdt = table(get32(rsdp + RSDT_AT));

    for (u32 at = HEADER_SIZE; at < get32(rsdt + LENGTH_AT); at += sizeof(u32)) {
        const u8 *t = table(get32(rsdt + at));

        if (!memcmp(t, "APIC", 4))
            return t;
    }
    return NULL;
}

unsigned madt_cpus(u32 *hw_ids, unsigned max)
{
    const u8 *rsdp = find_rsdp(), *madt = rsdp ? find_madt(rsdp) : NULL;
    unsigned n = 0;

    if (!madt)
        return 0;
    /* Each entry: type, length, and for a local APIC: processor number, APIC id, 32 bits of flags. */
    for (const u8 *e = madt + MADT_ENTRIES_AT; e < madt + get32(madt + LENGTH_AT) && n < max; e += e[1])
        if (e[0] == MADT_LOCAL_APIC && get32(e + 4) & LAPIC_ENABLED)
            hw_ids[n++] = e[3];
    return n;
}
