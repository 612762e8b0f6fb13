/* SPDX-License-Identifier: BSD-2-Clause */
/* rng.h: the numbers that a seed stands for: the machine, its guests and its devices draw from one stream. */
#pragma once
#include "lib/types.h"

struct rng {
    u64 state;
};

/* SplitMix64: any seed is as good as any other, 0 and 1 included. */
static inline u64 rng_next(struct rng *r)
{
    u64 z = r->state += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

/* 0 … n - 1. */
static inline u64 rng_below(struct rng *r, u64 n)
{
    return (u64)((unsigned __int128)rng_next(r) * n >> 64);
}

static inline u64 rng_between(struct rng *r, u64 least, u64 most)
{
    return least + rng_below(r, most - least + 1);
}

/* True so many times in RNG_ALWAYS. */
#define RNG_ALWAYS 65536u
static inline bool rng_chance(struct rng *r, u32 rate)
{
    return rate && rng_below(r, RNG_ALWAYS) < rate;
}
