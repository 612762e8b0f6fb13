/* SPDX-License-Identifier: BSD-2-Clause */
/* machine.c: port.h for stress runs, as far as the tree needs it. */
#include "machine.h"
#include "lib/lock.h"

#define FRAMES 8192u
#define CANARY 0xdbdbdbdbdbdbdbdbull
#define WORDS  (PAGE_SIZE / sizeof(u64))

_Thread_local unsigned my_cpu;
u32 kicked[THREADS];

static struct {
    u64 word[WORDS];
} __attribute__((aligned(PAGE_SIZE))) arena[FRAMES];
static struct spinlock lock;
static u32 fresh, count, spare[FRAMES];

bool port_frame_alloc(hpa_t *out)
{
    u32 f = FRAMES;
    u64 holds = 0;

    spin_lock(&lock);
    if (count) {
        f = spare[--count];
        holds = CANARY;
    } else if (fresh < FRAMES) {
        f = fresh++;
    }
    spin_unlock(&lock);
    if (f == FRAMES)
        return false;
    for (unsigned i = 0; i < WORDS; i++) {
        must(arena[f].word[i] == holds, "H-B-14: nobody writes to a frame that is free");
        arena[f].word[i] = CANARY - 1;
    }
    *out = port_hpa(&arena[f]);
    return true;
}

void port_frame_free(hpa_t frame)
{
    u64 f = (frame.v - port_hpa(arena).v) / PAGE_SIZE;

    must(f < FRAMES && !(frame.v & PAGE_MASK), "a frame is freed by its address");
    must(arena[f].word[0] != CANARY, "a frame is freed once");
    for (unsigned i = 0; i < WORDS; i++)
        arena[f].word[i] = CANARY;
    spin_lock(&lock);
    spare[count++] = (u32)f;
    spin_unlock(&lock);
}

unsigned frames_used(void)
{
    return fresh - count;
}

void *port_map(hpa_t at)
{
    must(at.v - port_hpa(arena).v < sizeof(arena), "C1-11: an entry leads to a frame");
    return (void *)(uintptr_t)at.v;
}

hpa_t port_hpa(const void *p)
{
    return (hpa_t){(uintptr_t)p};
}

unsigned port_cpu(void)
{
    return my_cpu;
}

unsigned port_cpu_count(void)
{
    return THREADS;
}

void port_kick(unsigned cpu)
{
    (void)at_xchg(&kicked[cpu], 1);
}

void port_panic(const char *invariant, const char *file, int line)
{
    printf("not ok - %s\n# %s:%d on thread %u\n", invariant, file, line, my_cpu);
    fflush(stdout);
    abort();
}
