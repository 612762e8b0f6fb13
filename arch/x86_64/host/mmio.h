/* SPDX-License-Identifier: BSD-2-Clause */
/* mmio.h: a fault at the local APIC's registers, as the access that the instruction meant (hw_mmio()). */
#pragma once
#include "hw.h"
#include "insn.h"
#include "lib/str.h"

struct mmio_code {
    u8 byte[INSN_LENGTH_MAX];
    size_t n;      /* how many there are */
    unsigned bits; /* 16, 32 or 64, of the code segment */
};

/*
 * e is EXIT_TDP at such a register, made by the instruction at `code`. Decoded, it is EXIT_MMIO, a write's value still
 * to be filled in by mmio_store().
 */
enum mmio mmio_decode(struct exit *e, const struct mmio_code *code, struct insn *out) must_check;

/* e is EXIT_BAD: these bytes are why. */
static inline void mmio_show(struct exit *e, const struct mmio_code *code)
{
    e->bad.insns = (u8)code->n;
    memcpy(e->bad.insn, code->byte, code->n);
}

/* reg: the whole of the register that the instruction names. */
static inline void mmio_store(struct exit *e, const struct insn *i, u64 reg)
{
    if (e->mmio.write)
        e->mmio.value = insn_stored(i, reg);
}

/* The access is done: what was read goes to the register. */
static inline void mmio_load(const struct exit *e, const struct insn *i, u64 *reg, u64 *rflags)
{
    if (!e->mmio.write)
        *reg = insn_loaded(i, *reg, e->mmio.value, rflags);
}
