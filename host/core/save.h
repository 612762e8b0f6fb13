/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * save.h: write a VM to a partition while it stands still (A3.6), to be restored by restore.h.
 *
 * Advanced in bounded slices by whichever CPU's loop comes by, like precopy.h: nothing here waits. All that can be
 * known not to fit is refused before anything is written; the header, without which nothing was saved, is written last.
 */
#pragma once
#include "exit.h"
#include "saved.h"
#include "lib/atomic.h"

struct vm;
struct vcpu;

#define SAVE_IOS   16 /* pages on their way at a time */
#define SAVE_SLICE 64 /* pages that one call looks at, at most */

enum save_mode {
    SAVE_GO_ON, /* the VM ends; whoever runs it restores it */
    SAVE_STOP,  /* the VM ends */
    SAVE_KEEP,  /* the VM goes on */
};

enum save_error {
    SAVE_OK,
    SAVE_NOWHERE,     /* the host was given no partition for it */
    SAVE_BUSY,        /* another save, or a copy, is under way */
    SAVE_SMALL,       /* the partition is full, or so large that an index cannot name its pages */
    SAVE_NO_MEMORY,   /* for the index */
    SAVE_STORE_ERROR, /* a page could not be read or written; the console says which */
};

enum save_step {
    SAVE_IDLE,
    SAVE_OVER,       /* the VM has ended, saved */
    SAVE_STOPPING,   /* until the guest stands still */
    SAVE_FORGETTING, /* what the partition held before, unless the VM runs from it */
    SAVE_MEMORY,
    SAVE_INDEX,
    SAVE_STATE,
    SAVE_HEADER,
    SAVE_LAST,   /* until all is written */
    SAVE_ANSWER, /* the vCPU that asked gets its answer, and the guest goes on */
};

/* A page of memory, and where the index says what became of it. */
struct save_page {
    struct slot *slot;
    gfn_t gfn;
    u32 *entry;
};

enum save_io_state {
    SAVE_IO_FREE,
    SAVE_IO_BUSY, /* the store has it */
    SAVE_IO_HERE, /* contents of `page`, to be put */
};

struct save_io {
    enum save_io_state state; /* by atomics */
    hpa_t frame;              /* 0: none yet */
    struct save_page page;
};

struct save {
    enum save_step step; /* by atomics */
    u32 owned;           /* 1: a CPU is in here, and all that follows is its own */
    struct store *to;    /* NULL: there is no such partition */
    enum save_mode mode;
    enum save_error error; /* the first one; by atomics */
    u32 status;            /* SAVE_STOP: how the VM ends */
    struct vcpu *asker;
    struct exit exit; /* the asker's */
    struct saved_header *header;
    struct saved_state *state;
    u32 *index[SLOTS];
    u64 *map; /* pages that may not be written to: saved_map() */
    u64 map_end, next;
    unsigned slot; /* the one … */
    u64 at;        /* … and its page, or that of its index, which come next */
    u64 began, told, pages;
    struct save_io io[SAVE_IOS];
};

/* Where to save to. Set-up time. */
void save_offer(struct vm *vm, struct store *to);

/*
 * `e`, an exit of v's that has not been completed, asks for the VM to be saved. SAVE_OK: it has begun, the exit is left
 * alone (OUTCOME_AGAIN); it is completed when the save has failed or the VM is kept, or in the VM that was restored.
 * Else nothing has changed. Owner of v.
 */
enum save_error save_start(struct vcpu *v, const struct exit *e, enum save_mode mode, u32 status,
                           bool apf_first) must_check;

/* Is one under way? */
static inline bool save_runs(const struct save *s)
{
    return at_load(&s->step) > SAVE_OVER;
}

/* A slice of it; returns when the next one is due, TIME_NEVER if nothing is left to do. Any CPU, no locks held. */
u64 save_work(struct vm *vm, u64 now) off_path;

/* The VM has ended, was saved and is to go on as what was saved. */
bool save_again(const struct vm *vm);
const char *save_strerror(enum save_error e);
/* The VM has ended. */
void save_free(struct vm *vm);

/* The rest is between the files of saving. */

/* Frames for pages on their way. */
bool save_io_init(struct save *s) must_check;
void save_io_free(struct save *s);
/* Nothing is on its way or here. */
bool save_io_idle(const struct save *s);
/* Begin to write a page of the partition. False: later. */
bool save_write(struct vm *vm, u64 at, const void *bytes) must_check;
/* Here is a page of memory, or begin to read it. False: later. */
bool save_take(struct vm *vm, const struct save_page *p, const void *bytes) must_check;
bool save_fetch(struct vm *vm, const struct save_page *p, struct store *from, u64 offset) must_check;
/* Give those that are here their places. */
void save_put(struct vm *vm);
/* The VM runs from what is on the partition. */
bool save_runs_from_it(const struct vm *vm);
/* The i-th slot that is saved; NULL behind the last. The APIC page is not: it holds nothing. */
struct slot *save_slot(struct vm *vm, unsigned i);
/* Fill the header and the state in; and the slots, with an index of each. The guest stands still. */
void save_describe_vm(struct vm *vm);
enum save_error save_describe_slots(struct vm *vm) must_check;
/* What the partition held before is no VM any more; but for what this VM runs from. False: not done yet. */
bool save_forget(struct vm *vm) must_check;
/* Write what the step's name says. False: not done yet, or there is no place, which is the error now. */
bool save_write_indices(struct vm *vm) must_check;
bool save_write_state(struct vm *vm) must_check;
bool save_write_header(struct vm *vm) must_check;
/* The next page of the partition that may be written to. 0: there is none, which is the error now. */
u32 save_place(struct save *s);
/* Look at a slice of memory. True: all of it has been. */
bool save_memory(struct vm *vm) must_check;
/* Forget those that are here. */
void save_drop(struct save *s);
/* Remember the first error. */
void save_failed(struct save *s, enum save_error e);
/* All vCPUs as plain data; they are held. */
void save_vcpus(struct vm *vm, struct saved_state *out);
