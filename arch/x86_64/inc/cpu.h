/* SPDX-License-Identifier: BSD-2-Clause */
/* cpu.h: control-register bits and one inline function per privileged instruction. Usable from assembly for
 * the bits. */
#pragma once

#define CR0_PE 0x1
#define CR0_MP 0x2
#define CR0_EM 0x4
#define CR0_TS 0x8
#define CR0_ET 0x10
#define CR0_NE 0x20
#define CR0_WP 0x10000
#define CR0_AM 0x40000
#define CR0_NW 0x20000000
#define CR0_CD 0x40000000
#define CR0_PG 0x80000000

#define CR4_PSE        0x10
#define CR4_PAE        0x20
#define CR4_PGE        0x80
#define CR4_OSFXSR     0x200
#define CR4_OSXMMEXCPT 0x400
#define CR4_LA57       0x1000
#define CR4_VMXE       0x2000
#define CR4_FSGSBASE   0x10000
#define CR4_PCIDE      0x20000
#define CR4_OSXSAVE    0x40000
#define CR4_CET        0x800000

#define RFLAGS_FIXED 0x2 /* bit 1 always reads 1 */
#define RFLAGS_CF    0x1
#define RFLAGS_PF    0x4
#define RFLAGS_AF    0x10
#define RFLAGS_ZF    0x40
#define RFLAGS_SF    0x80
#define RFLAGS_TF    0x100
#define RFLAGS_IF    0x200
#define RFLAGS_DF    0x400
#define RFLAGS_OF    0x800
#define RFLAGS_VM    0x20000
#define RFLAGS_AC    0x40000

#ifndef __ASSEMBLER__
#include "lib/types.h"

struct cpuid_regs {
    u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
    struct cpuid_regs r;

    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

static inline u64 rdmsr(u32 msr)
{
    u32 lo, hi;

    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
    return (u64)hi << 32 | lo;
}

/* Also a compiler barrier: stores before it stay before it (A4-27). */
static inline void wrmsr(u32 msr, u64 v)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

/* false: no number was ready. */
static inline bool rdrand(u64 *out)
{
    bool ready;

    __asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(ready));
    return ready;
}

static inline u64 rdtsc(void)
{
    u32 lo, hi;

    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (u64)hi << 32 | lo;
}

static inline u8 in8(u16 port)
{
    u8 v;

    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory");
    return v;
}

static inline u16 in16(u16 port)
{
    u16 v;

    __asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port) : "memory");
    return v;
}

static inline u32 in32(u16 port)
{
    u32 v;

    __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port) : "memory");
    return v;
}

static inline void out8(u16 port, u8 v)
{
    __asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline void out32(u16 port, u32 v)
{
    __asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline u64 read_cr0(void)
{
    u64 v;

    __asm__ volatile("mov %%cr0, %0" : "=r"(v));
    return v;
}

static inline void write_cr0(u64 v)
{
    __asm__ volatile("mov %0, %%cr0" : : "r"(v) : "memory");
}

static inline u64 read_cr2(void)
{
    u64 v;

    __asm__ volatile("mov %%cr2, %0" : "=r"(v));
    return v;
}

static inline void write_cr2(u64 v)
{
    __asm__ volatile("mov %0, %%cr2" : : "r"(v));
}

static inline u64 read_cr3(void)
{
    u64 v;

    __asm__ volatile("mov %%cr3, %0" : "=r"(v));
    return v;
}

static inline void write_cr3(u64 v)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(v) : "memory");
}

static inline u64 read_cr4(void)
{
    u64 v;

    __asm__ volatile("mov %%cr4, %0" : "=r"(v));
    return v;
}

static inline void write_cr4(u64 v)
{
    __asm__ volatile("mov %0, %%cr4" : : "r"(v) : "memory");
}

static inline u64 read_rflags(void)
{
    u64 v;

    __asm__ volatile("pushfq; popq %0" : "=r"(v) : : "memory");
    return v;
}

/* Clears bit 0 and tells whether it was set, by one instruction, which is not locked: for a word of this CPU alone. */
static inline bool bit0_take(u32 *word)
{
    bool was;

    __asm__ volatile("btrl $0, %0" : "+m"(*word), "=@ccc"(was));
    return was;
}

static inline void sti(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline void cli(void)
{
    __asm__ volatile("cli" : : : "memory");
}

static inline void hlt(void)
{
    __asm__ volatile("hlt" : : : "memory");
}

/* Adjacent, so that the interrupt shadow of STI covers the HLT. */
static inline void sti_hlt(void)
{
    __asm__ volatile("sti; hlt" : : : "memory");
}

static inline void invlpg(const void *p)
{
    __asm__ volatile("invlpg (%0)" : : "r"(p) : "memory");
}

/* area: 512 bytes, 16-byte aligned. */
static inline void clts(void)
{
    __asm__ volatile("clts" : : : "memory");
}

static inline void fxsave(void *area)
{
    __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

static inline void fxrstor(const void *area)
{
    __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

/* The SSE part of an FXSAVE image alone: MXCSR and XMM0-15 (SDM vol. 1, table 10-2). */
static inline void sse_load(const void *area)
{
    __asm__ volatile("ldmxcsr 24(%0)\n"
                     "movaps 160(%0), %%xmm0\n"
                     "movaps 176(%0), %%xmm1\n"
                     "movaps 192(%0), %%xmm2\n"
                     "movaps 208(%0), %%xmm3\n"
                     "movaps 224(%0), %%xmm4\n"
                     "movaps 240(%0), %%xmm5\n"
                     "movaps 256(%0), %%xmm6\n"
                     "movaps 272(%0), %%xmm7\n"
                     "movaps 288(%0), %%xmm8\n"
                     "movaps 304(%0), %%xmm9\n"
                     "movaps 320(%0), %%xmm10\n"
                     "movaps 336(%0), %%xmm11\n"
                     "movaps 352(%0), %%xmm12\n"
                     "movaps 368(%0), %%xmm13\n"
                     "movaps 384(%0), %%xmm14\n"
                     "movaps 400(%0), %%xmm15"
                     :
                     : "r"(area)
                     : "memory");
}

#endif
