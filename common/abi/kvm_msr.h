/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm_msr.h: numbers and bit layouts of the paravirtual MSRs (A1.1, A2.1, A3.1, A7-3, A8). Usable from assembly.
 */
#pragma once
#include "layout.h"

#define PV_MSR_FIRST           0x4b564d00
#define PV_MSR_LAST            0x4b564dff
#define PV_MSR_WALL_CLOCK_OLD  0x11 /* with KVM_FEATURE_CLOCK_OLD; the same as the two below */
#define PV_MSR_SYSTEM_TIME_OLD 0x12
#define PV_MSR_WALL_CLOCK      0x4b564d00
#define PV_MSR_SYSTEM_TIME     0x4b564d01
#define PV_MSR_APF_EN          0x4b564d02
#define PV_MSR_STEAL           0x4b564d03
#define PV_MSR_EOI             0x4b564d04
#define PV_MSR_POLL            0x4b564d05
#define PV_MSR_APF_VEC         0x4b564d06 /* INT dialect: bits 7:0 vector */
#define PV_MSR_APF_PF2         0x4b564d06 /* PF2 dialect: bits 7:0 vector, bit 8 enable */
#define PV_MSR_APF_ACK         0x4b564d07

/* PV_MSR_APF_EN */
#define APF_EN_ON          0x1  /* deliver not-present events */
#define APF_EN_ALWAYS      0x2  /* also at CPL 0 */
#define APF_EN_VMEXIT      0x4  /* to L1 as a #PF VM exit; needs KVM_FEATURE_APF_VMEXIT */
#define APF_EN_INT         0x8  /* page-ready by interrupt; needs KVM_FEATURE_APF_INT */
#define APF_EN_RSVD        0x30 /* PF2 and INT: bits 5:4 */
#define APF_EN_RSVD_LEGACY 0x38 /* LEGACY: bits 5:3 */
#define APF_EN_SLOT_MASK   (~ABI_U64(0x3f))

/* PV_MSR_APF_PF2 */
#define APF_PF2_VECTOR 0xff
#define APF_PF2_ON     0x100
#define APF_PF2_RSVD   (~ABI_U64(0x1ff))

/* PV_MSR_APF_VEC */
#define APF_VEC_RSVD (~ABI_U64(0xff))

/* PV_MSR_APF_ACK */
#define APF_ACK_READY 0x1

/* PV_MSR_SYSTEM_TIME */
#define PV_CLOCK_ON 0x1

/* PV_MSR_STEAL: bit 0 on, bits 5:1 reserved, the rest the address of a struct pv_steal */
#define PV_STEAL_ON   0x1
#define PV_STEAL_RSVD 0x3e

/* PV_MSR_EOI: bit 0 on, bit 1 reserved, the rest the address of a 4-byte word of which the host uses bit 0 */
#define PV_EOI_ON   0x1
#define PV_EOI_RSVD 0x2
#define PV_EOI_SKIP 0x1 /* in the word: the interrupt in service needs no end-of-interrupt */

/* PV_MSR_POLL: bit 0 the host may poll before it halts the vCPU; it is 1 after reset */
#define PV_POLL_ON   0x1
#define PV_POLL_RSVD (~ABI_U64(0x1))
