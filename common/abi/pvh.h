/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pvh.h: the x86 PVH direct boot protocol: the ELF note that names the 32-bit entry, and the start information it
 * gets in EBX.
 */
#pragma once
#include <stdint.h>
#include "layout.h"

#define PVH_NOTE_NAME   "Xen"
#define PVH_NOTE_ENTRY  18 /* XEN_ELFNOTE_PHYS32_ENTRY */
#define PVH_START_MAGIC 0x336ec578u

struct pvh_start_info {
    uint32_t magic;
    uint32_t version; /* 1: memory map fields are valid */
    uint32_t flags;
    uint32_t nr_modules;
    uint64_t modlist_paddr; /* struct pvh_modlist_entry[nr_modules] */
    uint64_t cmdline_paddr; /* NUL-terminated, 0 = none */
    uint64_t rsdp_paddr;    /* 0 = none */
    uint64_t memmap_paddr;  /* struct pvh_memmap_entry[memmap_entries] */
    uint32_t memmap_entries;
    uint32_t reserved;
};

struct pvh_modlist_entry {
    uint64_t paddr;
    uint64_t size;
    uint64_t cmdline_paddr; /* 0 = none */
    uint64_t reserved;
};

struct pvh_memmap_entry {
    uint64_t addr;
    uint64_t size;
    uint32_t type; /* as in E820: 1 = RAM, 2 = reserved */
    uint32_t reserved;
};

#define PVH_MEM_RAM      1
#define PVH_MEM_RESERVED 2

ABI_ASSERT(sizeof(struct pvh_start_info) == 56, "PVH start info");
ABI_ASSERT(sizeof(struct pvh_modlist_entry) == 32, "PVH module");
ABI_ASSERT(sizeof(struct pvh_memmap_entry) == 24, "PVH memory map entry");
