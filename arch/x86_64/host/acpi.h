/* SPDX-License-Identifier: BSD-2-Clause */
/* acpi.h: which CPUs the machine has and where its ISA interrupts go, from the ACPI MADT. */
#pragma once
#include "lib/bootinfo.h"

/*
 * APIC ids of the enabled CPUs, in the table's order, at most max of them; returns how many there are in all, 0 when no
 * table can be found or believed. rsdp: where the loader saw the root pointer, 0 = look in the BIOS area.
 */
unsigned acpi_cpus(const struct boot_window *w, u64 rsdp, u32 *apic_id, unsigned max);

struct acpi_irq {
    hpa_t ioapic; /* its registers */
    u32 pin;      /* of that I/O APIC */
    bool low;     /* active low */
    bool level;
};

/* The input of an I/O APIC that an ISA interrupt is wired to; false: no table can be believed, or it has none. */
bool acpi_isa_irq(const struct boot_window *w, u64 rsdp, u8 irq, struct acpi_irq *out) must_check;
