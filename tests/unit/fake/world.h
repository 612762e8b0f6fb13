/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world.h: a whole VM on the fake machine: anonymous memory at 0, a module on a store, swap, an APF slot for each vCPU.
 *
 * The test plays guest, disk and other CPUs; the core between them is the real one.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "fake/machine.h"
#include "fake/disk.h"
#include "hw.h"
#include "vm.h"
#include "abi/kvm_apf.h"
#include "abi/kvm_msr.h"

#define WORLD_MEMORY 256u        /* pages of anonymous memory */
#define WORLD_MODULE 128u        /* pages of the module; the last one is partial */
#define WORLD_BASE   0x100000ull /* first gfn of the module */
#define WORLD_TAIL   100u        /* bytes in its last page */
#define WORLD_SLOT(id) \
    (0x1fc0ull + (id)*0x1000ull)    /* gpa of a vCPU's slot: the last 64 bytes of a page (T-A-020) */
#define WORLD_HOLE   0x700000000ull /* a gpa that is no memory */
#define WORLD_VECTOR 0xf3u

struct world {
    struct vm *vm;
    struct vcpu *v; /* vCPU 0 */
    struct fake_store swap, module;
};
extern struct world world;

/* The format of the TDP tables of the next VM. world_leaf() and the bits below are of tdp_npt, the first one. */
extern const struct tdp_ops *fake_tdp;
extern bool fake_has_log; /* likewise hw_has_log() */

struct world_config {
    enum fl_personality apf;
    unsigned vcpus, cpus; /* 0 = 1 */
    unsigned frames;      /* 0 = 128 */
    u64 memory; /* pages of anonymous memory, 0 = WORLD_MEMORY; not more than the module begins at */
};

/* All vCPUs runnable at CPL 0 with open interrupts and enabled local APICs; slots zero and resident; VM running. */
void world_make(const struct world_config *c);
/* Everything is given back; all that was in flight is finished first. */
void world_end(void);
/* The same as cmocka's tear-down. */
int world_teardown(void **state);

static inline gfn_t module_gfn(u64 page)
{
    return (gfn_t){WORLD_BASE + page};
}

static inline gpa_t module_gpa(u64 page)
{
    return gfn_gpa(module_gfn(page));
}

/* One MSR access as an exit of v. */
enum outcome world_wrmsr(struct vcpu *v, u32 msr, u64 value);
enum outcome world_rdmsr(struct vcpu *v, u32 msr, u64 *value);
u64 world_msr(struct vcpu *v, u32 msr);

/* The two words of v's slot as its guest sees them. */
u32 world_slot(struct vcpu *v, unsigned word);
void world_slot_set(struct vcpu *v, unsigned word, u32 value);

/* The guest of v touches a page of the module (write access), without anything before or after. */
void world_touch(struct vcpu *v, u64 page);
/* What v's loop would do now: service requests, inject, run the guest for an instant. */
void world_enter(struct vcpu *v);
/* The module's page is read. */
void world_read_done(u64 page);
/* Take a page away, written to swap if it has to be. */
void world_evict(gfn_t gfn);
/* The entry through which hardware would reach gfn, or NULL where a table is missing; and bits of it. */
u64 *world_leaf(gfn_t gfn);
#define WORLD_P     BIT(0)
#define WORLD_A     BIT(5)
#define WORLD_D     BIT(6)
#define WORLD_HUGE  BIT(7) /* the entry is a leaf above the lowest level */
#define WORLD_FRAME 0x000ffffffffff000ull
/* Is anything mapped at gfn? */
bool world_mapped(gfn_t gfn);
enum page_state world_state(gfn_t gfn);

/* Events injected into v that world_next() has not returned yet. */
unsigned world_new(struct vcpu *v);
/* The oldest of them, which is thereby seen; FAKE_NO_EVENT if there is none. */
struct fake_injection world_next(struct vcpu *v);
/* Empty the log of injections. */
void world_forget(struct vcpu *v);
