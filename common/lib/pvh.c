/* SPDX-License-Identifier: BSD-2-Clause */
/* pvh.c: walk the PVH start information and what it points to. */
#include "lib/pvh.h"
#include "lib/str.h"
#include "abi/pvh.h"

/* A command line ends somewhere before the end of memory; 0 is none. */
static enum boot_error read_cmdline(const struct boot_window *w, u64 paddr, char to[BOOT_CMDLINE_MAX])
{
    const char *s = boot_at(w, paddr, 1);

    to[0] = 0;
    if (!paddr)
        return BOOT_OK;
    return s ? boot_copy_cmdline(to, s, w->bytes - paddr) : BOOT_TRUNCATED;
}

/* Nothing promises alignment: every structure is copied out. */
static enum boot_error read_modules(const struct boot_window *w, const struct pvh_start_info *si,
                                    struct boot_info *out)
{
    enum boot_error e = BOOT_OK;

    for (u32 i = 0; i < si->nr_modules && !e; i++) {
        const void *from = boot_at(w, si->modlist_paddr + i * (u64)sizeof(struct pvh_modlist_entry),
                                   sizeof(struct pvh_modlist_entry));
        struct pvh_modlist_entry m;
        struct boot_module *to;

        if (!from)
            return BOOT_TRUNCATED;
        memcpy(&m, from, sizeof(m));
        if (!boot_at(w, m.paddr, m.size))
            return BOOT_TRUNCATED;
        e = boot_add_module(out, m.paddr, m.paddr + m.size, &to);
        if (!e)
            e = read_cmdline(w, m.cmdline_paddr, to->cmdline);
    }
    return e;
}

static enum boot_error read_memmap(const struct boot_window *w, const struct pvh_start_info *si,
                                   struct boot_info *out)
{
    enum boot_error e = si->version ? BOOT_OK : BOOT_NO_MEMMAP;

    for (u32 i = 0; i < si->memmap_entries && !e; i++) {
        const void *from = boot_at(w, si->memmap_paddr + i * (u64)sizeof(struct pvh_memmap_entry),
                                   sizeof(struct pvh_memmap_entry));
        struct pvh_memmap_entry r;

        if (!from)
            return BOOT_TRUNCATED;
        memcpy(&r, from, sizeof(r));
        e = boot_add_range(out, r.addr, r.size, r.type == PVH_MEM_RAM);
    }
    return e;
}

enum boot_error pvh_read(const struct boot_window *w, u64 start_info, struct boot_info *out)
{
    const void *from = boot_at(w, start_info, sizeof(struct pvh_start_info));
    struct pvh_start_info si;
    enum boot_error e;

    out->modules = out->ranges = 0;
    if (!from)
        return BOOT_TRUNCATED;
    memcpy(&si, from, sizeof(si));
    if (si.magic != PVH_START_MAGIC)
        return BOOT_MAGIC;
    out->rsdp = si.rsdp_paddr;
    e = read_cmdline(w, si.cmdline_paddr, out->cmdline);
    if (!e)
        e = read_modules(w, &si, out);
    if (!e)
        e = read_memmap(w, &si, out);
    if (!e && !boot_has_ram(out))
        e = BOOT_NO_MEMMAP;
    return e;
}
