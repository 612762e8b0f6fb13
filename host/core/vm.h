/* SPDX-License-Identifier: BSD-2-Clause */
/* vm.h: a virtual machine: its memory, its vCPUs, how it ends. */
#pragma once
#include "vcpu.h"
#include "slot.h"
#include "inv.h"
#include "bracket.h"
#include "pass.h"
#include "nx_worker.h"
#include "apic_move.h"
#include "pager.h"
#include "hold.h"
#include "hook.h"
#include "image.h"
#include "save.h"
#include "saved.h"
#include "uart.h"
#include "abi/faultline.h"

enum vm_state {
    VM_SETUP,
    VM_RUNNING,
    VM_PAUSED,  /* the store does not answer */
    VM_STOPPED, /* status is final */
};

/* Exit statuses of the host; a guest's own are 0 … VM_STATUS_GUEST_MAX. */
enum vm_status {
    VM_STATUS_GUEST_MAX = 0x5f,
    VM_STATUS_GUEST_BUG = 0x60,     /* the guest did what no machine allows */
    VM_STATUS_STORE_ERROR = 0x61,   /* a read or write failed */
    VM_STATUS_STORE_TIMEOUT = 0x62, /* the store stopped answering */
    VM_STATUS_CONFIG = 0x63,        /* bad arguments or guest image */
    VM_STATUS_MACHINE = 0x64,       /* the machine lacks what we need */
    VM_STATUS_PANIC = 0x65,         /* our own invariant is broken */
};

/* For messages. */
const char *vm_status_name(u32 status);

struct vm_config {
    u64 memory;   /* bytes of anonymous guest memory from address 0 */
    u64 resident; /* bytes of host memory the guest may occupy */
    unsigned vcpus;
    enum fl_personality apf;
    u32 pv_hidden;  /* KVM feature bits that CPUID does not show, whatever else says so */
    bool pv_lax;    /* what CPUID does not show works all the same (A3-25) */
    u64 io_timeout; /* ns without an answer from the store until the VM is paused and reported */
    u64 io_give_up; /* ns until it is stopped */
    enum nx_mode nx;
    u32 nx_ratio; /* of the tables that the mitigation costs, one of so many is given back at a time; 0: none */
    u64 nx_period;  /* ns between two times, 0: derived */
    bool hook;      /* with the device of abi/testhook.h */
    u64 apic_moves; /* that the APIC-access page makes, for a test (apic_move.h) */
};

struct vm {
    unsigned id;
    struct vm_config config;
    u32 pv_shown;        /* KVM feature bits in CPUID … */
    u32 pv_works;        /* … and those whose MSRs and hypercalls exist */
    enum vm_state state; /* shared, by atomics */
    u32 ending;          /* 1: somebody decides how it ends */
    u32 status;          /* valid when STOPPED */
    u64 stopped;         /* ns, when it became STOPPED */
    u64 flush_generation;
    u64 tsc_offset;     /* its time-stamp counter minus port_tsc() */
    u64 wall_clock_msr; /* PV_MSR_WALL_CLOCK as last written, shared, by atomics */
    struct vcpu *vcpu[VCPU_MAX];
    unsigned vcpus;
    struct slots *slots;  /* what gfns mean now: slot.h */
    struct passes passes; /* the readers of that */
    struct slot_table slot_table;
    struct slot slot[SLOTS + 1]; /* those of the sets, and one that is being made */
    struct tdp tdp;
    struct nx_worker nx_worker;
    struct apic_move apic_move;
    u32 log_quiet; /* the CPU whose walk for the dirty log is under way, + 1; by atomics */
    struct inv inv;
    u32 inv_reported;    /* a bit for each enum inv_bug, by atomics */
    u32 bracket_awaited; /* 1: a vCPU waits for the end of a bracket; written under the mapping lock */
    struct pager pager;
    struct hold hold;
    struct precopy precopy;
    struct memory_image image; /* the last one that the guest asked for (FL_HC_PRECOPY) */
    struct save save;
    struct saved saved; /* what it was restored from */
    struct uart uart;
    struct hook *hook;     /* NULL: there is none */
    bool tested;           /* there is a hook, or the APIC page is moved about */
    struct fl_stats stats; /* each by atomics */
};

#define stat_add(vm, field, n) ((void)at_add(&(vm)->stats.field, (u64)(n)))

/* The i-th slot; NULL behind the last. */
static inline struct slot *vm_slot(struct vm *vm, unsigned i)
{
    const struct slots *set = at_load_acq(&vm->slots);

    return i < set->count ? set->at[i] : NULL;
}

/* The frequency that the guest was told of its time-stamp counter, kHz. */
static inline u64 vm_tsc_khz(const struct vm *vm)
{
    return vm->saved.on ? vm->saved.header.tsc_khz : port_tsc_khz();
}

/* May its vCPUs run? */
static inline bool vm_may_run(const struct vm *vm)
{
    return at_load(&vm->state) == VM_RUNNING && !hold_on(&vm->hold);
}

/* Counters as FL_HC_STATS reports them, with what is derived (idle, resident) filled in. */
void vm_stats(struct vm *vm, struct fl_stats *out);

/* A VM without slots or image. NULL: the machine has not that much memory. */
struct vm *vm_create(unsigned id, const struct vm_config *c, struct store *swap) must_check;
void vm_destroy(struct vm *vm);

/* Guest asked to end with this status. Any CPU; the first one wins. */
void vm_exit(struct vm *vm, u32 status);
/* The VM did, or met, something it cannot go on from: report why, then stop it. v may be NULL. */
void vm_kill(struct vm *vm, struct vcpu *v, enum vm_status status, const char *fmt, ...) printf_like(4, 5);
/* The store went quiet, or answers again. */
void vm_pause(struct vm *vm);
void vm_resume(struct vm *vm);
