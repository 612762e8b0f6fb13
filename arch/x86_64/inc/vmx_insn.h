/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_insn.h: one inline function for each instruction of VMX that the host uses (SDM vol. 3, 31). */
#pragma once
#include "lib/types.h"

/* Operands of INVEPT and INVVPID. */
#define VMX_INV_SINGLE 1
#define VMX_INV_ALL    2

/* Each returns false if the instruction failed (VMfail), which only a bug of ours makes it do. */
static inline bool vmxon(hpa_t region)
{
    bool failed;

    __asm__ volatile("vmxon %1" : "=@ccbe"(failed) : "m"(region.v) : "memory");
    return !failed;
}

static inline bool vmclear(hpa_t vmcs)
{
    bool failed;

    __asm__ volatile("vmclear %1" : "=@ccbe"(failed) : "m"(vmcs.v) : "memory");
    return !failed;
}

static inline bool vmptrld(hpa_t vmcs)
{
    bool failed;

    __asm__ volatile("vmptrld %1" : "=@ccbe"(failed) : "m"(vmcs.v) : "memory");
    return !failed;
}

/* Of the current VMCS; false: there is no such field. */
static inline bool vmread_field(u64 field, u64 *out)
{
    bool failed;

    __asm__ volatile("vmread %2, %1" : "=@ccbe"(failed), "=rm"(*out) : "r"(field));
    return !failed;
}

static inline bool vmwrite_field(u64 field, u64 value)
{
    bool failed;

    __asm__ volatile("vmwrite %1, %2" : "=@ccbe"(failed) : "rm"(value), "r"(field) : "memory");
    return !failed;
}

static inline bool invept(u64 type, u64 eptp)
{
    struct {
        u64 eptp, zero;
    } operand = {eptp, 0};
    bool failed;

    __asm__ volatile("invept %1, %2" : "=@ccbe"(failed) : "m"(operand), "r"(type) : "memory");
    return !failed;
}

static inline bool invvpid(u64 type, u16 vpid)
{
    struct {
        u64 vpid, linear;
    } operand = {vpid, 0};
    bool failed;

    __asm__ volatile("invvpid %1, %2" : "=@ccbe"(failed) : "m"(operand), "r"(type) : "memory");
    return !failed;
}
