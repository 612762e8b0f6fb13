/* SPDX-License-Identifier: BSD-2-Clause */
/* desc.h: the layouts of GDT, IDT and 64-bit TSS (Intel SDM vol. 3A, 3.4.5, 6.14.1 and 7.7). Constants usable
 * from assembly. */
#pragma once

/* Whole GDT entries, accessed bit already set so that the CPU never writes the table. */
#define GDT_CODE32 0x00cf9b000000ffff
#define GDT_CODE64 0x00af9b000000ffff
#define GDT_DATA   0x00cf93000000ffff

#define GATE_INT 0x8e /* present, DPL 0, interrupt gate: clears IF */

#define VEC_DB    1
#define VEC_NMI   2
#define VEC_BP    3
#define VEC_OF    4
#define VEC_UD    6
#define VEC_NM    7
#define VEC_DF    8
#define VEC_TS    10
#define VEC_NP    11
#define VEC_SS    12
#define VEC_GP    13
#define VEC_PF    14
#define VEC_AC    17
#define VEC_MC    18
#define VEC_FIRST 32 /* the first that is not an exception */

#ifndef __ASSEMBLER__
#include "lib/types.h"

struct desc_ptr {
    u16 limit;
    u64 base;
} __attribute__((packed));

struct idt_gate {
    u16 offset_15_0;
    u16 selector;
    u8 ist; /* 0 = stay on the present stack */
    u8 type;
    u16 offset_31_16;
    u32 offset_63_32;
    u32 reserved;
};

struct tss64 {
    u32 reserved0;
    u64 rsp[3];
    u64 reserved1;
    u64 ist[7]; /* ist[0] is IST1 */
    u64 reserved2;
    u16 reserved3;
    u16 iopb; /* sizeof(struct tss64) = no bitmap */
} __attribute__((packed));

_Static_assert(sizeof(struct desc_ptr) == 10, "operand of LGDT and LIDT");
_Static_assert(sizeof(struct idt_gate) == 16, "64-bit gate");
_Static_assert(sizeof(struct tss64) == 104, "64-bit TSS");

static inline struct idt_gate gate_make(void (*entry)(void), u16 selector, u8 ist, u8 type)
{
    u64 a = (u64)(uintptr_t)entry;

    return (struct idt_gate){
        .offset_15_0 = (u16)a,
        .selector = selector,
        .ist = ist,
        .type = type,
        .offset_31_16 = (u16)(a >> 16),
        .offset_63_32 = (u32)(a >> 32),
    };
}

/* A TSS takes two GDT entries; this fills both. */
static inline void gdt_set_tss(u64 slot[2], const struct tss64 *tss)
{
    u64 base = (u64)(uintptr_t)tss, limit = sizeof(*tss) - 1;

    slot[0] = limit | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
    slot[1] = base >> 32;
}

static inline void lgdt(const struct desc_ptr *p)
{
    __asm__ volatile("lgdt %0" : : "m"(*p) : "memory");
}

static inline void lidt(const struct desc_ptr *p)
{
    __asm__ volatile("lidt %0" : : "m"(*p) : "memory");
}

static inline void ltr(u16 selector)
{
    __asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}

#endif
