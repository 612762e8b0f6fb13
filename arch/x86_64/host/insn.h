/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * insn.h: instructions that move a few bytes between memory and a general register, as they are met at device
 * registers: MOV with its extending and non-temporal kin, and those of arithmetic and logic that only read memory.
 *
 * Which address they use is not looked at: the hardware has said so. Pure functions of the bytes.
 */
#pragma once
#include "lib/types.h"

#define INSN_LENGTH_MAX 15

enum insn_op { INSN_MOV, INSN_ADD, INSN_OR, INSN_AND, INSN_SUB, INSN_XOR, INSN_CMP, INSN_TEST };

struct insn {
    enum insn_op op;
    u8 length;
    bool write;     /* memory is written, else read */
    u8 size;        /* bytes of memory: 1, 2, 4, 8 */
    bool sign;      /* a read is extended by its sign to … */
    u8 reg_size;    /* … bytes of the register */
    u8 reg;         /* general register, 0-15 */
    bool high;      /* bits 15:8 of it: AH, CH, DH, BH */
    bool immediate; /* `value`, and no register */
    bool reversed;  /* memory is the first operand */
    u64 value;
};

enum insn_result {
    INSN_OK,
    INSN_SHORT,   /* more bytes are needed */
    INSN_UNKNOWN, /* none of these, or none at all */
};

/* Reads at most n bytes. `bits`: 16, 32 or 64, of the code segment. */
enum insn_result insn_decode(const u8 *code, size_t n, unsigned bits, struct insn *out) must_check;

/* The low bytes of a value, and the same extended by their sign. */
static inline u64 insn_cut(u64 value, unsigned bytes)
{
    return value & ~0ull >> (64 - 8 * bytes);
}

static inline u64 insn_extend(u64 value, unsigned bytes)
{
    unsigned shift = 64 - 8 * bytes;

    return (u64)((s64)(value << shift) >> shift);
}

/* What a write writes, given the whole of its register; bits above size are 0. */
u64 insn_stored(const struct insn *i, u64 reg);

/* The whole of a read's register after it, given that and memory before it. Changes the arithmetic flags as it does. */
u64 insn_loaded(const struct insn *i, u64 reg, u64 memory, u64 *rflags);
