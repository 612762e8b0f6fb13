/* SPDX-License-Identifier: BSD-2-Clause */
/* gfnset.c: a small hash set whose deletions leave no tombstones, so a look-up stays short for ever. */
#include "gfnset.h"
#include "port.h"

static unsigned home(u64 key)
{
    return (unsigned)((key * 0x9e3779b97f4a7c15ull) >> 57) & (GFNSET_SIZE - 1);
}

/* Where key is, or the empty place where it would go. */
static unsigned place(const struct gfnset *s, u64 key)
{
    unsigned i = home(key);

    while (s->key[i] && s->key[i] != key)
        i = (i + 1) & (GFNSET_SIZE - 1);
    return i;
}

bool gfnset_has(const struct gfnset *s, gfn_t g)
{
    return s->key[place(s, g.v + 1)];
}

void gfnset_add(struct gfnset *s, gfn_t g)
{
    unsigned i = place(s, g.v + 1);

    check(!s->key[i], "H-A-13: a gfn is waited for once");
    s->key[i] = g.v + 1;
}

void gfnset_del(struct gfnset *s, gfn_t g)
{
    unsigned hole = place(s, g.v + 1), i = hole;

    check(s->key[hole], "H-A-13: only a waited-for gfn is removed");
    for (;;) {
        i = (i + 1) & (GFNSET_SIZE - 1);
        if (!s->key[i])
            break;
        /* The key at i may move back into the hole unless its home lies cyclically behind the hole. */
        if (((i - home(s->key[i])) & (GFNSET_SIZE - 1)) >= ((i - hole) & (GFNSET_SIZE - 1))) {
            s->key[hole] = s->key[i];
            hole = i;
        }
    }
    s->key[hole] = 0;
}

void gfnset_clear(struct gfnset *s)
{
    for (unsigned i = 0; i < GFNSET_SIZE; i++)
        s->key[i] = 0;
}
