/* SPDX-License-Identifier: BSD-2-Clause */
/* oracle.c: replacement by a key per page: whoever has the smallest goes. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "oracle.h"

#define NEVER SIZE_MAX

/* A policy is the key that a page has from an access on: that of access number `now`, a hit or not. */
typedef size_t (*key_fn)(const struct trace *t, size_t now, bool hit, size_t old_key);

static size_t key_lru(const struct trace *t, size_t now, bool hit, size_t old_key)
{
    (void)t;
    (void)hit;
    (void)old_key;
    return now;
}

static size_t key_fifo(const struct trace *t, size_t now, bool hit, size_t old_key)
{
    (void)t;
    return hit ? old_key : now;
}

static size_t key_random(const struct trace *t, size_t now, bool hit, size_t old_key)
{
    (void)t;
    (void)now;
    return hit ? old_key : (size_t)rand();
}

static size_t *next_use; /* of each access: the number of the next one to the same page */

static size_t key_opt(const struct trace *t, size_t now, bool hit, size_t old_key)
{
    (void)t;
    (void)hit;
    (void)old_key;
    return NEVER - next_use[now];
}

struct cache {
    unsigned count, frames;
    uint32_t *page; /* of each frame */
    size_t *key;    /* of each page */
    bool *in;       /* is the page? */
};

static void drop_smallest(struct cache *c)
{
    unsigned victim = 0;

    for (unsigned i = 1; i < c->count; i++)
        if (c->key[c->page[i]] < c->key[c->page[victim]])
            victim = i;
    c->in[c->page[victim]] = false;
    c->page[victim] = c->page[--c->count];
}

static size_t replay(const struct trace *t, unsigned frames, key_fn key)
{
    struct cache c = {.frames = frames,
                      .page = calloc(frames, sizeof(*c.page)),
                      .key = calloc(t->pages, sizeof(*c.key)),
                      .in = calloc(t->pages, sizeof(*c.in))};
    size_t hits = 0;

    srand(1);
    for (size_t i = 0; i < t->length; i++) {
        uint32_t p = t->at[i];
        bool hit = c.in[p];

        hits += hit;
        if (!hit && c.count == frames)
            drop_smallest(&c);
        if (!hit)
            c.page[c.count++] = p;
        c.in[p] = true;
        c.key[p] = key(t, i, hit, c.key[p]);
    }
    free(c.page);
    free(c.key);
    free(c.in);
    return hits;
}

size_t oracle_lru(const struct trace *t, unsigned frames)
{
    return replay(t, frames, key_lru);
}

size_t oracle_fifo(const struct trace *t, unsigned frames)
{
    return replay(t, frames, key_fifo);
}

size_t oracle_random(const struct trace *t, unsigned frames)
{
    return replay(t, frames, key_random);
}

size_t oracle_opt(const struct trace *t, unsigned frames)
{
    size_t *last = malloc(t->pages * sizeof(*last)), hits;

    for (unsigned p = 0; p < t->pages; p++)
        last[p] = NEVER;
    next_use = malloc(t->length * sizeof(*next_use));
    for (size_t i = t->length; i-- > 0;) {
        next_use[i] = last[t->at[i]];
        last[t->at[i]] = i;
    }
    hits = replay(t, frames, key_opt);
    free(last);
    free(next_use);
    return hits;
}
