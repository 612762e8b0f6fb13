/* SPDX-License-Identifier: BSD-2-Clause */
/* hostile.h: what the modes of this guest share. Each does one thing that no well-behaved guest does. */
#pragma once
#include "guest.h"

/* Returns main()'s status, or ends the VM itself, or brings the host to end it. */
struct mode {
    const char *name;
    int (*run)(void);
};

/* Each table ends with a NULL name. */
extern const struct mode insn_modes[], apf_modes[], apic_modes[], memory_modes[], hook_modes[], xapic_modes[];

#define STATUS_BAD 1 /* the host did something else than the mode expects; a line says what */

/* Counts and prints what is not as it should be. */
void expect(bool ok, const char *what);
/* STATUS_BAD if anything was. */
int verdict(void);

/* How often to do it: what the command line says, or else this. */
u64 rounds_or(u64 usual);

/* A fixed sequence, so that each run does the same. */
u64 random_u64(void);
u64 random_next(u64 *state); /* its own, from a state that is not 0 */
/* So long with nothing but this CPU's time stamp counter. */
void spin_ns(u64 ns);
/* No page, in guest memory or beyond, that the host gave to this guest. */
#define HOLE 0xe0000000ull
/* A page of the guest's own for the host to write to. */
extern u8 spare_page[PAGE_SIZE];
/* Sum of the boot module's 64-bit words, to see that it can still be read. */
u64 module_sum(void);

/* ---- traps.c: exceptions and interrupts that this guest brings upon itself ---- */

/* From now on #UD, #GP and #BP are counted and end the instruction that TRAPS() tries. */
void traps_catch(void);
/* From now on interrupts that nobody handles, and NMI, are counted and forgotten. */
void traps_swallow(void);
extern u32 traps_seen, traps_swallowed;
extern u64 trap_resume;

/* Does the instruction trap, with these values in RAX, RCX and RDX? On one CPU at a time. */
#define TRAPS(insn, rax, rcx, rdx)                                                                 \
    ({                                                                                             \
        u32 seen_ = traps_seen;                                                                    \
        u64 a_ = (rax), c_ = (rcx), d_ = (rdx);                                                    \
                                                                                                   \
        __asm__ volatile("lea 77f(%%rip), %%r11\n\tmov %%r11, trap_resume(%%rip)\n\t" insn "\n77:" \
                         : "+a"(a_), "+c"(c_), "+d"(d_)                                            \
                         :                                                                         \
                         : "r11", "memory", "cc");                                                 \
        traps_seen != seen_;                                                                       \
    })
