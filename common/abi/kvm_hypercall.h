/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm_hypercall.h: the hypercall convention (A7-10): VMCALL/VMMCALL, number in RAX, arguments RBX RCX
 * RDX RSI. Usable from assembly.
 */
#pragma once

#define PV_ENOSYS     1000 /* unknown number; returned negated */
#define PV_EPERM      1    /* not at CPL 0 */
#define PV_ENOENT     2
#define PV_EIO        5
#define PV_ENOMEM     12
#define PV_EFAULT     14
#define PV_EBUSY      16
#define PV_EEXIST     17
#define PV_EINVAL     22
#define PV_ENOSPC     28
#define PV_EOPNOTSUPP 95 /* not on this machine, or not in this VM */

/* arg0 = 0, arg1 = APIC id: wakes that vCPU if it is halted. 0 (KVM_FEATURE_KICK) */
#define PV_HC_KICK 5
/*
 * arg0, arg1 = bitmap of APIC ids, bit 0 of arg0 standing for id arg2; arg3 = low word of the ICR. Returns to
 * how many it went. 64 targets outside 64-bit mode, else 128 (KVM_FEATURE_IPI).
 */
#define PV_HC_IPI 10
/* arg0 = APIC id of a vCPU that should rather run than the caller. 0 (KVM_FEATURE_YIELD) */
#define PV_HC_YIELD 11
