/* SPDX-License-Identifier: BSD-2-Clause */
/* boot.c: an image's segments, and the start information by which PVH tells it about its machine. */
#include "vmm.h"
#include "lib/elf.h"
#include "abi/pvh.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RANGES_MAX 5

struct low {
    struct pvh_start_info start;
    struct pvh_memmap_entry map[RANGES_MAX];
    char words[COMMAND_LINE];
    u8 acpi[1024];
};
_Static_assert(LOW_BASE + sizeof(struct low) <= LOW_END, "it fits below the adapters' range");

static const u8 *map_file(const char *path, size_t *bytes)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat s;
    void *at;

    if (file < 0 || fstat(file, &s))
        unable("%s: %s", path, strerror(errno));
    if (!S_ISREG(s.st_mode) || !s.st_size)
        unable("%s: not an image: not a file, or empty", path);
    *bytes = (size_t)s.st_size;
    at = mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE, file, 0);
    if (at == MAP_FAILED)
        unable("%s: %s", path, strerror(errno));
    close(file);
    return at;
}

static void load(struct vmm *m)
{
    const char *path = m->options.image;
    size_t bytes;
    const u8 *file = map_file(path, &bytes);
    struct elf_image image;
    enum elf_error e = elf_read(file, bytes, MIN(m->options.mem, HOLE_BASE), &image);

    if (e)
        unable("%s: %s", path, elf_strerror(e));
    for (unsigned i = 0; i < image.segments; i++) {
        const struct elf_segment *s = &image.segment[i];

        if (s->paddr < LOW_END && s->paddr + s->memsz > LOW_BASE)
            unable("%s: it wants memory from 0x%lx to 0x%lx", path, LOW_BASE, LOW_END);
        memcpy(m->kept + s->paddr, file + s->offset, s->filesz);
    }
    m->entry = image.pvh_entry;
    munmap((void *)(uintptr_t)file, bytes);
}

/* Returns the number of ranges. */
static u32 describe_memory(const struct options *o, struct pvh_memmap_entry *map)
{
    u32 n = 0;

    map[n++] = (struct pvh_memmap_entry){.addr = 0, .size = LOW_BASE, .type = PVH_MEM_RAM};
    map[n++] =
        (struct pvh_memmap_entry){.addr = LOW_BASE, .size = LOW_END - LOW_BASE, .type = PVH_MEM_RESERVED};
    map[n++] = (struct pvh_memmap_entry){
        .addr = LOW_END, .size = MIN(o->mem, HOLE_BASE) - LOW_END, .type = PVH_MEM_RAM};
    map[n++] =
        (struct pvh_memmap_entry){.addr = HOLE_BASE, .size = HOLE_END - HOLE_BASE, .type = PVH_MEM_RESERVED};
    if (o->mem > HOLE_END)
        map[n++] =
            (struct pvh_memmap_entry){.addr = HOLE_END, .size = o->mem - HOLE_END, .type = PVH_MEM_RAM};
    return n;
}

void boot_load(struct vmm *m)
{
    struct low *low = (struct low *)(m->kept + LOW_BASE);

    load(m);
    low->start = (struct pvh_start_info){
        .magic = PVH_START_MAGIC,
        .version = 1,
        .cmdline_paddr = LOW_BASE + offsetof(struct low, words),
        .rsdp_paddr = acpi_write(m, LOW_BASE + offsetof(struct low, acpi)),
        .memmap_paddr = LOW_BASE + offsetof(struct low, map),
        .memmap_entries = describe_memory(&m->options, low->map),
    };
    memcpy(low->words, m->options.words, sizeof(low->words));
}
