/* SPDX-License-Identifier: BSD-2-Clause */
/* ioapic.c: the redirection table of an I/O APIC (Intel 82093AA data sheet, 3.2). */
#include "ioapic.h"
#include "pmap.h"

#define IOAPIC_BYTES    0x20
#define IOAPIC_INDEX    0x00
#define IOAPIC_WINDOW   0x10
#define IOAPIC_VERSION  0x01 /* bits 23:16: the highest pin */
#define IOAPIC_TABLE    0x10 /* two registers a pin */
#define IOAPIC_LOW      0x2000u
#define IOAPIC_LEVEL    0x8000u
#define IOAPIC_ID_SHIFT 24 /* of the second register: the physical destination */

static volatile u32 *reg_select(const struct acpi_irq *irq, u32 reg)
{
    volatile u8 *base = (volatile u8 *)(uintptr_t)irq->ioapic.v;

    *(volatile u32 *)(base + IOAPIC_INDEX) = reg;
    return (volatile u32 *)(base + IOAPIC_WINDOW);
}

bool ioapic_init(const struct acpi_irq *irq)
{
    return pmap_mmio(irq->ioapic, IOAPIC_BYTES) &&
           irq->pin <= (*reg_select(irq, IOAPIC_VERSION) >> 16 & 0xff);
}

void ioapic_aim(const struct acpi_irq *irq, u32 apic_id)
{
    *reg_select(irq, IOAPIC_TABLE + 2 * irq->pin + 1) = apic_id << IOAPIC_ID_SHIFT;
}

void ioapic_route(const struct acpi_irq *irq, u32 apic_id, u8 vector)
{
    ioapic_aim(irq, apic_id);
    *reg_select(irq, IOAPIC_TABLE + 2 * irq->pin) =
        vector | (irq->low ? IOAPIC_LOW : 0) | (irq->level ? IOAPIC_LEVEL : 0);
}
