/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk.h: stores whose requests wait until the test completes them, in any order, with any status; and one
 * store_poll().
 *
 * A store holds real bytes, so contents can be followed from page to disk and back.
 */
#pragma once
#include "store.h"
#include "lib/lock.h"

#define FAKE_QUEUE 1024

struct fake_store {
    struct store store;
    u8 *data; /* a whole number of pages */
};

/* The device that all stores share. */
struct fake_disk {
    struct store_req *waiting[FAKE_QUEUE]; /* submitted and not finished, oldest first */
    unsigned count;
    unsigned room;      /* how many may wait; further submissions are refused */
    unsigned submitted; /* ever */
    unsigned refused;   /* ever */
    unsigned polls;
    unsigned prompt; /* store_poll() finishes each request with this chance in 256; 0 = only the test does */
    struct spinlock lock; /* several threads may play CPUs */
};
extern struct fake_disk fake_disk;

/* Forget all requests; an idle device with room. */
void fake_disk_reset(void);
/* Page i of a new store is filled with fake_store_byte(i). */
void fake_store_make(struct fake_store *s, const char *name, u64 bytes);
void fake_store_free(struct fake_store *s);
u8 fake_store_byte(u64 page);

/* Move the data (if status is 0) and call done for the i-th oldest request. */
void fake_disk_finish(unsigned i, int status);
/* The same for the request that concerns this page of this store; the test fails if there is none. */
void fake_store_finish(struct fake_store *s, u64 page, int status);
bool fake_store_waits(const struct fake_store *s, u64 page);
void fake_disk_finish_all(void);
