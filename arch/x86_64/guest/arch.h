/* SPDX-License-Identifier: BSD-2-Clause */
/* arch.h: what the files of this folder share: selectors, vectors, offsets. Usable from assembly. */
#pragma once
#include "desc.h"

#define SEL_CODE64 0x08
#define SEL_DATA   0x10
#define SEL_CODE32 0x18
#define SEL_TSS    0x20

/* All in the highest class, whose handlers run with interrupts off (A4-33). */
#define VEC_INTERRUPTS 0xf0
#define VEC_TIMER      0xf0
#define VEC_RESCHED    0xf1
#define VEC_CALL       0xf2
#define VEC_APF        0xf3
#define VEC_SPURIOUS   0xff
#define VEC_COUNT      256

#define AP_PAGE 0x8000 /* where other CPUs start, in real mode */

#define BOOT_PVH       0
#define BOOT_MULTIBOOT 1

/* struct percpu and struct thread, as assembly sees them; trap.c asserts them. */
#define PERCPU_SELF    0
#define PERCPU_CURRENT 8
#define THREAD_SP      0
#define THREAD_TLS     8
#define THREAD_FPU     128

#define MXCSR_DEFAULT 0x1f80

#ifndef __ASSEMBLER__
#include "percpu.h"
#include "thread.h"

/* What trap.S pushes, from the lowest address. */
struct frame {
    u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    u64 vector, error;
    u64 rip, cs, rflags, rsp, ss;
};

static inline struct percpu *this_cpu(void)
{
    struct percpu *c;

    __asm__ volatile("mov %%gs:%c1, %0" : "=r"(c) : "i"(PERCPU_SELF));
    return c;
}

/* head.S */
extern char image_start[], image_end[];
extern u64 boot_pml4[];
extern u8 first_stack[]; /* the first thread's; its lowest page is the guard */
extern u8 ap_code[], ap_code_end[];
extern void *ap_sp;
extern struct percpu *ap_percpu;
extern u64 head_tsc; /* the counter at the first instruction */
_Noreturn void arch_start(u32 protocol, u32 info);
_Noreturn void arch_ap_start(struct percpu *c);

/* boot_info.c: fills `boot` from what the loader left at `info`. */
void boot_info_read(u32 protocol, u32 info);

/* trap.S, trap.c, idt.c */
/* VEC_FIRST exceptions, then the interrupts from VEC_INTERRUPTS on. */
extern void (*const trap_entries[])(void);
extern const char karch_wait_hlt[], switch_tls[];
void trap_exception(struct frame *f);
void trap_page_fault(struct frame *f);
void trap_interrupt(struct frame *f);
/* fault.c: returns if the program's own handler says that what faulted is to be executed again. */
void trap_fault(struct frame *f, u64 cr2);
void idt_load(struct percpu *c);

/* karch.c */
u32 cpu_features(void);
void fsgsbase_init(void); /* on each CPU: WRFSBASE works if the CPU has it */

/* apic.c */
void apic_init(struct percpu *c);
u32 apic_id(void);
void apic_eoi(void);
void apic_start_cpu(u32 hw_id);

/* madt.c: names of the CPUs' interrupt controllers, by ACPI; 0 if there is no such table. */
unsigned madt_cpus(u32 *hw_ids, unsigned max);

/* pmap.c */
void pmap_map_device(u64 addr);
extern struct mutex pmap_lock; /* held by who changes what is mapped */
u64 *pmap_table(u64 entry);
/*
 * What the entry points to, a table; if it maps a large page itself, that is first cut into pages of so many bytes.
 * NULL if memory is out.
 */
u64 *pmap_split(u64 *entry, u64 bytes);
#endif
