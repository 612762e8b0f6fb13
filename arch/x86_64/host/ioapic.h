/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioapic.h: send an ISA interrupt to a CPU.
 *
 * The registers of an I/O APIC are reached by an index and a window: calls exclude each other.
 */
#pragma once
#include "acpi.h"

/* Map its registers; false: it has no such pin, or no memory for page tables. */
bool ioapic_init(const struct acpi_irq *irq) must_check;
/* From now on that interrupt is `vector` on the CPU with this APIC id. */
void ioapic_route(const struct acpi_irq *irq, u32 apic_id, u8 vector);
/* Another CPU gets it from now on. Its line must be quiet: one that is on its way may be lost. */
void ioapic_aim(const struct acpi_irq *irq, u32 apic_id);
