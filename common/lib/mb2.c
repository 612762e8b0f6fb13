/* SPDX-License-Identifier: BSD-2-Clause */
/* mb2.c: walk the tags of the Multiboot2 information. */
#include "lib/mb2.h"
#include "abi/multiboot2.h"

static enum boot_error read_cmdline(const struct mb2_tag *t, struct boot_info *out)
{
    return boot_copy_cmdline(out->cmdline, (const char *)(t + 1), t->size - sizeof(*t));
}

static enum boot_error read_module(const struct boot_window *w, const struct mb2_tag *t,
                                   struct boot_info *out)
{
    const struct mb2_module *m = (const struct mb2_module *)t;
    struct boot_module *to;
    enum boot_error e;

    if (t->size < sizeof(*m))
        return BOOT_TRUNCATED;
    e = boot_add_module(out, m->start, m->end, &to);
    if (e)
        return e;
    if (!boot_at(w, m->start, m->end - m->start))
        return BOOT_TRUNCATED;
    return boot_copy_cmdline(to->cmdline, (const char *)(m + 1), t->size - sizeof(*m));
}

static enum boot_error read_memmap(const struct mb2_tag *t, struct boot_info *out)
{
    const struct mb2_memmap *m = (const struct mb2_memmap *)t;
    enum boot_error e = BOOT_OK;

    /* Entries are a multiple of 8 (3.6.8), so that each is aligned as the tag is. */
    if (t->size < sizeof(*m) || m->entry_size < sizeof(struct mb2_memmap_entry) ||
        m->entry_size % MB2_TAG_ALIGN)
        return BOOT_TRUNCATED;
    for (u64 at = sizeof(*m); at + m->entry_size <= t->size && !e; at += m->entry_size) {
        const struct mb2_memmap_entry *r = (const struct mb2_memmap_entry *)((const char *)t + at);

        e = boot_add_range(out, r->addr, r->size, r->type == MB2_MEM_RAM);
    }
    return e;
}

static enum boot_error read_tag(const struct boot_window *w, const struct mb2_tag *t, struct boot_info *out)
{
    switch (t->type) {
    case MB2_TAG_CMDLINE:
        return read_cmdline(t, out);
    case MB2_TAG_MODULE:
        return read_module(w, t, out);
    case MB2_TAG_MEMMAP:
        return read_memmap(t, out);
    case MB2_TAG_RSDP1:
    case MB2_TAG_RSDP2: /* the copy in the tag serves as well as the original */
        out->rsdp = (uintptr_t)(t + 1) - w->base;
        return BOOT_OK;
    default: /* most tags are of no use to us */
        return BOOT_OK;
    }
}

enum boot_error mb2_read(const struct boot_window *w, u64 info, struct boot_info *out)
{
    const struct mb2_info *head = boot_at(w, info, sizeof(*head));
    u64 at = sizeof(*head), total;
    enum boot_error e;

    out->modules = out->ranges = 0;
    out->rsdp = 0;
    out->cmdline[0] = 0;
    if (!head || info % MB2_TAG_ALIGN)
        return BOOT_TRUNCATED;
    total = head->total_size;
    if (total < sizeof(*head) || !boot_at(w, info, total))
        return BOOT_MAGIC;
    for (;;) {
        const struct mb2_tag *t = (const struct mb2_tag *)((const char *)head + at);

        if (total - at < sizeof(*t) || t->size < sizeof(*t) || t->size > total - at)
            return BOOT_TRUNCATED;
        if (t->type == MB2_TAG_END)
            return boot_has_ram(out) ? BOOT_OK : BOOT_NO_MEMMAP;
        e = read_tag(w, t, out);
        if (e)
            return e;
        at += ROUND_UP((u64)t->size, MB2_TAG_ALIGN);
        if (at > total)
            return BOOT_TRUNCATED;
    }
}
