/* SPDX-License-Identifier: BSD-2-Clause */
/* pci.c: configuration mechanism 1, a scan by class, BARs and MSI-X (PCI Local Bus 3.0, 3.2.2.3, 6.2.5, 6.8.2). */
#include "pci.h"
#include "cpu.h"
#include "pmap.h"

#define PCI_ADDRESS 0xcf8
#define PCI_DATA    0xcfc
#define PCI_ENABLE  0x80000000u

#define PCI_ID           0x00
#define PCI_COMMAND      0x04 /* status in the upper half */
#define PCI_CLASS        0x08 /* revision in the low byte */
#define PCI_HEADER       0x0c
#define PCI_BAR0         0x10
#define PCI_CAPABILITIES 0x34

#define PCI_COMMAND_IO     0x0001
#define PCI_COMMAND_MEMORY 0x0002
#define PCI_COMMAND_MASTER 0x0004
#define PCI_COMMAND_NOINTX 0x0400
#define PCI_STATUS_CAPS    0x00100000u
#define PCI_MULTIFUNCTION  0x00800000u
#define PCI_BAR_IO         0x1
#define PCI_BAR_64         0x4
#define PCI_BAR_FLAGS      0xfu
#define PCI_BAR_IO_FLAGS   0x3u
#define PCI_CAP_MSIX       0x11
#define PCI_CAPS_MAX       48 /* as many as fit: a looped list ends */

#define MSIX_CONTROL_ON   0x80000000u
#define MSIX_CONTROL_MASK 0x40000000u
#define MSIX_TABLE        4 /* from the capability */
#define MSIX_ENTRY_WORDS  4
#define MSIX_ENTRY_MASKED 1
#define MSI_ADDRESS       0xfee00000u
#define MSI_APIC_SHIFT    12

#define PCI_BUSES     256
#define PCI_FUNCTIONS 8

static u32 cfg_read(const struct pci_device *d, u32 reg)
{
    out32(PCI_ADDRESS, PCI_ENABLE | d->address | reg);
    return in32(PCI_DATA);
}

static void cfg_write(const struct pci_device *d, u32 reg, u32 v)
{
    out32(PCI_ADDRESS, PCI_ENABLE | d->address | reg);
    out32(PCI_DATA, v);
}

bool pci_find(u32 class_code, struct pci_device *out)
{
    for (u32 slot = 0; slot < PCI_BUSES << 5; slot++) {
        for (u32 function = 0; function < PCI_FUNCTIONS; function++) {
            struct pci_device d = {slot << 11 | function << 8};

            if (cfg_read(&d, PCI_ID) == ~0u) {
                if (!function)
                    break;
                continue;
            }
            if (cfg_read(&d, PCI_CLASS) >> 8 == class_code) {
                *out = d;
                return true;
            }
            if (!function && !(cfg_read(&d, PCI_HEADER) & PCI_MULTIFUNCTION))
                break;
        }
    }
    return false;
}

bool pci_bar(const struct pci_device *d, unsigned bar, hpa_t *at, u64 *bytes)
{
    u32 reg = PCI_BAR0 + 4 * bar, command = cfg_read(d, PCI_COMMAND);
    u32 low = cfg_read(d, reg), high = 0, size_low, size_high = ~0u;
    u64 mask;

    if (low & PCI_BAR_IO)
        return false;
    cfg_write(d, PCI_COMMAND,
              command & ~(u32)PCI_COMMAND_MEMORY); /* nothing may answer at the trial address */
    cfg_write(d, reg, ~0u);
    size_low = cfg_read(d, reg);
    cfg_write(d, reg, low);
    if (low & PCI_BAR_64) {
        high = cfg_read(d, reg + 4);
        cfg_write(d, reg + 4, ~0u);
        size_high = cfg_read(d, reg + 4);
        cfg_write(d, reg + 4, high);
    }
    cfg_write(d, PCI_COMMAND, command);
    mask = (u64)size_high << 32 | (size_low & ~PCI_BAR_FLAGS);
    at->v = (u64)high << 32 | (low & ~PCI_BAR_FLAGS);
    *bytes = -mask;
    return at->v && size_low & ~PCI_BAR_FLAGS;
}

bool pci_bar_io(const struct pci_device *d, unsigned bar, u16 *port)
{
    u32 v = cfg_read(d, PCI_BAR0 + 4 * bar);

    *port = (u16)(v & ~PCI_BAR_IO_FLAGS);
    return v & PCI_BAR_IO && *port;
}

void pci_enable(const struct pci_device *d)
{
    /* The status half is write-one-to-clear: write zeroes there. */
    u32 command = cfg_read(d, PCI_COMMAND) & 0xffff;

    cfg_write(d, PCI_COMMAND,
              command | PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NOINTX);
}

static u32 find_capability(const struct pci_device *d, u8 id)
{
    u32 at;

    if (!(cfg_read(d, PCI_COMMAND) & PCI_STATUS_CAPS))
        return 0;
    at = cfg_read(d, PCI_CAPABILITIES) & 0xfc;
    for (unsigned i = 0; at && i < PCI_CAPS_MAX; i++) {
        u32 head = cfg_read(d, at);

        if ((head & 0xff) == id)
            return at;
        at = head >> 8 & 0xfc;
    }
    return 0;
}

bool pci_msix_init(const struct pci_device *d, struct pci_msix *m)
{
    u32 where, control;
    u64 bytes, offset;
    hpa_t bar;

    m->capability = find_capability(d, PCI_CAP_MSIX);
    if (!m->capability)
        return false;
    control = cfg_read(d, m->capability);
    where = cfg_read(d, m->capability + MSIX_TABLE);
    m->vectors = (control >> 16 & 0x7ff) + 1;
    offset = where & ~7u;
    if (!pci_bar(d, where & 7, &bar, &bytes) || offset + m->vectors * MSIX_ENTRY_WORDS * 4 > bytes)
        return false;
    bar.v += offset;
    if (!pmap_mmio(bar, m->vectors * MSIX_ENTRY_WORDS * 4))
        return false;
    m->table = (volatile u32 *)(uintptr_t)bar.v;
    for (u32 i = 0; i < m->vectors; i++)
        m->table[i * MSIX_ENTRY_WORDS + 3] = MSIX_ENTRY_MASKED;
    return true;
}

void pci_msix_route(struct pci_msix *m, unsigned i, u32 apic_id, u8 vector)
{
    volatile u32 *e = m->table + i * MSIX_ENTRY_WORDS;

    e[0] = MSI_ADDRESS | apic_id << MSI_APIC_SHIFT;
    e[1] = 0;
    e[2] = vector;
    e[3] = 0;
}

void pci_msix_enable(const struct pci_device *d, const struct pci_msix *m)
{
    u32 control = cfg_read(d, m->capability);

    cfg_write(d, m->capability, (control & ~MSIX_CONTROL_MASK) | MSIX_CONTROL_ON);
}
