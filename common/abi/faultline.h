/* SPDX-License-Identifier: BSD-2-Clause */
/* faultline.h: what our host offers beyond KVM: its own CPUID leaf (SPEC A5-3), hypercalls and counters. */
#pragma once
#include <stdint.h>

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
    uint64_t exits; /* VM exits of all vCPUs */
};
_Static_assert(sizeof(struct fl_stats) == 20 * 8, "only u64 fields");
