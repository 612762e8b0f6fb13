/* SPDX-License-Identifier: BSD-2-Clause */
/* debugreg.h: the four breakpoint addresses, and bits of DR6 and DR7 (APM vol. 2, 13.1.1). */
#pragma once
#include "lib/types.h"

#define DR6_INIT  0xffff0ff0
#define DR6_TRAPS 0xf    /* which breakpoints matched */
#define DR6_BD    0x2000 /* a debug register was accessed */
#define DR6_BS    0x4000 /* single step */
#define DR7_INIT  0x400

static inline void read_dr0_3(u64 dr[4])
{
    __asm__ volatile("mov %%dr0, %0" : "=r"(dr[0]));
    __asm__ volatile("mov %%dr1, %0" : "=r"(dr[1]));
    __asm__ volatile("mov %%dr2, %0" : "=r"(dr[2]));
    __asm__ volatile("mov %%dr3, %0" : "=r"(dr[3]));
}

static inline void write_dr0_3(const u64 dr[4])
{
    __asm__ volatile("mov %0, %%dr0" : : "r"(dr[0]));
    __asm__ volatile("mov %0, %%dr1" : : "r"(dr[1]));
    __asm__ volatile("mov %0, %%dr2" : : "r"(dr[2]));
    __asm__ volatile("mov %0, %%dr3" : : "r"(dr[3]));
}

static inline u64 read_dr6(void)
{
    u64 v;

    __asm__ volatile("mov %%dr6, %0" : "=r"(v));
    return v;
}

static inline void write_dr6(u64 v)
{
    __asm__ volatile("mov %0, %%dr6" : : "r"(v));
}
