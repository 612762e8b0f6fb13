/* SPDX-License-Identifier: BSD-2-Clause */
/* pci.h: PCI configuration space by the legacy ports: find a device by class, its BARs, its MSI-X table. */
#pragma once
#include "lib/types.h"

struct pci_device {
    u32 address; /* bus << 16 | device << 11 | function << 8 */
};

/* class_code: base class << 16 | subclass << 8 | interface. First one found. */
bool pci_find(u32 class_code, struct pci_device *out) must_check;
/* A memory BAR; false when it is none, or has no address. */
bool pci_bar(const struct pci_device *d, unsigned bar, hpa_t *at, u64 *bytes) must_check;
/* An I/O BAR: its first port; false when it is none, or has no address. */
bool pci_bar_io(const struct pci_device *d, unsigned bar, u16 *port) must_check;
/* Let the device answer accesses to its BARs and do DMA; no INTx. */
void pci_enable(const struct pci_device *d);

struct pci_msix {
    u32 capability; /* offset of the capability */
    u32 vectors;
    volatile u32 *table; /* mapped: 4 words an entry */
};

/* Finds and maps the table and masks every entry; false: the device has no MSI-X. */
bool pci_msix_init(const struct pci_device *d, struct pci_msix *m) must_check;
/* Entry i sends `vector` to the CPU with this APIC id. i < vectors. */
void pci_msix_route(struct pci_msix *m, unsigned i, u32 apic_id, u8 vector);
void pci_msix_enable(const struct pci_device *d, const struct pci_msix *m);
