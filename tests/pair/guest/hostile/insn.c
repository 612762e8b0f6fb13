/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * insn.c: instructions that a guest has no business with: reserved, privileged in a way only a host may use, or
 * absurd.
 */
#include "cpu.h"
#include "desc.h"
#include "hostile.h"
#include "karch.h"
#include "msr.h"
#include <stdio.h>

#define TRY(insn, rax, rcx, rdx) expect(TRAPS(insn, rax, rcx, rdx), insn " traps")

static int undefined(void)
{
    traps_catch();
    TRY("vmrun", (u64)(uintptr_t)spare_page, 0, 0);
    TRY("vmload", (u64)(uintptr_t)spare_page, 0, 0);
    TRY("vmsave", (u64)(uintptr_t)spare_page, 0, 0);
    TRY("stgi", 0, 0, 0);
    TRY("clgi", 0, 0, 0);
    TRY("skinit", 0, 0, 0);
    TRY("invlpga", 0, 0, 0);
    TRY("monitor", (u64)(uintptr_t)spare_page, 0, 0);
    TRY("mwait", 0, 0, 0);
    TRY("xsetbv", 7, 0, 0);
    TRY("ud2", 0, 0, 0);
    TRY("rsm", 0, 0, 0);
    TRY("getsec", 0, 0, 0);
    TRY(".byte 0x0f, 0x01, 0xfd", 0, 0, 0); /* RDPRU */
    TRY(".byte 0x0f, 0x0b, 0x90", 0, 0, 0);
    TRY("lock; .byte 0x0f, 0x0b", 0, 0, 0);
    return verdict();
}

static int registers(void)
{
    static const u32 unknown[] = {0xc0010114 /* VM_CR */,
                                  0xc0010117 /* VM_HSAVE_PA */,
                                  0xc0010130,
                                  0x3a,
                                  0x480,
                                  0x9e,
                                  0x4b564d08,
                                  0x4b564dff,
                                  0x12345678,
                                  0xffffffff};

    traps_catch();
    for (unsigned i = 0; i < ARRAY_SIZE(unknown); i++) {
        expect(TRAPS("rdmsr", 0, unknown[i], 0), "an unknown MSR cannot be read");
        expect(TRAPS("wrmsr", 1, unknown[i], 0), "an unknown MSR cannot be written");
    }
    expect(TRAPS("wrmsr", rdmsr(MSR_EFER) | 0x1000, MSR_EFER, 0), "EFER.SVME cannot be set");
    expect(TRAPS("wrmsr", 1ull << 20, MSR_EFER, 0), "a reserved bit of EFER cannot be set");
    expect(TRAPS("wrmsr", 0, MSR_EFER, 0), "EFER.LME cannot be cleared while paging");
    expect(TRAPS("wrmsr", 0x02020202, MSR_PAT, 0), "a reserved memory type cannot be set");
    expect(TRAPS("rdpmc", 0, 0, 0), "RDPMC traps");
    for (unsigned i = 0; i < 20000; i++) {
        u32 msr = (u32)random_u64();

        if (msr - 0xc0000080u > 0x200)
            (void)TRAPS("rdmsr", 0, msr, 0);
    }
    return verdict();
}

static int cpuid_sweep(void)
{
    static const u32 from[] = {0, 0x20000000, 0x40000000, 0x80000000, 0xc0000000, 0xffffff00};

    for (unsigned i = 0; i < ARRAY_SIZE(from); i++)
        for (u32 leaf = 0; leaf < 0x400 && from[i] + leaf >= from[i]; leaf++)
            (void)cpuid(from[i] + leaf, (u32)random_u64());
    expect(!(cpuid(0x80000001, 0).ecx & BIT(2)), "SVM is not offered");
    expect(!(cpuid(1, 0).ecx & BIT(3)), "MONITOR is not offered");
    return verdict();
}

static int ports(void)
{
    for (u32 port = 0; port < 0x10000; port++) {
        if ((port & ~7u) == 0x3f8 || (port & ~3u) == 0xf4)
            continue;
        if (port % 7 == 0)
            out8((u16)port, (u8)port);
        if (in8((u16)port) != 0xff || (port % 16 == 0 && in32((u16)port) != ~0u)) {
            printf("hostile: port %x\n", port);
            expect(false, "an unknown port reads ones");
        }
    }
    return verdict();
}

/* The exit port takes what an 8-bit write drives, whatever else is in EAX. */
static int byte_exit(void)
{
    __asm__ volatile("out %%al, $0xf4" : : "a"(0x12345607u));
    return STATUS_BAD;
}

static int string_io(void)
{
    const void *from = spare_page;
    u64 n = 16;

    __asm__ volatile("rep outsb" : "+S"(from), "+c"(n) : "d"(0x80) : "memory");
    return STATUS_BAD;
}

static int triple_fault(void)
{
    lidt(&(struct desc_ptr){0, 0});
    __asm__ volatile("mov $0x5eed, %%ebx; ud2" : : : "rbx");
    return STATUS_BAD;
}

static int jump(u64 to)
{
    ((void (*)(void))(uintptr_t)to)();
    return STATUS_BAD;
}

static int jump_nowhere(void)
{
    return jump(0x123456789000);
}

static int jump_hole(void)
{
    karch_map(HOLE, PAGE_SIZE);
    return jump(HOLE);
}

static int read_hole(void)
{
    karch_map(HOLE, PAGE_SIZE);
    return *(volatile int *)(HOLE + 0x123) & 0 ? 0 : STATUS_BAD;
}

static int write_hole(void)
{
    karch_map(HOLE, PAGE_SIZE);
    *(volatile int *)(HOLE + 0x123) = 1;
    return STATUS_BAD;
}

/* In 32-bit mode without paging: touch memory that nobody has touched, then end with status 9. */
static int no_paging(void)
{
    static const u64 gdt[] = {0, GDT_CODE32, GDT_DATA};
    static struct {
        u32 offset;
        u16 selector;
    } __attribute__((packed)) to = {0, 8};
    struct desc_ptr at = {sizeof(gdt) - 1, (u64)(uintptr_t)gdt};

    cli();
    lgdt(&at);
    __asm__ volatile("lea 1f(%%rip), %%rax\n"
                     "mov %%eax, (%0)\n"
                     "ljmp *(%0)\n"
                     ".code32\n"
                     "1: mov $16, %%eax\n"
                     "mov %%eax, %%ds\n"
                     "mov %%eax, %%ss\n"
                     "mov %%cr0, %%eax\n"
                     "and $0x7fffffff, %%eax\n"
                     "mov %%eax, %%cr0\n"
                     "mov $0x400000, %%esi\n"
                     "2: mov (%%esi), %%eax\n"
                     "add $4096, %%esi\n"
                     "cmp $0xf00000, %%esi\n"
                     "jb 2b\n"
                     "mov $9, %%eax\n"
                     "out %%eax, $0xf4\n"
                     "3: jmp 3b\n"
                     ".code64\n"
                     :
                     : "r"(&to)
                     : "rax", "rsi", "memory");
    return STATUS_BAD;
}

const struct mode insn_modes[] = {
    {"undefined", undefined},
    {"registers", registers},
    {"cpuid", cpuid_sweep},
    {"ports", ports},
    {"byte-exit", byte_exit},
    {"string-io", string_io},
    {"triple-fault", triple_fault},
    {"jump-nowhere", jump_nowhere},
    {"jump-hole", jump_hole},
    {"read-hole", read_hole},
    {"write-hole", write_hole},
    {"no-paging", no_paging},
    {NULL, NULL},
};
