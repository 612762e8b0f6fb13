/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ata_reg.h: the part of ATA (ATA8-ACS, ATA/ATAPI-7 vol. 2) and of the PIIX3's bus master (Intel 82371SB data sheet,
 * 2.7; SFF-8038i) that the driver uses.
 */
#pragma once
#include "lib/types.h"

#define ATA_PCI_CLASS 0x010180 /* mass storage, IDE; both channels at their old ports, bus master */
#define ATA_PCI_BAR   4        /* bus master registers */

/* The command block: offsets from its first port. */
#define ATA_DATA    0
#define ATA_ERROR   1 /* read */
#define ATA_COUNT   2 /* this and the next three: the high byte of a 48-bit command first, then the low one */
#define ATA_LBA_0   3
#define ATA_LBA_8   4
#define ATA_LBA_16  5
#define ATA_DEVICE  6
#define ATA_STATUS  7 /* read; ends the interrupt */
#define ATA_COMMAND 7 /* write */

/* The one port of the control block. */
#define ATA_CONTROL_NIEN \
    0x02 /* written: no interrupts; read, it is the status without ending the interrupt */

#define ATA_STATUS_ERR 0x01
#define ATA_STATUS_DRQ 0x08
#define ATA_STATUS_DF  0x20
#define ATA_STATUS_BSY 0x80

#define ATA_DEVICE_OLD   0xa0 /* two bits that old devices want set */
#define ATA_DEVICE_LBA   0x40
#define ATA_DEVICE_SLAVE 0x10

enum ata_command {
    ATA_READ_DMA_EXT = 0x25,
    ATA_WRITE_DMA_EXT = 0x35,
    ATA_IDENTIFY = 0xec,
};

/* What IDENTIFY answers, by 16-bit words. */
#define ATA_ID_WORDS       256
#define ATA_ID_CAPS        49
#define ATA_ID_CAPS_DMA    0x0100
#define ATA_ID_SETS        83 /* valid if bits 15:14 are 01 */
#define ATA_ID_SETS_LBA48  0x0400
#define ATA_ID_BLOCKS      100 /* four words */
#define ATA_ID_SECTOR      106 /* valid if bits 15:14 are 01 */
#define ATA_ID_SECTOR_LONG 0x1000
#define ATA_ID_VALID(word) (((word)&0xc000) == 0x4000)

/* The bus master's registers of one channel. */
#define ATA_BM_COMMAND 0
#define ATA_BM_STATUS  2
#define ATA_BM_TABLE   4
#define ATA_BM_CHANNEL 8 /* the second channel's follow here */

#define ATA_BM_START      0x01
#define ATA_BM_TO_MEMORY  0x08
#define ATA_BM_STATUS_ERR 0x02 /* this and the next are cleared by writing ones */
#define ATA_BM_STATUS_IRQ 0x04

#define ATA_BLOCK_SHIFT 9
#define ATA_BLOCK       (1u << ATA_BLOCK_SHIFT)

/* A piece of memory that a transfer goes to or comes from; it crosses no 64 KiB border. */
struct ata_prd {
    u32 address;
    u16 bytes; /* even; 0 = 64 KiB */
    u16 flags;
};

#define ATA_PRD_LAST 0x8000

_Static_assert(sizeof(struct ata_prd) == 8, "physical region descriptor");
