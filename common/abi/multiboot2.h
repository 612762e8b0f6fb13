/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * multiboot2.h: the Multiboot2 header and boot information (specification 2.0, 3.1 and 3.6). Constants usable from
 * assembly.
 */
#pragma once

#define MB2_HEADER_MAGIC     0xe85250d6
#define MB2_HEADER_TAG_END   0
#define MB2_HEADER_TAG_ALIGN 6          /* modules start at page boundaries */
#define MB2_BOOT_MAGIC       0x36d76289 /* in EAX at entry */

#define MB2_TAG_END     0
#define MB2_TAG_CMDLINE 1
#define MB2_TAG_MODULE  3
#define MB2_TAG_MEMMAP  6
#define MB2_TAG_RSDP1   14 /* a copy of the ACPI 1.0 RSDP */
#define MB2_TAG_RSDP2   15 /* a copy of the ACPI 2.0 RSDP */
#define MB2_TAG_ALIGN   8

#define MB2_MEM_RAM 1

#ifndef __ASSEMBLER__
#include <stdint.h>
#include "layout.h"

struct mb2_info {
    uint32_t total_size; /* this header and all tags */
    uint32_t reserved;
};

struct mb2_tag {
    uint32_t type;
    uint32_t size; /* with this header, without the padding to MB2_TAG_ALIGN */
};

/* Its command line comes right behind it, and ends in a zero byte. */
struct mb2_module {
    struct mb2_tag tag;
    uint32_t start, end; /* physical */
};

struct mb2_memmap {
    struct mb2_tag tag;
    uint32_t entry_size, entry_version;
};

struct mb2_memmap_entry {
    uint64_t addr, size;
    uint32_t type, reserved;
};

ABI_ASSERT(sizeof(struct mb2_info) == 8, "multiboot2 information");
ABI_ASSERT(sizeof(struct mb2_module) == 16, "multiboot2 module tag");
ABI_ASSERT(sizeof(struct mb2_memmap) == 16, "multiboot2 memory map tag");
ABI_ASSERT(sizeof(struct mb2_memmap_entry) == 24, "multiboot2 memory map entry");
#endif
