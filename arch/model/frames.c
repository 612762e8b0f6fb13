/* SPDX-License-Identifier: BSD-2-Clause */
/* frames.c: the machine's memory, and what the core gets of it (port.h). */
#include "frames.h"
#include "machine.h"
#include "sim_atomic.h"
#include "tlb.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define __asan_poison_memory_region(at, bytes)   ((void)(at), (void)(bytes))
#define __asan_unpoison_memory_region(at, bytes) ((void)(at), (void)(bytes))
#endif

#define MEMORY_BASE 0x1240000000ull /* no host physical address is an address of this process, or small */
#define FRAMES_MAX  8192u
#define BLOCKS_MAX  (FRAMES_MAX / BLOCK_PAGES)
#define POISON      0xd5

struct frame {
    bool allocated, lent;
    u32 life;
};

static struct frame frame[FRAMES_MAX];
static u32 unused[FRAMES_MAX]; /* numbers of free frames that belong to no block: a ring */
static u64 first_unused, unused_count, single_count, frame_count, in_use;
static bool block_taken[BLOCKS_MAX]; /* blocks come first in memory */
static u64 block_count;
static u8 *memory;

void frames_init(u64 singles, u64 blocks)
{
    u64 count = singles + blocks * BLOCK_PAGES;

    check(count <= FRAMES_MAX, "the machine has that much memory");
    if (!memory)
        memory =
            mmap(NULL, FRAMES_MAX * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    memset(frame, 0, sizeof(frame));
    __asan_unpoison_memory_region(memory, FRAMES_MAX * PAGE_SIZE);
    memset(memory, POISON, count * PAGE_SIZE);
    __asan_poison_memory_region(memory, count * PAGE_SIZE);
    memset(block_taken, 0, sizeof(block_taken));
    frame_count = count;
    block_count = blocks;
    single_count = unused_count = singles;
    first_unused = in_use = 0;
    for (u32 i = 0; i < singles; i++)
        unused[i] = (u32)blocks * BLOCK_PAGES + i;
}

u64 frames_in_use(void)
{
    return in_use;
}

static u64 number(hpa_t at)
{
    u64 n = (at.v - MEMORY_BASE) >> PAGE_SHIFT;

    if (at.v < MEMORY_BASE || n >= frame_count)
        machine_violation("memory", "0x%lx is no host physical address", at.v);
    return n;
}

bool frame_allocated(hpa_t at)
{
    return frame[number(at)].allocated;
}

u32 frame_life(hpa_t at)
{
    return frame[number(at)].life;
}

void frame_lend(hpa_t at)
{
    struct frame *f = &frame[number(at)];

    if (f->lent || !f->allocated)
        machine_violation("device", "frame 0x%lx goes to a device, but is %s", at.v,
                          f->lent ? "there" : "free");
    f->lent = true;
}

void frame_return(hpa_t at)
{
    frame[number(at)].lent = false;
}

bool frame_lent(hpa_t at)
{
    return frame[number(at)].lent;
}

void *frame_bytes(hpa_t at)
{
    return memory + (number(at) << PAGE_SHIFT) + (at.v & PAGE_MASK);
}

static void take(u64 n)
{
    frame[n].allocated = true;
    in_use++;
    __asan_unpoison_memory_region(memory + n * PAGE_SIZE, PAGE_SIZE);
}

static hpa_t place(u64 n)
{
    return (hpa_t){MEMORY_BASE + (n << PAGE_SHIFT)};
}

bool port_frame_alloc(hpa_t *out)
{
    u32 n;

    sim_point();
    if (!unused_count || rng_chance(&machine.rng, machine.config.memory_fails))
        return false;
    n = unused[first_unused];
    first_unused = (first_unused + 1) % single_count;
    unused_count--;
    take(n);
    *out = place(n);
    return true;
}

bool port_block_alloc(hpa_t *out)
{
    u64 n = 0;

    sim_point();
    while (n < block_count && block_taken[n])
        n++;
    if (n == block_count || rng_chance(&machine.rng, machine.config.memory_fails))
        return false;
    block_taken[n] = true;
    for (u64 i = 0; i < BLOCK_PAGES; i++)
        take(n * BLOCK_PAGES + i);
    *out = place(n * BLOCK_PAGES);
    return true;
}

/* The frame is nobody's any more: what is left of it is poison. */
static void give_back(hpa_t at)
{
    u64 n = number(at);

    if (!frame[n].allocated || frame[n].lent || (at.v & PAGE_MASK))
        machine_violation("memory", "frame 0x%lx is given back, but is %s", at.v,
                          frame[n].lent ? "a device's" : "free");
    tlb_check_free(at);
    frame[n].allocated = false;
    frame[n].life++;
    in_use--;
    memset(frame_bytes(at), POISON, PAGE_SIZE);
    __asan_poison_memory_region(frame_bytes(at), PAGE_SIZE);
}

void port_frame_free(hpa_t at)
{
    u64 n = number(at);

    sim_point();
    if (n < block_count * BLOCK_PAGES)
        machine_violation("memory", "frame 0x%lx is given back, but is part of a block", at.v);
    give_back(at);
    if (machine.config.frames_fifo) {
        unused[(first_unused + unused_count) % single_count] = (u32)n;
    } else {
        first_unused = (first_unused + single_count - 1) % single_count;
        unused[first_unused] = (u32)n;
    }
    unused_count++;
}

void port_block_free(hpa_t block)
{
    u64 n = number(block);

    sim_point();
    if (n >= block_count * BLOCK_PAGES || n % BLOCK_PAGES || !block_taken[n / BLOCK_PAGES])
        machine_violation("memory", "0x%lx is given back, but is no block", block.v);
    for (u64 i = 0; i < BLOCK_PAGES; i++)
        give_back(place(n + i));
    block_taken[n / BLOCK_PAGES] = false;
}

/* Whoever asks where a free frame is wants to read it, or write it. */
void *port_map(hpa_t at)
{
    if (!frame_allocated(at))
        machine_violation("memory", "frame 0x%lx is touched, and free (H-C-7)", at.v);
    return frame_bytes(at);
}

hpa_t port_hpa(const void *p)
{
    return (hpa_t){MEMORY_BASE + (u64)((const u8 *)p - memory)};
}

void *port_zalloc(size_t bytes)
{
    size_t size = ROUND_UP(bytes, PAGE_SIZE);
    void *p = rng_chance(&machine.rng, machine.config.memory_fails) ? NULL : aligned_alloc(PAGE_SIZE, size);

    if (!p)
        return NULL;
    machine.zalloced += bytes;
    return memset(p, 0, size);
}

void port_zfree(void *p, size_t bytes)
{
    if (!p)
        return;
    machine.zalloced -= bytes;
    free(p);
}
