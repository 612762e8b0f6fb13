/* SPDX-License-Identifier: BSD-2-Clause */
/* kvm_hypercall.h: the hypercall convention (SPEC A7-10): VMCALL/VMMCALL, number in RAX, arguments RBX RCX RDX RSI. */
#pragma once

#define PV_ENOSYS 1000 /* unknown number; returned negated */
#define PV_EPERM  1    /* not at CPL 0 */
#define PV_EFAULT 14
#define PV_EINVAL 22
