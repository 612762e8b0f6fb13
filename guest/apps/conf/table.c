/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c: the MSR contract as lines of text, to be compared between hosts: table=msr, or table=msr-short. */
#include "boot.h"
#include "lib/str.h"
#include "runner.h"

/*
 * MSR|register|what was written|value|ok or #GP|value read back. Slots lie where the hosts that this is compared on
 * have memory (0x40, 0x4000, 0x40000000), none (0x700000000), and memory that is not writable (0x30000000).
 */
struct step {
    u32 msr;
    const char *text;
    u64 value;
    bool read; /* nothing is written */
};

#define R(reg, text)                    \
    {                                   \
        PV_MSR_APF_##reg, text, 0, true \
    }
#define W(reg, text, value)                  \
    {                                        \
        PV_MSR_APF_##reg, text, value, false \
    }

static const struct step long_table[] = {
    R(EN, "EN initial read"),
    R(VEC, "INT initial read"),
    R(ACK, "ACK initial read"),
    W(VEC, "INT vector 0xf3", 0xf3),
    W(VEC, "INT bit 8 set", 0x1f3),
    W(VEC, "INT bit 63 set", 0x80000000000000f3),
    W(VEC, "INT bits 8-63 junk", 0xfffffffffffff3f3),
    W(VEC, "INT bit 32 only", 0x100000000),
    W(VEC, "INT vector 0", 0),
    W(VEC, "INT vector 2 (NMI)", 2),
    W(VEC, "INT vector 15", 15),
    W(VEC, "INT vector 16", 16),
    W(VEC, "INT vector 31", 31),
    W(VEC, "INT vector 255", 255),
    W(VEC, "INT vector 0xf3", 0xf3),
    W(EN, "EN = 0", 0),
    W(EN, "EN enabled only (no INT bit)", 0x4001),
    W(EN, "EN enabled|always", 0x4003),
    W(EN, "EN enabled|int", 0x4009),
    W(EN, "EN enabled|always|int", 0x400b),
    W(EN, "EN enabled|vmexit", 0x4005),
    W(EN, "EN enabled|vmexit|int", 0x400d),
    W(EN, "EN all of bits 0-3", 0x400f),
    W(EN, "EN bit 4 set, enabled", 0x4019),
    W(EN, "EN bit 5 set, enabled", 0x4029),
    W(EN, "EN bits 4,5 set, enabled", 0x4039),
    W(EN, "EN bit 4 only, disabled", 0x10),
    W(EN, "EN bit 5 only, disabled", 0x20),
    W(EN, "EN bits 4,5 + gpa, disabled", 0x4030),
    W(EN, "EN disabled, int bit", 0x4008),
    W(EN, "EN disabled, bits 1-3", 0x400e),
    W(EN, "EN disabled, all gpa bits", 0xffffffffffffffc0),
    W(EN, "EN disabled, all gpa bits + 1-3", 0xffffffffffffffce),
    W(EN, "EN gpa 0x40 enabled", 0x49),
    W(EN, "EN gpa 64-aligned not page-aligned", 0x4049),
    W(EN, "EN gpa last 64 B of page", 0x4fc9),
    W(EN, "EN gpa in RAM not yet populated", 0x40000009),
    W(EN, "EN gpa outside RAM, enabled|int", 0x700000009),
    W(EN, "EN gpa outside RAM, enabled only", 0x700000001),
    W(EN, "EN gpa outside RAM, disabled", 0x700000008),
    W(EN, "EN gpa 2^52-64, enabled|int", 0xfffffffffffc9),
    W(EN, "EN gpa all ones, enabled|int", 0xffffffffffffffc9),
    W(EN, "EN gpa in read-only slot, enabled|int", 0x30000009),
    W(EN, "EN gpa = APIC page, enabled|int", 0xfee00009),
    W(EN, "EN good again", 0x4009),
    W(VEC, "INT change vector while enabled", 0x21),
    W(EN, "EN = 0", 0),
    R(ACK, "ACK read"),
    W(ACK, "ACK write 0", 0),
    W(ACK, "ACK write 1", 1),
    W(ACK, "ACK write 2", 2),
    W(ACK, "ACK write 3", 3),
    W(ACK, "ACK write 0x100", 0x100),
    W(ACK, "ACK write ~0", ~0ull),
    W(EN, "EN enabled|int (before ACK)", 0x4009),
    W(ACK, "ACK write 0 while enabled", 0),
    W(ACK, "ACK write 1 while enabled", 1),
    W(ACK, "ACK write 2 while enabled", 2),
    W(EN, "EN = 0", 0),
    R(VEC, "INT final read"),
};

static const struct step short_table[] = {
    R(EN, "EN read"),
    R(VEC, "INT read"),
    R(ACK, "ACK read"),
    W(VEC, "INT vector 0xf3", 0xf3),
    W(VEC, "INT bit 8", 0x1f3),
    W(EN, "EN = 0", 0),
    W(EN, "EN enabled", 0x4001),
    W(EN, "EN enabled|int", 0x4009),
    W(EN, "EN int only, disabled", 0x4008),
    W(EN, "EN enabled|vmexit", 0x4005),
    W(EN, "EN vmexit only, disabled", 0x4004),
    W(EN, "EN bit 4", 0x10),
    W(EN, "EN = 0", 0),
    W(ACK, "ACK write 1", 1),
    W(ACK, "ACK write 2", 2),
};

static void print(const struct step *s)
{
    const char *reg = s->msr == PV_MSR_APF_EN ? "EN " : s->msr == PV_MSR_APF_VEC ? "INT" : "ACK";
    bool taken = s->read || msr_write(s->msr, s->value);
    u64 value;

    out("MSR|%s|%s|0x%lx|%s|", reg, s->text, s->value, s->read ? "-" : taken ? "ok" : "#GP");
    if (msr_read(s->msr, &value))
        out("0x%lx\n", value);
    else
        out("#GP\n");
}

/* Interrupts are off: what becomes ready is taken by nobody. */
bool table_print(void)
{
    const char *which = boot_option("table");

    if (!which)
        return false;
    if (!strncmp(which, "msr-short", strlen("msr-short")))
        for (unsigned i = 0; i < ARRAY_SIZE(short_table); i++)
            print(&short_table[i]);
    else
        for (unsigned i = 0; i < ARRAY_SIZE(long_table); i++)
            print(&long_table[i]);
    return true;
}
