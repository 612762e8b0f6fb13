/* SPDX-License-Identifier: BSD-2-Clause */
/* kvm_hypercall.h: the hypercall convention (SPEC A7-10): VMCALL/VMMCALL, number in RAX, arguments RBX RCX RDX RSI. */
#pragma once

#define PV_ENOSYS     1000 /* unknown number; returned negated */
#define PV_EPERM      1    /* not at CPL 0 */
#define PV_ENOENT     2
#define PV_ENOMEM     12
#define PV_EFAULT     14
#define PV_EBUSY      16
#define PV_EEXIST     17
#define PV_EINVAL     22
#define PV_EOPNOTSUPP 95 /* not on this machine, or not in this VM */
