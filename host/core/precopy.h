/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * precopy.h: copy the memory of a running guest: the core of snapshot and migration (SPEC C8).
 *
 * Rounds copy what the dirty log says was written since the page was last copied, at first everything. Once a round was
 * small, or there were enough of them, the guest is held still, the rest is copied, and it goes on. Background work in
 * bounded slices, advanced by whichever CPU's loop comes by: nothing here waits.
 */
#pragma once
#include "dirty.h"

struct slot;
struct store;
struct memory_image;

/* What a page is. */
enum precopy_kind {
    PRECOPY_NONE,
    PRECOPY_ZERO,   /* anonymous, never written */
    PRECOPY_SOURCE, /* what the slot's store has there */
    PRECOPY_BYTES,
};

/* Where the copy goes. */
struct precopy_sink;
struct precopy_sink_ops {
    /* A copy begins: what was put before is none of it. */
    void (*begin)(struct precopy_sink *);
    /*
     * The page is this now, whatever it was before; `page` is there during the call, NULL but for PRECOPY_BYTES. Under
     * the mapping lock: must not wait. False: it could not be taken.
     */
    bool (*put)(struct precopy_sink *, gfn_t gfn, enum precopy_kind kind, const void *page);
};
struct precopy_sink {
    const struct precopy_sink_ops *ops;
};

#define PRECOPY_ROUNDS 16 /* at most, the last one not included */
#define PRECOPY_READS  8  /* pages that are read from swap at a time */
#define PRECOPY_SLICE  64 /* pages that one call copies or verifies at most */

struct precopy_config {
    struct precopy_sink *sink;
    const struct memory_image
        *verify; /* the sink, if memory is to be compared with it before the guest goes on; or NULL */
    enum tdp_log mode;
    u64 small;       /* a round of so few pages is the last one that the guest runs in */
    unsigned rounds; /* … and so is this one: 1 … PRECOPY_ROUNDS */
};

enum precopy_state {
    PRECOPY_IDLE,
    PRECOPY_COPYING,   /* the guest runs */
    PRECOPY_STOPPING,  /* until it stands still */
    PRECOPY_LAST,      /* the rest, while it does */
    PRECOPY_VERIFYING, /* … and so it does here */
    PRECOPY_DONE,
    PRECOPY_FAILED,
};

enum precopy_failure {
    PRECOPY_NO_FAILURE,
    PRECOPY_SINK_FULL,
    PRECOPY_STORE_ERROR, /* a page could not be read from swap */
    PRECOPY_LOG_LOST,    /* somebody stopped the log, or changed the slots */
    PRECOPY_VM_ENDED,
};

/* Complete once the state is DONE or FAILED. */
struct precopy_report {
    enum precopy_failure failure;
    unsigned rounds;           /* in which the guest ran */
    u64 round[PRECOPY_ROUNDS]; /* pages of each */
    u64 last;                  /* pages copied while it stood still … */
    u64 pause_ns;              /* … which took so long, verifying not included */
    u64 kind[4];               /* pages put, by enum precopy_kind */
    u64 mismatches;            /* pages that differ from memory */
};

enum precopy_read_state { READ_FREE, READ_WAITING, READ_DONE, READ_FAILED };

/* A page on its way from a store. */
struct precopy_read {
    enum precopy_read_state state; /* by atomics */
    gfn_t gfn;
    hpa_t frame; /* 0: none yet */
};

struct precopy {
    enum precopy_state state; /* by atomics */
    u32 owned;                /* 1: a CPU is in here, and all that follows is its own */
    struct precopy_config config;
    u64 generation; /* of the slots: another one ends it */
    unsigned slot;  /* the slot … */
    u64 at;         /* … and the page of it that comes next … */
    u64 first, n;   /* … among these, whose bits were taken from the log */
    u64 bits[DIRTY_WORDS];
    u64 held; /* ns, when the guest was told to stand still */
    struct precopy_read read[PRECOPY_READS];
    struct precopy_report report;
};

/* Begin; DIRTY_ALREADY_ON also if one is under way. On an error nothing has changed. No locks held. */
enum dirty_result precopy_start(struct vm *vm, const struct precopy_config *c) must_check;

/* A slice of it; returns when the next one is due, TIME_NEVER if nothing is left to do. Any CPU, no locks held. */
u64 precopy_work(struct vm *vm, u64 now);

/* Is one under way? Another CPU may change that. */
bool precopy_runs(const struct precopy *p);
/* How the last one went, and its state; false while one is under way. */
bool precopy_last(struct precopy *p, enum precopy_state *state, struct precopy_report *report) must_check;

/* The VM has ended. */
void precopy_free(struct vm *vm);

/* The rest is between precopy's files. */

enum precopy_put { PUT_DONE, PUT_LATER, PUT_FAILED };

/* Put one page as it is now, or begin to read it from swap. */
enum precopy_put precopy_put_page(struct vm *vm, struct slot *s, gfn_t gfn) must_check;

/* Frames for reads. False: no memory; some may be there. */
bool precopy_reads_init(struct precopy *p) must_check;
/* Is one on its way? */
bool precopy_reads_pending(const struct precopy *p);
/* Have all arrived and been put? */
bool precopy_reads_over(const struct precopy *p);
/* Begin one. False: not now. */
bool precopy_read_start(struct vm *vm, struct slot *s, gfn_t gfn, struct store *from, u64 offset) must_check;
bool precopy_read_failed(const struct precopy *p);
/* Put what has arrived. False: the sink is full. */
bool precopy_reads_put(struct precopy *p) must_check;

/* Compare memory with the image from the cursor on, a slice of it. True: all is compared. The guest stands still. */
bool precopy_verify(struct vm *vm) must_check;
