/* SPDX-License-Identifier: BSD-2-Clause */
/* faultline.h: what our host offers beyond KVM: its own CPUID leaf (A5-3), hypercalls and counters. */
#pragma once
#include <stdint.h>
#include "layout.h"

#define FL_CPUID_BASE 0x40000100u /* EAX = highest leaf of the block, EBX:ECX:EDX = signature */
/*
 * EAX = FL_DIALECT_*, EBX = enum fl_personality, ECX = FL_FEATURE_*, EDX = number of vCPUs; their APIC IDs count from
 * 0
 */
#define FL_CPUID_DIALECTS 0x40000101u

#define FL_SIGNATURE_EBX 0x6c756146u /* "Faul" */
#define FL_SIGNATURE_ECX 0x6e696c74u /* "tlin" */
#define FL_SIGNATURE_EDX 0x70794865u /* "eHyp" */

#define FL_DIALECT_LEGACY 0x1
#define FL_DIALECT_PF2    0x2
#define FL_DIALECT_INT    0x4

#define FL_FEATURE_HYPERCALLS 0x1 /* the calls below exist */

/* How the host was told to speak APF to this VM (A5-1). */
enum fl_personality { FL_APF_NONE, FL_APF_LEGACY, FL_APF_PF2, FL_APF_INT, FL_APF_DUAL };

/* Hypercalls: CPL 0 only; results 0 or a negated PV_E* value. */

/* arg0 = gpa of a struct fl_stats (8-byte aligned, within one page), arg1 = FL_STATS_*. */
#define FL_HC_STATS 0x464c0001u
/*
 * arg0 = gpa, arg1 = bytes: take resident pages of the range away, dirty ones to swap. Returns how many were taken this
 * time; call again until 0.
 */
#define FL_HC_EVICT 0x464c0002u
/* arg0 = gpa, arg1 = bytes: unmap the range. Its pages stay in memory; the next touch of each finds it there. */
#define FL_HC_UNMAP 0x464c0003u
/*
 * arg0 = gpa, arg1 = bytes: move resident pages of the range to other frames of the host's; the guest's memory is the
 * same afterwards. Returns how many were moved: a few at most, fewer if few frames are free.
 */
#define FL_HC_MIGRATE 0x464c0004u

/*
 * Huge pages that are not executable (C10), for tests. arg0 = 0 off, 1 on; arg1 = ratio << 32 | period in ms, of
 * what is given back. Off is refused where the CPU needs it, on where the host was told never to.
 */
#define FL_HC_NX 0x464c0006u

/*
 * For tests of the host. A slot is a range of memory as the memory map has it: arg0 = gpa where it begins. MOVE: its
 * pages appear at arg1 = gpa instead. DELETE: they are lost. PV_EBUSY: pages of it are on their way, or another change
 * is; call again. PV_ENOENT: no slot begins there. PV_EEXIST: the new place overlaps another slot. PV_EINVAL: not
 * page-aligned, or beyond what a gpa can reach.
 */
#define FL_HC_SLOT_MOVE   0x464c0007u
#define FL_HC_SLOT_DELETE 0x464c0008u

/*
 * Copy this VM's memory while it runs, to memory of the host, and compare (C8); for tests. arg0 = FL_PRECOPY_*:
 * START begins, 0 or PV_EBUSY, PV_ENOMEM, PV_EOPNOTSUPP; arg1 = rounds in which the guest runs at most, 0 = as the host
 * likes. REPORT fills in the struct fl_precopy at gpa arg1 (8-byte aligned, within one page).
 */
#define FL_HC_PRECOPY         0x464c0005u
#define FL_PRECOPY_ROUNDS_MAX 16

enum fl_precopy_call {
    FL_PRECOPY_REPORT,
    FL_PRECOPY_START, /* writes are noticed in the way that is best here … */
    FL_PRECOPY_START_WRITE_PROTECT,
    FL_PRECOPY_START_DIRTY_BIT,
};

