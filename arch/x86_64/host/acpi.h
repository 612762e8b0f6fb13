/* SPDX-License-Identifier: BSD-2-Clause */
/* acpi.h: which CPUs the machine has, from the ACPI MADT. */
#pragma once
#include "lib/bootinfo.h"

/*
 * APIC ids of the enabled CPUs, in the table's order, at most max of them; returns how many there are in all, 0 when no
 * table can be found or believed. rsdp: where the loader saw the root pointer, 0 = look in the BIOS area.
 */
unsigned acpi_cpus(const struct boot_window *w, u64 rsdp, u32 *apic_id, unsigned max);
