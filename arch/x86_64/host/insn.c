/* SPDX-License-Identifier: BSD-2-Clause */
/* insn.c: decode an instruction's prefixes, opcode and operands, as far as insn.h goes (SDM vol. 2, appendix A). */
#include "insn.h"

#define REX_W 8
#define REX_R 4

#define MODRM_SIB    4 /* in rm: a SIB byte follows */
#define MODRM_DIRECT 5 /* in rm, or as the SIB's base, if mod is 0: 32 bits of address and no base */
#define MODRM16_DISP 6 /* in rm, if mod is 0: 16 bits of address and no base */

/* The bytes, and what the prefixes have said. */
struct code {
    const u8 *at;
    size_t left;
    bool missing; /* a byte was asked for that is not there; all after it is 0 */
    unsigned bits;
    u8 rex;
    bool opsize, adsize;
};

static u8 next(struct code *c)
{
    if (!c->left) {
        c->missing = true;
        return 0;
    }
    c->left--;
    return *c->at++;
}

static u64 number(struct code *c, unsigned bytes)
{
    u64 value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value |= (u64)next(c) << 8 * i;
    return value;
}

/* Bytes of an operand that is no byte, and of an address. */
static u8 operand_size(const struct code *c)
{
    if (c->rex & REX_W)
        return 8;
    return (c->bits == 16) != c->opsize ? 2 : 4;
}

static u8 address_size(const struct code *c)
{
    if (c->bits == 64)
        return c->adsize ? 4 : 8;
    return (c->bits == 16) != c->adsize ? 2 : 4;
}

/* The first byte of the opcode. LOCK and REP mean nothing to any of ours: they stay, as unknown opcodes. */
static u8 prefixes(struct code *c)
{
    for (;;) {
        u8 byte = next(c);

        switch (byte) {
        case 0x66:
            c->opsize = true;
            break;
        case 0x67:
            c->adsize = true;
            break;
        case 0x26: /* segments */
        case 0x2e:
        case 0x36:
        case 0x3e:
        case 0x64:
        case 0x65:
            break;
        default:
            if (c->bits != 64 || (byte & 0xf0) != 0x40)
                return byte;
            c->rex = byte;
            continue;
        }
        c->rex = 0; /* it counts only right before the opcode */
    }
}

/* Step over what follows ModRM. */
static void skip_address(struct code *c, unsigned mod, unsigned rm)
{
    unsigned wide = address_size(c) == 2 ? 2 : 4;

    if (wide == 2) {
        if (mod == 0 && rm == MODRM16_DISP)
            mod = 2;
    } else {
        if (rm == MODRM_SIB)
            rm = next(c) & 7;
        if (mod == 0 && rm == MODRM_DIRECT)
            mod = 2;
    }
    (void)number(c, mod == 2 ? wide : mod);
}

/* ModRM, which must name memory. Its other field is a register, or says more about the opcode. */
static bool modrm(struct code *c, unsigned *field)
{
    u8 byte = next(c);

    *field = byte >> 3 & 7;
    if (byte >> 6 == 3)
        return false;
    skip_address(c, byte >> 6, byte & 7);
    return true;
}

static void set_register(const struct code *c, struct insn *i, unsigned field, u8 size)
{
    i->reg = field | (c->rex & REX_R ? 8 : 0);
    i->reg_size = size;
    i->high = size == 1 && !c->rex && field >= 4;
    if (i->high)
        i->reg -= 4;
}

/* Memory of `size` bytes, and a register of `reg_size`. */
static bool with_register(struct code *c, struct insn *i, u8 size, u8 reg_size)
{
    unsigned field;

    i->size = size;
    if (!modrm(c, &field))
        return false;
    set_register(c, i, field, reg_size);
    return true;
}

/* Memory and an immediate of at most `bytes`; the field of ModRM is part of the opcode. */
static bool with_immediate(struct code *c, struct insn *i, u8 size, unsigned bytes, unsigned want)
{
    unsigned field;

    i->size = i->reg_size = size;
    i->immediate = i->reversed = true;
    if (!modrm(c, &field) || field != want)
        return false;
    i->value = insn_cut(insn_extend(number(c, bytes), bytes), size);
    return true;
}

