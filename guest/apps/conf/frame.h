/* SPDX-License-Identifier: BSD-2-Clause */
/* frame.h: what the assembly of this image and its C share. Usable from assembly. */
#pragma once

#define SEL_CODE64    0x08
#define SEL_DATA      0x10
#define SEL_CODE32    0x18
#define SEL_TSS       0x20
#define SEL_USER_DATA 0x33
#define SEL_USER_CODE 0x3b

#define TRAP_ENTRY_BYTES 16

#define FIX_GP    0 /* #GP here: go on there */
#define FIX_TOLD  1 /* a not-present event here: the access is given up, go on there */
#define FIX_LEAVE 2 /* #UD here, at CPL 3: that is left, RAX is the result */

#ifndef __ASSEMBLER__
#include "lib/types.h"

/* What trap.S pushes, from the lowest address. */
struct frame {
    u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    u64 vector, error;
    u64 rip, cs, rflags, rsp, ss;
};

struct fixup {
    u64 at, resume, kind;
};

extern const u8 trap_entries[];
void trap(struct frame *f);
u64 user_enter(u64 rip, u64 arg, u64 rsp, u64 rflags, u64 *saved_rsp);
extern const char user_left[], touch_told[];

/* cpu.c: descriptor tables and stacks of a CPU. */
struct cpu;
void cpu_tables(struct cpu *c);
/* mmu.c */
void mmu_init(void);
/* The address at which CPL 3 sees the page of this one. */
#define USER_BASE 0x8000000000ull
/* harness (main.c): leaves a case that cannot go on. */
_Noreturn void case_abort(void);
#endif
