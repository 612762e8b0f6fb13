/* SPDX-License-Identifier: BSD-2-Clause */
/* apic.h: local APIC registers (Intel SDM vol. 3A, ch. 10). Usable from assembly. */
#pragma once

#define APIC_DEFAULT_BASE 0xfee00000

/* Byte offsets in the xAPIC page; the x2APIC MSR is MSR_X2APIC + (offset >> 4). */
#define APIC_ID          0x20 /* xAPIC: bits 31:24 */
#define APIC_VERSION     0x30
#define APIC_TPR         0x80
#define APIC_PPR         0xa0
#define APIC_EOI         0xb0
#define APIC_LDR         0xd0
#define APIC_DFR         0xe0 /* xAPIC only */
#define APIC_SVR         0xf0
#define APIC_ISR         0x100 /* 8 registers, 0x10 apart; likewise the two below */
#define APIC_TMR         0x180
#define APIC_IRR         0x200
#define APIC_ESR         0x280
#define APIC_LVT_CMCI    0x2f0
#define APIC_ICR         0x300 /* x2APIC: one 64-bit register, destination in bits 63:32 */
#define APIC_ICR_HI      0x310 /* xAPIC only: destination in bits 31:24 */
#define APIC_LVT_TIMER   0x320
#define APIC_LVT_THERMAL 0x330
#define APIC_LVT_PERF    0x340
#define APIC_LVT_LINT0   0x350
#define APIC_LVT_LINT1   0x360
#define APIC_LVT_ERROR   0x370
#define APIC_TIMER_INIT  0x380
#define APIC_TIMER_NOW   0x390
#define APIC_TIMER_DIV   0x3e0
#define APIC_SELF_IPI    0x3f0 /* x2APIC only */

#define APIC_SVR_ENABLE     0x100
#define APIC_LVT_MASKED     0x10000
#define APIC_LVT_PENDING    0x1000
#define APIC_TIMER_ONESHOT  0x00000
#define APIC_TIMER_PERIODIC 0x20000
#define APIC_TIMER_DEADLINE 0x40000
#define APIC_TIMER_MODE     0x60000
#define APIC_TIMER_DIV_1    0xb
#define APIC_TIMER_DIV_16   0x3

/* ICR, low word */
#define APIC_ICR_VECTOR    0xff
#define APIC_ICR_FIXED     0x000
#define APIC_ICR_LOWEST    0x100
#define APIC_ICR_NMI       0x400
#define APIC_ICR_INIT      0x500
#define APIC_ICR_STARTUP   0x600
#define APIC_ICR_MODE      0x700
#define APIC_ICR_LOGICAL   0x800
#define APIC_ICR_PENDING   0x1000 /* xAPIC only */
#define APIC_ICR_ASSERT    0x4000
#define APIC_ICR_LEVEL     0x8000
#define APIC_ICR_SELF      0x40000
#define APIC_ICR_ALL       0x80000
#define APIC_ICR_OTHERS    0xc0000
#define APIC_ICR_SHORTHAND 0xc0000
