/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_cpu.h: what SVM needs of each physical CPU, and whether this machine has it. */
#pragma once
#include "svm_asid.h"

/* Does the CPU know SVM at all? */
bool svm_exists(void);
/* Can guests run here? If not, *why says what is missing, as a clause. */
bool svm_supported(const char **why) must_check;

/* Once, on the CPU that booted, before svm_cpu_init(). */
void svm_setup(void);

/* On each CPU, when its GS base and task register have their final values. False: no memory. */
bool svm_cpu_init(void) must_check;

/* For people: what of it there is, in one line. */
const char *svm_describe(void);

struct svm_cpu {
    u64 host_state; /* physical: the host's FS, GS, TR … as VMSAVE stored them */
    const u8 *fpu;  /* the FXSAVE image that the FPU registers still equal; NULL = not known */
    const struct hw_vcpu *loaded;
    struct asid_pool asids;
};

/* The same on all CPUs, constant after svm_setup(). */
struct svm_features {
    bool nrips;         /* the VMCB tells where the next instruction is */
    bool flush_by_asid; /* TLB_CONTROL can flush one ASID */
    bool kick_nmi;      /* an interrupt does not end a guest that has its own off: an NMI must */
    bool decode; /* the VMCB tells which register a MOV to CR reads, and the bytes of what made a fault */
    hpa_t iopm, msrpm;
};
extern struct svm_features svm;

struct svm_cpu *svm_this_cpu(void);
