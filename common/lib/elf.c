/* SPDX-License-Identifier: BSD-2-Clause */
/* elf.c: validate an ELF64 image and collect its segments and its PVH entry. */
#include "lib/elf.h"
#include "lib/str.h"
#include "abi/pvh.h"

#define EI_CLASS  4 /* class, data and version follow each other in ident */
#define ET_EXEC   2
#define ET_DYN    3
#define EM_X86_64 62
#define PT_LOAD   1
#define PT_NOTE   4

struct elf_header {
    u8 ident[16];
    u16 type, machine;
    u32 version;
    u64 entry, phoff, shoff;
    u32 flags;
    u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
    u32 type, flags;
    u64 offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_note {
    u32 namesz, descsz, type;
};

_Static_assert(sizeof(struct elf_header) == 64, "ELF64 header");
_Static_assert(sizeof(struct elf_phdr) == 56, "ELF64 program header");

static bool inside(u64 offset, u64 n, u64 bytes)
{
    return n <= bytes && offset <= bytes - n;
}

static enum elf_error check_header(const struct elf_header *h, size_t bytes)
{
    static const u8 kind[] = {2, 1, 1}; /* 64 bits, little endian, version 1 */

    if (memcmp(h->ident + EI_CLASS, kind, sizeof(kind)))
        return ELF_WRONG_KIND;
    if ((h->type != ET_EXEC && h->type != ET_DYN) || h->machine != EM_X86_64)
        return ELF_WRONG_KIND;
    if (h->phentsize != sizeof(struct elf_phdr))
        return h->phnum ? ELF_WRONG_KIND : ELF_NO_SEGMENTS;
    return inside(h->phoff, (u64)h->phnum * sizeof(struct elf_phdr), bytes) ? ELF_OK : ELF_TRUNCATED;
}

static enum elf_error add_segment(const struct elf_phdr *p, size_t bytes, u64 memory, struct elf_image *out)
{
    if (!inside(p->offset, p->filesz, bytes))
        return ELF_TRUNCATED;
    if (p->filesz > p->memsz)
        return ELF_SEGMENT_SIZE;
    if (!inside(p->paddr, p->memsz, memory))
        return ELF_OUTSIDE;
    if (out->segments == ELF_SEGMENTS_MAX)
        return ELF_MANY_SEGMENTS;
    out->segment[out->segments++] = (struct elf_segment){p->offset, p->paddr, p->filesz, p->memsz};
    return ELF_OK;
}

/* Looks through one PT_NOTE; names and descriptors are padded to 4 bytes. */
static enum elf_error find_pvh(const u8 *image, const struct elf_phdr *p, size_t bytes, bool *found,
                               u32 *entry)
{
    u64 at = 0;

    if (!inside(p->offset, p->filesz, bytes))
        return ELF_TRUNCATED;
    while (inside(at, sizeof(struct elf_note), p->filesz)) {
        const u8 *raw = image + p->offset + at;
        struct elf_note n;
        u64 name = at + sizeof(n), desc;

        memcpy(&n, raw, sizeof(n));
        desc = name + ROUND_UP((u64)n.namesz, 4);
        if (!inside(desc, n.descsz, p->filesz))
            return ELF_TRUNCATED;
        if (n.type == PVH_NOTE_ENTRY && n.namesz == sizeof(PVH_NOTE_NAME) && n.descsz >= sizeof(*entry) &&
            !memcmp(raw + sizeof(n), PVH_NOTE_NAME, sizeof(PVH_NOTE_NAME))) {
            memcpy(entry, image + p->offset + desc, sizeof(*entry));
            *found = true;
        }
        at = desc + ROUND_UP((u64)n.descsz, 4);
    }
    return ELF_OK;
}

static bool entry_loaded(const struct elf_image *e)
{
    for (unsigned i = 0; i < e->segments; i++)
        if (e->pvh_entry >= e->segment[i].paddr && e->pvh_entry - e->segment[i].paddr < e->segment[i].filesz)
            return true;
    return false;
}

enum elf_error elf_read(const void *image, size_t bytes, u64 memory, struct elf_image *out)
{
    struct elf_header h;
    struct elf_phdr p;
    bool pvh = false;
    enum elf_error e;

    *out = (struct elf_image){0};
    if (bytes < 4 || memcmp(image, "\177ELF", 4))
        return ELF_NOT_ELF;
    if (bytes < sizeof(h))
        return ELF_TRUNCATED;
    memcpy(&h, image, sizeof(h));
    e = check_header(&h, bytes);
    for (unsigned i = 0; i < h.phnum && !e; i++) {
        memcpy(&p, (const u8 *)image + h.phoff + i * sizeof(p), sizeof(p));
        if (p.type == PT_LOAD && p.memsz)
            e = add_segment(&p, bytes, memory, out);
        else if (p.type == PT_NOTE)
            e = find_pvh(image, &p, bytes, &pvh, &out->pvh_entry);
    }
    if (e)
        return e;
    if (!out->segments)
        return ELF_NO_SEGMENTS;
    if (!pvh)
        return ELF_NO_PVH;
    return entry_loaded(out) ? ELF_OK : ELF_ENTRY;
}

const char *elf_strerror(enum elf_error e)
{
    switch (e) {
    case ELF_OK:
        return "no error";
    case ELF_NOT_ELF:
        return "not an ELF file";
    case ELF_WRONG_KIND:
        return "not a 64-bit x86-64 executable";
    case ELF_TRUNCATED:
        return "truncated: its headers or segments reach beyond its end";
    case ELF_NO_SEGMENTS:
        return "nothing in it to load";
    case ELF_MANY_SEGMENTS:
        return "too many segments";
    case ELF_SEGMENT_SIZE:
        return "a segment is larger in the file than in memory";
    case ELF_NO_PVH:
        return "no PVH entry note";
    case ELF_OUTSIDE:
        return "a segment lies outside the guest's memory";
    case ELF_ENTRY:
        return "the PVH entry lies outside its segments";
    }
    return "unknown error";
}
