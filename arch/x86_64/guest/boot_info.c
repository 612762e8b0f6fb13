/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot_info.c: read what a PVH or multiboot loader left in low memory, before anything else is put there.
 *
 * Multiboot: the Multiboot Specification 0.6.96, section 3.3.
 */
#include "abi/pvh.h"
#include "arch.h"
#include "boot.h"
#include "karch.h"
#include "lib/str.h"
#include "panic.h"

#define MB_INFO_CMDLINE 0x04
#define MB_INFO_MODULES 0x08
#define MB_INFO_MEMMAP  0x40
#define MB_RAM          1

struct mb_info {
    u32 flags;
    u32 mem_lower, mem_upper;
    u32 boot_device;
    u32 cmdline;
    u32 mods_count, mods_addr;
    u32 syms[4];
    u32 mmap_length, mmap_addr;
};

struct mb_module {
    u32 start, end, cmdline, reserved;
};

struct mb_mmap {
    u32 size; /* of the rest */
    u64 addr, bytes;
    u32 type;
} __attribute__((packed));

static const void *at(u64 addr)
{
    return (const void *)(uintptr_t)addr;
}

static void add_ram(u64 addr, u64 bytes)
{
    if (boot.ram_count < BOOT_RAM_MAX)
        boot.ram[boot.ram_count++] = (struct boot_range){addr, bytes};
}

static void copy_cmdline(const char *text)
{
    memcpy(boot.cmdline, text, MIN(strlen(text), sizeof(boot.cmdline) - 1));
}

static void read_pvh(const struct pvh_start_info *info)
{
    const struct pvh_memmap_entry *map = at(info->memmap_paddr);
    const struct pvh_modlist_entry *mods = at(info->modlist_paddr);

    check(info->magic == PVH_START_MAGIC);
    boot.protocol = "PVH";
    boot.rsdp = info->rsdp_paddr;
    for (u32 i = 0; info->version >= 1 && i < info->memmap_entries; i++)
        if (map[i].type == PVH_MEM_RAM)
            add_ram(map[i].addr, map[i].size);
    for (u32 i = 0; i < info->nr_modules; i++)
        boot_take_module(mods[i].paddr, mods[i].size, at(mods[i].cmdline_paddr));
    if (info->cmdline_paddr)
        copy_cmdline(at(info->cmdline_paddr));
}

/* QEMU puts the name of the image first, GRUB does not. Our own words all have a `=`. */
static const char *without_name(const char *words)
{
    const char *end = words;

    while (*end && *end != ' ' && *end != '=')
        end++;
    return *end == ' ' ? end + 1 : *end == '=' ? words : end;
}

static void read_multiboot(const struct mb_info *info)
{
    const struct mb_module *mods = at(info->mods_addr);

    boot.protocol = "multiboot";
    if (info->flags & MB_INFO_MEMMAP) {
        u64 p = info->mmap_addr, end = p + info->mmap_length;

        for (; p < end; p += ((const struct mb_mmap *)at(p))->size + sizeof(u32)) {
            const struct mb_mmap *e = at(p);

            if (e->type == MB_RAM)
                add_ram(e->addr, e->bytes);
        }
    }
    if (info->flags & MB_INFO_MODULES)
        for (u32 i = 0; i < info->mods_count; i++)
            boot_take_module(mods[i].start, mods[i].end - mods[i].start, at(mods[i].cmdline));
    if (info->flags & MB_INFO_CMDLINE)
        copy_cmdline(without_name(at(info->cmdline)));
}

void boot_info_read(u32 protocol, u32 info)
{
    boot.image.addr = (u64)(uintptr_t)image_start;
    boot.image.bytes = (u64)(image_end - image_start);
    if (protocol == BOOT_PVH)
        read_pvh(at(info));
    else
        read_multiboot(at(info));
}