/*
 * Save this VM to the partition that the host was told of (`save=`); arg0 = FL_SAVE_*. The other vCPUs stand still
 * meanwhile. GO_ON: this VM ends, and goes on in the same boot as a new one made of what was saved. STOP: it ends with
 * status arg1, and goes on when a host is booted with `restore=`. KEEP: it goes on as it is. 0 in a VM that was saved
 * and goes on as it is, 1 in one made of what was saved; PV_EOPNOTSUPP: there is no partition, PV_EBUSY: another save
 * or copy is under way, PV_ENOSPC: the partition is too small, PV_EIO, PV_ENOMEM: nothing usable was saved.
 */
#define FL_HC_SAVE 0x464c0009u

enum fl_save_call { FL_SAVE_GO_ON, FL_SAVE_STOP, FL_SAVE_KEEP };

#define FL_STATS_RESET_MAX 0x1 /* inflight_max starts again from the present value */

/* Host counters of this VM since its start. Times in ns of the host's monotonic clock. */
struct fl_stats {
    uint64_t size; /* bytes the host filled in, this one included */
    uint64_t now_ns;
    uint64_t idle_ns;     /* vCPU time with nothing to run: halted, or waiting for a page; sum over vCPUs */
    uint64_t tdp_faults;  /* all TDP exits that concerned memory */
    uint64_t tdp_absent;  /* … of which the page had to be read, or was being read */
    uint64_t tdp_retries; /* … sent back because an invalidation was in progress or passed by */
    uint64_t not_present; /* not-present events injected */
    uint64_t ready;       /* page-ready events reported, wake-all not included */
    uint64_t dropped;     /* injected events whose ready was dropped by disable, reset or end of the VM */
    uint64_t wake_all;    /* wake-all events reported */
    uint64_t apf_halts;   /* artificial halts (A0-8) */
    uint64_t sync_waits;  /* faults the vCPU had to sit out */
    uint64_t reads;       /* pages read from the store */
    uint64_t writes;      /* pages written to swap */
    uint64_t zero_fills;  /* anonymous pages made on first touch */
    uint64_t evictions;   /* pages taken back */
    uint64_t resident;    /* pages resident now */
    uint64_t inflight_ns; /* integral of reads in flight over time: divide by elapsed ns for the average */
    uint64_t inflight_max;
    uint64_t exits;           /* VM exits of all vCPUs */
    uint64_t huge_maps;       /* leaves of 2 MiB installed where nothing was mapped */
    uint64_t collapses;       /* … in the place of a table of 4 KiB leaves */
    uint64_t tdp_retries_max; /* the longest row of tdp_retries that one vCPU has met */
    uint64_t nx_splits;       /* tables of small leaves made because a huge leaf must not be executable */
    uint64_t nx_recovered;    /* … given back, so that a huge leaf can come again */
    uint64_t nx_listed;       /* … to be given back in time */
    uint64_t nx_unlisted;     /* … for which the list had no place: these stay */
    uint64_t migrations;      /* pages moved to another frame */
};
ABI_ASSERT(sizeof(struct fl_stats) == 28 * 8, "only u64 fields");

enum fl_precopy_state { FL_PRECOPY_NEVER, FL_PRECOPY_RUNS, FL_PRECOPY_DONE, FL_PRECOPY_FAILED };

/* How the last copy went. All but the first two are 0 while it is under way. */
struct fl_precopy {
    uint64_t size;       /* bytes the host filled in, this one included */
    uint64_t state;      /* enum fl_precopy_state */
    uint64_t rounds;     /* in which the guest ran */
    uint64_t first;      /* pages of the first of them … */
    uint64_t running;    /* … of all … */
    uint64_t paused;     /* … and of the one in which it stood still */
    uint64_t pause_ns;   /* how long that was, without the comparison */
    uint64_t zero;       /* pages of the copy that were put as zero … */
    uint64_t source;     /* … as what the module has there … */
    uint64_t bytes;      /* … and with their bytes; a page counts as often as it was put */
    uint64_t mismatches; /* pages that differed from memory */
};
ABI_ASSERT(sizeof(struct fl_precopy) == 11 * 8, "only u64 fields");
