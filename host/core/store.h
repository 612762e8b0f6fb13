/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store.h: a place where pages live when they are not in memory; one page per request, asynchronous, polled.
 *
 * Ownership: a request belongs to the store from a successful store_submit() until `done` is called.
 */
#pragma once
#include "lib/types.h"

enum store_op { STORE_READ, STORE_WRITE };

struct store;

struct store_req {
    enum store_op op;
    u64 offset;  /* bytes from the start of the store, a multiple of PAGE_SIZE */
    hpa_t frame; /* the page in memory */
    void (*done)(struct store_req *);
    int status;       /* valid in done: 0, or the device's non-zero status code */
    struct store *at; /* the rest is the store's */
    u64 cookie;
};

/*
 * submit: 0 = accepted, done will be called once, from store_poll() on some CPU; -1 = full now, try later. Never
 * blocks. block: the device's number for the block at `offset`, for messages.
 */
struct store_ops {
    int (*submit)(struct store *, struct store_req *);
    u64 (*block)(const struct store *, u64 offset);
    bool (*is_zero)(const struct store *, u64 offset); /* the page is known to be; NULL: none is */
};

struct store {
    const struct store_ops *ops;
    const char *name; /* as the user knows it: the partition's name */
    u64 bytes;
};

/* The last page of a store may be partial: what lies behind `bytes` reads as zero. offset < bytes. */
static inline int must_check store_submit(struct store *s, struct store_req *r)
{
    r->at = s;
    return s->ops->submit(s, r);
}

/* Finish what has completed on this CPU: calls done for each. Returns how many. Implemented by the machine. */
unsigned store_poll(void);
