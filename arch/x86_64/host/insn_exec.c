/* SPDX-License-Identifier: BSD-2-Clause */
/* insn_exec.c: what a decoded instruction does to its register, its flags and memory (SDM vol. 1, 3.4.3.1). */
#include "insn.h"
#include "cpu.h"

#define ARITHMETIC_FLAGS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

u64 insn_stored(const struct insn *i, u64 reg)
{
    return i->immediate ? i->value : insn_cut(reg >> (i->high ? 8 : 0), i->size);
}

/* Is the highest bit of so many bytes set? */
static bool negative(u64 value, unsigned bytes)
{
    return value >> (8 * bytes - 1) & 1;
}

/* SF, ZF, PF */
static u64 flags_of(u64 result, unsigned bytes)
{
    return (result ? 0 : RFLAGS_ZF) | (negative(result, bytes) ? RFLAGS_SF : 0) |
           (__builtin_parity((u8)result) ? 0 : RFLAGS_PF);
}

/* a + b or a - b = result: OF where both operands of the sum have the sign that the result has not. */
static u64 carries(u64 a, u64 b, u64 result, bool minus, unsigned bytes)
{
    u64 over = minus ? (a ^ b) & (a ^ result) : ~(a ^ b) & (a ^ result);

    return ((minus ? a < b : result < a) ? RFLAGS_CF : 0) | ((a ^ b ^ result) & RFLAGS_AF) |
           (negative(over, bytes) ? RFLAGS_OF : 0);
}

static u64 operate(enum insn_op op, u64 a, u64 b, unsigned bytes, u64 *flags)
{
    u64 result = b;

    *flags = 0;
    switch (op) {
    case INSN_MOV:
        return b;
    case INSN_ADD:
        result = insn_cut(a + b, bytes);
        *flags = carries(a, b, result, false, bytes);
        break;
    case INSN_SUB:
    case INSN_CMP:
        result = insn_cut(a - b, bytes);
        *flags = carries(a, b, result, true, bytes);
        break;
    case INSN_OR:
        result = a | b;
        break;
    case INSN_AND:
    case INSN_TEST:
        result = a & b;
        break;
    case INSN_XOR:
        result = a ^ b;
        break;
    }
    *flags |= flags_of(result, bytes);
    return result;
}

/* A part of 4 bytes clears what is above it; smaller ones leave it. */
static u64 put_part(const struct insn *i, u64 reg, u64 part)
{
    unsigned shift = i->high ? 8 : 0;
    u64 mask = insn_cut(~0ull, i->reg_size) << shift;

    return i->reg_size >= 4 ? insn_cut(part, i->reg_size) : (reg & ~mask) | (part << shift & mask);
}

u64 insn_loaded(const struct insn *i, u64 reg, u64 memory, u64 *rflags)
{
    u64 other = i->immediate ? i->value : insn_cut(reg >> (i->high ? 8 : 0), i->reg_size);
    u64 read = i->sign ? insn_extend(memory, i->size) : insn_cut(memory, i->size), flags, result;

    result = i->reversed ? operate(i->op, read, other, i->size, &flags)
                         : operate(i->op, other, read, i->size, &flags);
    if (i->op != INSN_MOV)
        *rflags = (*rflags & ~(u64)ARITHMETIC_FLAGS) | flags;
    return i->op == INSN_CMP || i->op == INSN_TEST ? reg : put_part(i, reg, result);
}
