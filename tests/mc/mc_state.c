/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mc_state.c: a state of the exploration as bytes: all globals of the program and the live part of every
 * stack.
 *
 * So product code is explored as it is, file-scope variables included, and nothing needs to be registered.
 * What must survive going back (the set of states met, the path) is on the heap; sites are constants or
 * counters and stay out.
 */
#include "mc_impl.h"
#include <stdlib.h>
#include <string.h>

extern u8 __data_start[], _end[];
extern struct mc_site __start_mc_sites[], __stop_mc_sites[];

/* Open addressing over 128-bit digests; an all-zero slot is empty. */
struct seen_set {
    u64 (*slot)[2];
    u64 mask, used;
};
static struct seen_set *seen; /* allocated once, so its address is the same in every state */

static u8 *copy_stacks(u8 *image, bool save)
{
    for (u32 i = 0; i < mc_ncpus; i++) {
        u8 *sp = mc_cpus[i].sp;
        size_t live = (u8 *)mc_cpus[i].top - sp;

        if (save)
            memcpy(image, sp, live);
        else
            memcpy(sp, image, live);
        image += live;
    }
    return image;
}

size_t mc_state_size(void)
{
    size_t size = _end - __data_start - ((u8 *)__stop_mc_sites - (u8 *)__start_mc_sites);

    for (u32 i = 0; i < mc_ncpus; i++)
        size += (u8 *)mc_cpus[i].top - (u8 *)mc_cpus[i].sp;
    return ROUND_UP(size, 8);
}

void mc_state_save(u8 *image)
{
    size_t before = (u8 *)__start_mc_sites - __data_start, after = _end - (u8 *)__stop_mc_sites;
    u8 *end;

    memcpy(image, __data_start, before);
    memcpy(image + before, __stop_mc_sites, after);
    end = copy_stacks(image + before + after, true);
    memset(end, 0, -(uintptr_t)end & 7);
}

/* The globals come first: they say which part of each stack was live. */
void mc_state_load(const u8 *image)
{
    size_t before = (u8 *)__start_mc_sites - __data_start, after = _end - (u8 *)__stop_mc_sites;

    memcpy(__data_start, image, before);
    memcpy(__stop_mc_sites, image + before, after);
    for (u32 i = 0; i < mc_ncpus; i++)
        memset((u8 *)mc_cpus[i].sp - KiB, 0, KiB);
    copy_stacks((u8 *)image + before + after, false);
}

static u64 mixed(u64 a, u64 b)
{
    unsigned __int128 m = (unsigned __int128)a * b;

    return (u64)m ^ (u64)(m >> 64);
}

static void digest(const u8 *image, size_t size, u64 out[2])
{
    u64 a = 0x9e3779b97f4a7c15, b = 0xc2b2ae3d27d4eb4f, w;

    for (size_t i = 0; i < size; i += 8) {
        memcpy(&w, image + i, 8);
        a = mixed(a ^ w, 0xa0761d6478bd642f);
        b = mixed(b + w, 0xe7037ed1a0b428db) + w;
    }
    out[0] = a;
    out[1] = b | 1;
}

static bool insert(struct seen_set *s, const u64 d[2])
{
    u64 i = d[0] & s->mask;

    for (; s->slot[i][1]; i = (i + 1) & s->mask)
        if (s->slot[i][0] == d[0] && s->slot[i][1] == d[1])
            return false;
    memcpy(s->slot[i], d, sizeof(s->slot[i]));
    s->used++;
    return true;
}

static struct seen_set seen_sized(u64 slots)
{
    struct seen_set s = {.slot = calloc(slots, sizeof(*s.slot)), .mask = slots - 1};

    if (!s.slot)
        abort();
    return s;
}

void mc_seen_clear(void)
{
    if (!seen)
        seen = calloc(1, sizeof(*seen));
    free(seen->slot);
    *seen = seen_sized(1 << 12);
}

bool mc_seen(const u8 *image, size_t size)
{
    u64 d[2];

    if (seen->used * 2 > seen->mask) {
        struct seen_set wide = seen_sized((seen->mask + 1) * 4);

        for (u64 i = 0; i <= seen->mask; i++)
            if (seen->slot[i][1])
                insert(&wide, seen->slot[i]);
        free(seen->slot);
        *seen = wide;
    }
    digest(image, size, d);
    return !insert(seen, d);
}