/* MOV between the accumulator and an address that stands in the instruction. */
static bool moffs(struct code *c, struct insn *i, u8 size)
{
    i->size = i->reg_size = size;
    (void)number(c, address_size(c));
    return true;
}

static bool extending(struct code *c, struct insn *i, u8 size, bool sign)
{
    i->sign = sign;
    return with_register(c, i, size, operand_size(c));
}

static bool two_bytes(struct code *c, struct insn *i)
{
    u8 opcode = next(c);

    switch (opcode) {
    case 0xb6: /* MOVZX */
    case 0xb7:
        return extending(c, i, opcode & 1 ? 2 : 1, false);
    case 0xbe: /* MOVSX */
    case 0xbf:
        return extending(c, i, opcode & 1 ? 2 : 1, true);
    case 0xc3: /* MOVNTI */
        i->write = true;
        return !c->opsize && with_register(c, i, operand_size(c), operand_size(c));
    }
    return false;
}

/* 00-3f: eight operations in six forms each; ADC and SBB are not among ours. */
static bool arithmetic(struct code *c, struct insn *i, u8 opcode, u8 size)
{
    static const struct {
        bool known;
        enum insn_op op;
    } ops[8] = {{true, INSN_ADD}, {true, INSN_OR},  {false, 0},       {false, 0},
                {true, INSN_AND}, {true, INSN_SUB}, {true, INSN_XOR}, {true, INSN_CMP}};

    i->op = ops[opcode >> 3].op;
    i->reversed = (opcode & 7) < 2;
    return ops[opcode >> 3].known && (opcode & 7) < 4 && (!i->reversed || i->op == INSN_CMP) &&
           with_register(c, i, size, size);
}

static bool one_byte(struct code *c, struct insn *i, u8 opcode)
{
    u8 size = opcode & 1 ? operand_size(c) : 1;

    if (opcode < 0x40)
        return arithmetic(c, i, opcode, size);
    switch (opcode) {
    case 0x63: /* MOVSXD */
        return c->bits == 64 && c->rex & REX_W && extending(c, i, 4, true);
    case 0x80:
    case 0x81:
        i->op = INSN_CMP;
        return with_immediate(c, i, size, MIN(size, 4), 7);
    case 0x83:
        i->op = INSN_CMP;
        return with_immediate(c, i, size, 1, 7);
    case 0x84:
    case 0x85:
        i->op = INSN_TEST;
        return with_register(c, i, size, size);
    case 0x88:
    case 0x89:
        i->write = true;
        return with_register(c, i, size, size);
    case 0x8a:
    case 0x8b:
        return with_register(c, i, size, size);
    case 0xa0:
    case 0xa1:
        return moffs(c, i, size);
    case 0xa2:
    case 0xa3:
        i->write = true;
        return moffs(c, i, size);
    case 0xc6:
    case 0xc7:
        i->write = true;
        return with_immediate(c, i, size, MIN(size, 4), 0);
    case 0xf6:
    case 0xf7:
        i->op = INSN_TEST;
        return with_immediate(c, i, size, MIN(size, 4), 0);
    }
    return false;
}

enum insn_result insn_decode(const u8 *code, size_t n, unsigned bits, struct insn *out)
{
    struct code c = {.at = code, .left = MIN(n, INSN_LENGTH_MAX), .bits = bits};
    struct insn i = {.op = INSN_MOV};
    u8 opcode = prefixes(&c);
    bool known = opcode == 0x0f ? two_bytes(&c, &i) : one_byte(&c, &i, opcode);

    if (c.missing)
        return n < INSN_LENGTH_MAX ? INSN_SHORT : INSN_UNKNOWN;
    if (!known)
        return INSN_UNKNOWN;
    i.length = (u8)(c.at - code);
    *out = i;
    return INSN_OK;
}
