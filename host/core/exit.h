/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exit.h: why a guest stopped running, as a transaction.
 *
 * The backend fills an exit in; exit_handle() decides. The guest's registers and instruction pointer change only in
 * hw_complete(), so a handler that cannot finish now (a page of guest memory it needs is absent) just says so, and the
 * instruction is executed again later.
 */
#pragma once
#include "lib/types.h"

enum exit_kind {
    EXIT_INTR,    /* a host interrupt is pending or was taken */
    EXIT_WINDOW,  /* the interrupt window asked for by hw_irq_window() is open */
    EXIT_TDP,     /* guest physical address not mapped as needed */
    EXIT_TDP_BAD, /* an entry on the way to tdp.gpa is one that hardware does not know: our bug */
    EXIT_CPUID,   /* in: leaf, sub; out: eax … edx */
    EXIT_MSR,     /* read: out value; write: in value */
    EXIT_IO,      /* one in/out, not a string form */
    EXIT_MMIO,    /* an access to the page of the local APIC's registers, decoded */
    EXIT_HLT,
    EXIT_SPIN,      /* PAUSE in a loop, while hw_exit_on_spin() asks for it; or the guest yields */
    EXIT_HYPERCALL, /* in: nr, arg; out: ret */
    EXIT_SHUTDOWN,  /* triple fault */
    EXIT_UNDEF,     /* an instruction this platform does not have: #UD */
    EXIT_BAD,       /* the hardware or we do not know what to do: the VM stops */
    EXIT_LOST,      /* the machine lost the guest's state: the VM stops, and nobody here is to blame */
};

/* Access bits of EXIT_TDP. */
#define ACCESS_READ  0x1
#define ACCESS_WRITE 0x2
#define ACCESS_EXEC  0x4

#define INSN_BYTES_MAX 15

struct exit {
    enum exit_kind kind;
    union {
        struct {
            gpa_t gpa;
            u32 access;
        } tdp;
        struct {
            u32 leaf, sub, eax, ebx, ecx, edx;
        } cpuid;
        struct {
            u32 index;
            bool write;
            u64 value;
        } msr;
        struct {
            u16 port;
            u8 size; /* 1, 2, 4 */
            bool write;
            u32 value; /* a read fills it; bits above size are ignored */
        } io;
        struct {
            gpa_t gpa;
            u8 size; /* 1, 2, 4, 8 */
            bool write;
            u64 value; /* a read fills it; bits above size are 0 */
        } mmio;
        struct {
            u64 nr, arg[4], ret;
        } call; /* already truncated to 32 bits outside 64-bit mode */
        struct {
            u64 code, info1, info2;
            const char *why;
            u8 insns; /* bytes of the instruction that is meant; 0: it is none */
            u8 insn[INSN_BYTES_MAX];
        } bad;
    };
};

/* What becomes of the instruction that exited. */
enum outcome {
    OUTCOME_DONE,  /* commit the results, step over the instruction */
    OUTCOME_AGAIN, /* nothing happened: run it again (now, or when the vCPU is runnable again) */
    OUTCOME_YIELD, /* as DONE, and another vCPU is to have the CPU */
    OUTCOME_GP,    /* #GP(0) instead */
    OUTCOME_UD,    /* #UD instead */
};

struct vcpu;
void exit_handle(struct vcpu *v, struct exit *e);
/* What a fault that is being handled has turned out to be: EXIT_MMIO, EXIT_BAD. */
void exit_decoded(struct vcpu *v, struct exit *e);
