/* SPDX-License-Identifier: BSD-2-Clause */
/* exit_regs.h: what an instruction that exits has in the general registers, and where the result of IN goes. */
#pragma once
#include "exit.h"

/* Of the vCPU that exited, wherever its extension keeps them. */
struct exit_regs {
    u64 *rax, *rbx, *rcx, *rdx, *rsi;
    bool code64; /* neither compatibility nor legacy mode */
};

static always_inline void regs_to_msr(struct exit_regs r, struct exit *e, bool write)
{
    e->kind = EXIT_MSR;
    e->msr.index = (u32)*r.rcx;
    e->msr.write = write;
    e->msr.value = *r.rdx << 32 | (u32)*r.rax;
}

/* e->io but for the value is known. */
static always_inline void regs_to_io(struct exit_regs r, struct exit *e)
{
    e->kind = EXIT_IO;
    e->io.value = (u32)(*r.rax & ~0ull >> (64 - 8 * e->io.size));
}

static always_inline void regs_to_hypercall(struct exit_regs r, struct exit *e)
{
    u64 mask = r.code64 ? ~0ull : ~0u;

    e->kind = EXIT_HYPERCALL;
    e->call.nr = *r.rax & mask;
    e->call.arg[0] = *r.rbx & mask;
    e->call.arg[1] = *r.rcx & mask;
    e->call.arg[2] = *r.rdx & mask;
    e->call.arg[3] = *r.rsi & mask;
}

/* RAX with what an IN of so many bytes leaves in it (SDM vol. 1, 3.4.1.1). */
static always_inline void regs_from_in(u64 *rax, const struct exit *e)
{
    switch (e->io.size) {
    case 1:
        *rax = (*rax & ~0xffull) | (u8)e->io.value;
        break;
    case 2:
        *rax = (*rax & ~0xffffull) | (u16)e->io.value;
        break;
    default:
        *rax = e->io.value;
    }
}
