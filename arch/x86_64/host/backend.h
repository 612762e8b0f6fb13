/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backend.h: the virtualisation extensions behind hw.h: which one this machine has, and svm_NAME() and vmx_NAME()
 * for each hw_NAME().
 */
#pragma once
#include "hw.h"

#define HW(type, name, parameters, arguments) \
    type svm_##name parameters;               \
    type vmx_##name parameters;
#include "hw_calls.def"
#undef HW

/* Parts of APIC virtualisation, each of which may be had, and used, without the others. */
#define APICV_TPR     0x1u /* the task priority (TPR shadow) */
#define APICV_ACCESS  0x2u /* accesses to the page (virtualise APIC accesses) */
#define APICV_REGS    0x4u /* the other registers (APIC-register virtualisation); needs the first */
#define APICV_INTR    0x8u /* virtual-interrupt delivery; needs the first */
#define APICV_ALL     0xfu
#define APICV_SOUND   0x10u /* of these, what this machine gets right; meant if nothing is said */
#define APICV_UNKNOWN (~0u)
#define APICV_NAMES   "tpr, access, regs, intr"
/* What a name means: one of these, `all` or `none`. */
u32 apicv_part(const char *name, size_t length);

/*
 * Once, on the CPU that booted: choose the extension and make what all its guests share. If guests cannot run here,
 * false, and *why says what is missing, as a clause. apicv: the parts that may be used.
 */
bool hw_setup(u32 apicv, const char **why) must_check;
/* On each CPU, when its GS base and task register have their final values. False: no memory. */
bool hw_cpu_init(void) must_check;
/* A kick needs an NMI beside its interrupt, to end a guest that has interrupts off. */
bool hw_kick_nmi(void);
/* After hw_setup(): the extension, and what of it is used, for people. */
const char *hw_describe(void);
