/* SPDX-License-Identifier: BSD-2-Clause */
/* vector.c: gates of the interrupt descriptor table led over stubs that read the counter. */
#include "vector.h"
#include "percpu.h"
#include "x86.h"

/* APM vol. 2, 4.8.4; of the kernel's gates all but the offset is kept. */
struct gate {
    u16 offset_low, selector, attributes, offset_middle;
    u32 offset_high, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "APM vol. 2, figure 4-24");

volatile u32 vector_at[WATCHES], vector_own_at, vector_own_eoi;
void *vector_next[WATCHES];
u32 *vector_eoi_word;
extern char vector_stub_fault[], vector_stub_ready[], vector_stub_own[];

#define STUB(name, index)                       \
    "vector_stub_" name ":\n"                   \
    "    push %rax\n"                           \
    "    push %rdx\n"                           \
    "    rdtsc\n"                               \
    "    mov %eax, vector_at + 4 * " index "\n" \
    "    pop %rdx\n"                            \
    "    pop %rax\n"                            \
    "    jmp *vector_next + 8 * " index "\n"

__asm__(".text\n" STUB("fault", "0") STUB("ready", "1") /* enum order */
        "vector_stub_own:\n"
        "    push %rax\n"
        "    push %rdx\n"
        "    rdtsc\n"
        "    mov %eax, vector_own_at\n"
        "    push %rcx\n"
        "    push %rbx\n"
        "    rdtsc\n"
        "    mov %eax, %ebx\n"
        "    mov vector_eoi_word, %rcx\n"
        "    btrl $0, (%rcx)\n" /* as the kernel does it (A7-7) */
        "    jc 1f\n"
        "    mov $0x80b, %ecx\n" /* MSR_X2APIC_EOI */
        "    xor %eax, %eax\n"
        "    xor %edx, %edx\n"
        "    wrmsr\n"
        "1:  rdtsc\n"
        "    sub %ebx, %eax\n"
        "    mov %eax, vector_own_eoi\n"
        "    pop %rbx\n"
        "    pop %rcx\n"
        "    pop %rdx\n"
        "    pop %rax\n"
        "    iretq\n");

static struct gate *gate_of(unsigned vector)
{
    struct {
        u16 limit;
        struct gate *base;
    } __attribute__((packed)) idt;

    __asm__ volatile("sidt %0" : "=m"(idt));
    return &idt.base[vector];
}

static void *target(const struct gate *g)
{
    return (void *)((u64)g->offset_high << 32 | (u64)g->offset_middle << 16 | g->offset_low);
}

static void lead(struct gate *g, const struct gate *like, const void *to)
{
    u64 at = (u64)(uintptr_t)to;
    *g = (struct gate){
        .offset_low = (u16)at,
        .selector = like->selector,
        .attributes = like->attributes,
        .offset_middle = (u16)(at >> 16),
        .offset_high = (u32)(at >> 32),
    };
}

void vector_watch(unsigned which, unsigned vector)
{
    struct gate *g = gate_of(vector);

    vector_next[which] = target(g);
    lead(g, g, which == WATCH_FAULT ? vector_stub_fault : vector_stub_ready);
}

void vector_unwatch(unsigned which, unsigned vector)
{
    lead(gate_of(vector), gate_of(vector), vector_next[which]);
}

void vector_own(void)
{
    vector_eoi_word = &cpus[cpu_id()].eoi;
    lead(gate_of(VECTOR_OWN), gate_of(VECTOR_PF), vector_stub_own);
}
