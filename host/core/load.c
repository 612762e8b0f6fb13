/* SPDX-License-Identifier: BSD-2-Clause */
/* load.c: check a guest image, copy its segments, write the PVH start information. */
#include "load.h"
#include "vm.h"
#include "guestmem.h"
#include "hw.h"
#include "abi/pvh.h"
#include "lib/elf.h"
#include "lib/str.h"

static enum load_error from_elf(enum elf_error e)
{
    switch (e) {
    case ELF_OK:
        return LOAD_OK;
    case ELF_NOT_ELF:
    case ELF_WRONG_KIND:
        return LOAD_NOT_ELF;
    case ELF_TRUNCATED:
        return LOAD_TRUNCATED;
    case ELF_NO_SEGMENTS:
    case ELF_MANY_SEGMENTS:
    case ELF_SEGMENT_SIZE:
        return LOAD_SEGMENTS;
    case ELF_NO_PVH:
        return LOAD_NO_PVH;
    case ELF_OUTSIDE:
    case ELF_ENTRY:
        break;
    }
    return LOAD_OUTSIDE;
}

/* What follows a segment's bytes in memory is zero already: nobody has touched it. */
static enum load_error load_segments(struct vm *vm, const u8 *image, const struct elf_image *elf)
{
    for (unsigned i = 0; i < elf->segments; i++) {
        const struct elf_segment *s = &elf->segment[i];

        if (s->paddr < LOAD_INFO_END && s->paddr + s->memsz > LOAD_INFO)
            return LOAD_OUTSIDE;
    }
    for (unsigned i = 0; i < elf->segments; i++) {
        const struct elf_segment *s = &elf->segment[i];

        if (!guest_load(vm, (gpa_t){s->paddr}, image + s->offset, s->filesz))
            return LOAD_STORE;
    }
    return LOAD_OK;
}

/* The start information's pages are filled from the bottom. The first error stays. */
struct writer {
    struct vm *vm;
    u64 at;
    enum load_error error;
};

/* Returns where it went. */
static u64 put(struct writer *w, const void *from, size_t n, size_t align)
{
    u64 at = ROUND_UP(w->at, align);

    if (w->error)
        return 0;
    if (n > LOAD_INFO_END - LOAD_INFO || at + n > LOAD_INFO_END) {
        w->error = LOAD_CMDLINE;
        return 0;
    }
    if (!guest_load(w->vm, (gpa_t){at}, from, n))
        w->error = LOAD_STORE;
    w->at = at + n;
    return at;
}

static u64 put_string(struct writer *w, const char *s)
{
    return s ? put(w, s, strlen(s) + 1, 1) : 0;
}

static void put_memmap(struct writer *w, struct pvh_start_info *info)
{
    struct pvh_memmap_entry map[SLOT_MAX];
    const struct slots *set = w->vm->slots;
    unsigned slots = 0;

    for (unsigned i = 0; i < set->count; i++) {
        const struct slot *s = set->at[i];

        if (s->id != SLOT_PUBLIC)
            continue;
        map[slots++] = (struct pvh_memmap_entry){
            .addr = gfn_gpa(s->base).v, .size = s->pages * PAGE_SIZE, .type = PVH_MEM_RAM};
    }
    info->memmap_entries = slots;
    info->memmap_paddr = put(w, map, slots * sizeof(map[0]), 8);
}

static void put_modules(struct writer *w, struct pvh_start_info *info, const struct load_module *module,
                        unsigned n)
{
    struct pvh_modlist_entry list[SLOT_MAX];

    for (unsigned i = 0; i < n; i++)
        list[i] = (struct pvh_modlist_entry){.paddr = module[i].at.v,
                                             .size = module[i].bytes,
                                             .cmdline_paddr = put_string(w, module[i].cmdline)};
    info->nr_modules = n;
    info->modlist_paddr = n ? put(w, list, n * sizeof(list[0]), 8) : 0;
}

enum load_error load_guest(struct vm *vm, const void *image, size_t bytes, const char *cmdline,
                           const struct load_module *module, unsigned modules)
{
    struct pvh_start_info info = {.magic = PVH_START_MAGIC, .version = 1};
    struct writer w = {.vm = vm, .at = LOAD_INFO + sizeof(info)};
    struct elf_image elf;
    enum load_error e;

    check(modules <= SLOT_MAX, "a module is a slot");
    if (vm->config.memory < LOAD_INFO_END)
        return LOAD_OUTSIDE;
    e = from_elf(elf_read(image, bytes, vm->config.memory, &elf));
    if (!e)
        e = load_segments(vm, image, &elf);
    if (e)
        return e;
    put_memmap(&w, &info);
    put_modules(&w, &info, module, modules);
    info.cmdline_paddr = put_string(&w, cmdline);
    w.at = LOAD_INFO;
    put(&w, &info, sizeof(info), 8);
    if (!w.error)
        hw_start_pvh(vm->vcpu[0], elf.pvh_entry, LOAD_INFO);
    return w.error;
}

const char *load_strerror(enum load_error e)
{
    switch (e) {
    case LOAD_OK:
        return "no error";
    case LOAD_NOT_ELF:
        return "not a 64-bit x86-64 ELF executable";
    case LOAD_TRUNCATED:
        return "truncated: its headers or segments reach beyond its end";
    case LOAD_SEGMENTS:
        return "no segments to load, too many, or one that is larger in the file than in memory";
    case LOAD_NO_PVH:
        return "no PVH entry note";
    case LOAD_OUTSIDE:
        return "it loads or starts outside the guest's memory, or below 0x6000 where the start information "
               "goes";
    case LOAD_CMDLINE:
        return "the command lines are too long";
    case LOAD_STORE:
        return "its memory could not be filled";
    }
    return "unknown error";
}
