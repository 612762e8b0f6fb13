/* SPDX-License-Identifier: BSD-2-Clause */
/* ata.h: the first ATA disk on a PIIX3's two channels, by bus master DMA. */
#pragma once
#include "disk.h"

enum ata_error {
    ATA_OK,
    ATA_ABSENT,  /* no such controller, or no disk on it */
    ATA_PORTS,   /* the firmware gave the bus master no ports */
    ATA_OLD,     /* no DMA, or no 48-bit addresses */
    ATA_SECTORS, /* blocks that are not of 512 bytes */
    ATA_IRQ,     /* its interrupt leads to no I/O APIC that is known */
};

/* Once, while the first page tables are in use: where the interrupts of the channels go. */
struct boot_info;
void ata_find_irqs(const struct boot_info *b);
/* Once, after all CPUs are started, on the CPU that booted. `done` of its requests is called on any CPU. */
enum ata_error ata_init(struct disk *d) must_check;
const char *ata_strerror(enum ata_error e);
