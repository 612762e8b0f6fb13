/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.c: the guest's memory: one file without a name, mapped twice, and the memory slots over the first mapping.
 *
 *   0 ────────────── RAM ────────────── 0x30000000  ROM … window …  0x30200000 ──── RAM ──── mem
 *
 * A gpa is the offset in the file and in both mappings.
 */
#include "vmm.h"
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum slot { SLOT_LOW, SLOT_HIGH, SLOT_ROM, SLOT_WINDOW };

static u8 *map(struct vmm *m, int file)
{
    void *at = mmap(NULL, m->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);

    if (at == MAP_FAILED)
        unable("no address space for the guest's memory: %s", strerror(errno));
    return at;
}

void memory_open(struct vmm *m)
{
    int file = memfd_create("guest", MFD_CLOEXEC);

    m->bytes = MAX(m->options.mem, WINDOW_END);
    if (file < 0 || ftruncate(file, (off_t)m->bytes))
        unable("no memory for the guest: %s", strerror(errno));
    m->guest = map(m, file);
    m->kept = map(m, file);
    close(file);
}

/* bytes = 0 takes the slot away. */
static void set_slot(struct vmm *m, u32 slot, u64 gpa, u64 bytes, u32 flags)
{
    struct kvm_userspace_memory_region region = {.slot = slot,
                                                 .flags = flags,
                                                 .guest_phys_addr = gpa,
                                                 .memory_size = bytes,
                                                 .userspace_addr = (u64)(uintptr_t)(m->guest + gpa)};

    set_or_stop(m->fd, KVM_SET_USER_MEMORY_REGION, &region, "a memory slot");
}

static void add_window_slot(struct vmm *m, unsigned page)
{
    u64 gpa = WINDOW_BASE + page * PAGE_SIZE;

    if (m->window[page] != WINDOW_ABSENT)
        set_slot(m, SLOT_WINDOW + page, gpa, PAGE_SIZE,
                 m->window[page] == WINDOW_PROTECTED ? KVM_MEM_READONLY : 0);
}

void memory_add_slots(struct vmm *m)
{
    set_slot(m, SLOT_LOW, 0, MIN(m->options.mem, HOLE_BASE), 0);
    if (m->options.mem > HOLE_END)
        set_slot(m, SLOT_HIGH, HOLE_END, m->options.mem - HOLE_END, 0);
    set_slot(m, SLOT_ROM, ROM_BASE, PAGE_SIZE, KVM_MEM_READONLY);
    for (unsigned i = 0; i < HOOK_WINDOW_MAX; i++)
        add_window_slot(m, i);
}

/* A slot cannot become read-only: it goes and comes again. Accesses in between are put right by vcpu.c. */
void memory_window_set(struct vmm *m, unsigned page, enum window_page kind)
{
    if (m->window[page] == kind)
        return;
    if (m->window[page] != WINDOW_ABSENT)
        set_slot(m, SLOT_WINDOW + page, WINDOW_BASE + page * PAGE_SIZE, 0, 0);
    m->window[page] = kind;
    add_window_slot(m, page);
}

static bool in_window(u64 gpa)
{
    return gpa >= WINDOW_BASE && gpa < WINDOW_END;
}

static enum window_page window_at(struct vmm *m, u64 gpa)
{
    return m->window[(gpa - WINDOW_BASE) / PAGE_SIZE];
}

u8 *memory_at(struct vmm *m, u64 gpa)
{
    bool ram = gpa < m->options.mem && (gpa < HOLE_BASE || gpa >= HOLE_END);
    bool rom = gpa >= ROM_BASE && gpa < ROM_BASE + PAGE_SIZE;
    bool window = in_window(gpa) && window_at(m, gpa) != WINDOW_ABSENT;

    return ram || rom || window ? m->kept + gpa : NULL;
}

bool memory_may_write(struct vmm *m, u64 gpa)
{
    if (in_window(gpa))
        return window_at(m, gpa) == WINDOW_RAM;
    return memory_at(m, gpa) && (gpa < HOLE_BASE || gpa >= HOLE_END);
}
