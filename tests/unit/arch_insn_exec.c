/* SPDX-License-Identifier: BSD-2-Clause */
/* arch_insn_exec.c: a decoded instruction does to registers and flags what this machine does. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "../../arch/x86_64/host/insn_exec.c"

/* Stores and loads of every size and place in the register. */
static void registers(void **state)
{
    static const u64 reg = 0x1122334455667788, memory = 0x99aabbccddeeff80;
    static const struct {
        struct insn i;
        u64 stored, loaded;
    } table[] = {
        {{.size = 1, .reg_size = 1}, 0x88, 0x1122334455667780},
        {{.size = 1, .reg_size = 1, .high = true}, 0x77, 0x1122334455668088},
        {{.size = 2, .reg_size = 2}, 0x7788, 0x112233445566ff80},
        {{.size = 4, .reg_size = 4}, 0x55667788, 0xddeeff80},
        {{.size = 8, .reg_size = 8}, reg, memory},
        {{.size = 1, .reg_size = 2}, 0x88, 0x1122334455660080},
        {{.size = 1, .reg_size = 2, .sign = true}, 0x88, 0x112233445566ff80},
        {{.size = 1, .reg_size = 4, .sign = true}, 0x88, 0xffffff80},
        {{.size = 2, .reg_size = 8, .sign = true}, 0x7788, 0xffffffffffffff80},
        {{.size = 4, .reg_size = 8, .sign = true}, 0x55667788, 0xffffffffddeeff80},
        {{.size = 2, .reg_size = 8}, 0x7788, 0xff80},
        {{.size = 4, .reg_size = 4, .immediate = true, .value = 0x42}, 0x42, 0xddeeff80},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        u64 flags = ARITHMETIC_FLAGS;

        assert_int_equal(insn_stored(&table[i].i, reg), table[i].stored);
        assert_int_equal(insn_loaded(&table[i].i, reg, memory, &flags), table[i].loaded);
        assert_int_equal(flags, ARITHMETIC_FLAGS);
    }
}

/* LAHF has the flags of the low byte in their places; AL has OF. */
#define CASE(op, text)                                                                   \
    case op:                                                                             \
        __asm__(text " %2, %1\n lahf\n seto %%al" : "=&a"(ax), "+r"(x) : "r"(y) : "cc"); \
        break;

/* One operation of this machine on two operands of a type. */
#define ON_MACHINE(name, type, suffix)                                \
    static u64 name(enum insn_op op, u64 a, u64 b, u64 *flags)        \
    {                                                                 \
        type x = (type)a, y = (type)b;                                \
        u16 ax = 0;                                                   \
                                                                      \
        switch (op) {                                                 \
            CASE(INSN_ADD, "add" suffix)                              \
            CASE(INSN_OR, "or" suffix)                                \
            CASE(INSN_AND, "and" suffix)                              \
            CASE(INSN_SUB, "sub" suffix)                              \
            CASE(INSN_XOR, "xor" suffix)                              \
            CASE(INSN_CMP, "cmp" suffix)                              \
            CASE(INSN_TEST, "test" suffix)                            \
        case INSN_MOV:                                                \
            break;                                                    \
        }                                                             \
        *flags = (ax >> 8 & ARITHMETIC_FLAGS) | (ax & 1) * RFLAGS_OF; \
        return x;                                                     \
    }
ON_MACHINE(on_machine_1, u8, "b")
ON_MACHINE(on_machine_2, u16, "w")
ON_MACHINE(on_machine_4, u32, "l")
ON_MACHINE(on_machine_8, u64, "q")

static u64 on_machine(enum insn_op op, unsigned bytes, u64 a, u64 b, u64 *flags)
{
    switch (bytes) {
    case 1:
        return (a & ~0xffull) | on_machine_1(op, a, b, flags);
    case 2:
        return (a & ~0xffffull) | on_machine_2(op, a, b, flags);
    case 4:
        return on_machine_4(op, a, b, flags);
    default:
        return on_machine_8(op, a, b, flags);
    }
}

/* AF after logic is undefined. */
static void compare(enum insn_op op, unsigned bytes, u64 reg, u64 memory)
{
    bool logic = op != INSN_ADD && op != INSN_SUB && op != INSN_CMP;
    u64 defined = ARITHMETIC_FLAGS & (logic ? ~RFLAGS_AF : ~0), flags, got = RFLAGS_IF | ARITHMETIC_FLAGS;
    u64 want = on_machine(op, bytes, reg, memory, &flags);
    struct insn i = {.op = op, .size = (u8)bytes, .reg_size = (u8)bytes};

    if (op == INSN_CMP || op == INSN_TEST)
        want = reg; /* not even cut */
    assert_int_equal(insn_loaded(&i, reg, memory, &got), want);
    assert_int_equal(got & defined, flags & defined);
    assert_int_equal(got & ~(u64)ARITHMETIC_FLAGS, RFLAGS_IF);
}

static void flags_and_results(void **state)
{
    static const u64 values[] = {0,          1,          2,          0x0f,
                                 0x10,       0x7f,       0x80,       0xff,
                                 0x7fff,     0x8000,     0xffff,     0x7fffffff,
                                 0x80000000, 0xffffffff, INT64_MAX,  (u64)INT64_MIN,
                                 ~0ull,      ~1ull,      0x12345678, 0x123456789abcdef0};

    (void)state;
    for (enum insn_op op = INSN_ADD; op <= INSN_TEST; op++)
        for (unsigned bytes = 1; bytes <= 8; bytes *= 2)
            for (unsigned a = 0; a < ARRAY_SIZE(values); a++)
                for (unsigned b = 0; b < ARRAY_SIZE(values); b++)
                    compare(op, bytes, values[a], values[b]);
}

static bool borrows(struct insn i, u64 reg, u64 memory)
{
    u64 flags = 0;

    (void)insn_loaded(&i, reg, memory, &flags);
    return flags & RFLAGS_CF;
}

static void operands_in_order(void **state)
{
    struct insn i = {.op = INSN_CMP, .size = 4, .reg_size = 4};

    (void)state;
    assert_true(borrows(i, 3, 5));
    i.reversed = true;
    assert_false(borrows(i, 3, 5));
    i.immediate = true;
    i.value = 7;
    assert_true(borrows(i, 3, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers),
        cmocka_unit_test(flags_and_results),
        cmocka_unit_test(operands_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
