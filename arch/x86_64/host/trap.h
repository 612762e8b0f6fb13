/* SPDX-License-Identifier: BSD-2-Clause */
/* trap.h: the host's interrupt vectors and what trap.S saves. Constants usable from assembly. */
#pragma once

#define VEC_TIMER    0x40
#define VEC_KICK     0x41
#define VEC_STORE    0x42
#define VEC_SPURIOUS 0xff

#ifndef __ASSEMBLER__
#include "lib/types.h"

struct trap_frame {
    u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    u64 vector, error;
    u64 rip, cs, rflags, rsp, ss; /* pushed by the CPU */
};

/* The calling CPU gets its GDT, TSS, emergency stack, IDT and this_cpu(). */
struct cpu;
void trap_init_cpu(struct cpu *c);
/* The base of the IDT that all CPUs share. */
u64 trap_idt(void);

void trap_handle(struct trap_frame *f);

#endif
