/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm_cpuid.h: the CPUID leaves by which a KVM-compatible host says what it offers (A7-1, A7-2). Usable from assembly.
 */
#pragma once

#define KVM_CPUID_BASE         0x40000000 /* EAX = highest leaf, EBX:ECX:EDX = signature */
#define KVM_CPUID_FEATURES     0x40000001 /* EAX = feature bits below */
#define KVM_CPUID_TIMING       0x40000010 /* EAX = TSC kHz, EBX = local APIC bus kHz */
#define KVM_CPUID_BLOCK_STRIDE 0x100      /* the block may sit at any multiple of this from the base */

#define KVM_SIGNATURE_EBX 0x4b4d564b /* "KVMK" */
#define KVM_SIGNATURE_ECX 0x564b4d56 /* "VMKV" */
#define KVM_SIGNATURE_EDX 0x0000004d /* "M\0\0\0" */

/* Bit numbers in EAX of KVM_CPUID_FEATURES. */
#define KVM_FEATURE_CLOCK_OLD    0 /* PV_MSR_*_OLD */
#define KVM_FEATURE_NOP_IO       1
#define KVM_FEATURE_CLOCK        3
#define KVM_FEATURE_APF          4
#define KVM_FEATURE_STEAL        5
#define KVM_FEATURE_EOI          6
#define KVM_FEATURE_KICK         7 /* PV_HC_KICK wakes a halted vCPU */
#define KVM_FEATURE_TLB_FLUSH    9 /* PV_STEAL_FLUSH; needs KVM_FEATURE_STEAL */
#define KVM_FEATURE_APF_VMEXIT   10
#define KVM_FEATURE_IPI          11 /* PV_HC_IPI */
#define KVM_FEATURE_POLL         12
#define KVM_FEATURE_YIELD        13 /* PV_HC_YIELD */
#define KVM_FEATURE_APF_INT      14
#define KVM_FEATURE_CLOCK_STABLE 24

/* Bit numbers in EDX of KVM_CPUID_FEATURES. */
#define KVM_HINT_REALTIME 0 /* vCPUs are never preempted for long */

#define CPUID1_ECX_HYPERVISOR 31 /* CPUID.1:ECX bit that announces any hypervisor */
