/* SPDX-License-Identifier: BSD-2-Clause */
/* arch_insn.c: insn.c decodes what the assembler makes of the instructions it knows, and nothing else. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "../../arch/x86_64/host/insn.c"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/* What reads or writes memory of so many bytes, in code of so many bits. */
#define LOAD(bytes, r)       .size = (bytes), .reg_size = (bytes), .reg = (r)
#define STORE(bytes, r)      .write = true, LOAD(bytes, r)
#define EXTEND(bytes, to, r) .size = (bytes), .reg_size = (to), .reg = (r)
#define IMMEDIATE(bytes, what) \
    .size = (bytes), .reg_size = (bytes), .immediate = true, .reversed = true, .value = (what)
#define STORE_IMM(bytes, what)   .write = true, IMMEDIATE(bytes, what)
#define OPERATE(which, bytes, r) .op = (which), LOAD(bytes, r)

/* X(bits, text, what) */
#define KNOWN(X)                                                               \
    X(64, "mov %eax, (%rdi)", STORE(4, RAX))                                   \
    X(64, "mov %r15d, 0x7ee000b0", STORE(4, R15))                              \
    X(64, "mov %ecx, 0x300(%r13)", STORE(4, RCX))                              \
    X(64, "mov %esp, 0x30(%rbp)", STORE(4, RSP))                               \
    X(64, "mov %edx, (%rsp)", STORE(4, RDX))                                   \
    X(64, "mov %edx, 0x80(,%r12,4)", STORE(4, RDX))                            \
    X(64, "mov %edx, -8(%rax,%rbx,8)", STORE(4, RDX))                          \
    X(64, "mov %edx, 0x1000(%r12)", STORE(4, RDX))                             \
    X(64, "mov %ebx, 0x1234(%rip)", STORE(4, RBX))                             \
    X(64, "mov %ebx, 0x1234(%eip)", STORE(4, RBX))                             \
    X(64, "mov %ebx, (%edi)", STORE(4, RBX))                                   \
    X(64, "mov %bx, (%rdi)", STORE(2, RBX))                                    \
    X(64, "mov %rbx, (%rdi)", STORE(8, RBX))                                   \
    X(64, "mov %bl, (%rdi)", STORE(1, RBX))                                    \
    X(64, "mov %bh, (%rdi)", STORE(1, RBX), .high = true)                      \
    X(64, "mov %dil, (%rdi)", STORE(1, RDI))                                   \
    X(64, "mov %r9b, (%rdi)", STORE(1, R9))                                    \
    X(64, "mov %gs:(%rdi), %eax", LOAD(4, RAX))                                \
    X(64, "mov %fs:0x80, %r8d", LOAD(4, R8))                                   \
    X(64, "mov (%r8), %r9w", LOAD(2, R9))                                      \
    X(64, "mov (%rsi), %ah", LOAD(1, RAX), .high = true)                       \
    X(64, "mov (%rax), %sil", LOAD(1, RSI))                                    \
    X(64, "mov (%rax), %r10", LOAD(8, R10))                                    \
    X(64, "movabs 0x1122334455667788, %eax", LOAD(4, RAX))                     \
    X(64, "movabs 0x1122334455667788, %al", LOAD(1, RAX))                      \
    X(64, "movabs %rax, 0x1122334455667788", STORE(8, RAX))                    \
    X(64, "addr32 mov 0x11223344, %eax", LOAD(4, RAX))                         \
    X(64, "movabs %ax, 0x1122334455667788", STORE(2, RAX))                     \
    X(64, "movb $0x8f, (%rdi)", STORE_IMM(1, 0x8f))                            \
    X(64, "movw $0x8ff0, 0x10(%rdi)", STORE_IMM(2, 0x8ff0))                    \
    X(64, "movl $0x80000001, 0x12345(%rdi)", STORE_IMM(4, 0x80000001))         \
    X(64, "movq $-2, (%rdi)", STORE_IMM(8, ~1ull))                             \
    X(64, "movl $0x1ff, 0xf0(%rip)", STORE_IMM(4, 0x1ff))                      \
    X(64, "movzbl (%rdi), %r11d", EXTEND(1, 4, R11))                           \
    X(64, "movzbw (%rdi), %cx", EXTEND(1, 2, RCX))                             \
    X(64, "movzwl (%rdi), %ecx", EXTEND(2, 4, RCX))                            \
    X(64, "movzwq (%rdi), %rcx", EXTEND(2, 8, RCX))                            \
    X(64, "movsbl (%rdi), %ecx", EXTEND(1, 4, RCX), .sign = true)              \
    X(64, "movswq (%rdi), %rcx", EXTEND(2, 8, RCX), .sign = true)              \
    X(64, "movslq (%rdi), %r14", EXTEND(4, 8, R14), .sign = true)              \
    X(64, "movnti %eax, (%rdi)", STORE(4, RAX))                                \
    X(64, "movnti %r12, (%rdi)", STORE(8, R12))                                \
    X(64, "testl $0x1000, 0x300(%rdi)", .op = INSN_TEST, IMMEDIATE(4, 0x1000)) \
    X(64, "testb $0x80, 0x11(%rdi)", .op = INSN_TEST, IMMEDIATE(1, 0x80))      \
    X(64, "testq $-16, (%rdi)", .op = INSN_TEST, IMMEDIATE(8, ~15ull))         \
    X(64, "test %ecx, (%rdi)", OPERATE(INSN_TEST, 4, RCX))                     \
    X(64, "test %ch, (%rdi)", OPERATE(INSN_TEST, 1, RCX), .high = true)        \
    X(64, "cmpl $-1, (%rdi)", .op = INSN_CMP, IMMEDIATE(4, 0xffffffff))        \
    X(64, "cmpl $0x12345, (%rdi)", .op = INSN_CMP, IMMEDIATE(4, 0x12345))      \
    X(64, "cmpw $0x1234, (%rdi)", .op = INSN_CMP, IMMEDIATE(2, 0x1234))        \
    X(64, "cmpb $3, (%rdi)", .op = INSN_CMP, IMMEDIATE(1, 3))                  \
    X(64, "cmp %r9d, (%rdi)", OPERATE(INSN_CMP, 4, R9), .reversed = true)      \
    X(64, "cmp (%rdi), %r9d", OPERATE(INSN_CMP, 4, R9))                        \
    X(64, "cmp (%rdi), %r9b", OPERATE(INSN_CMP, 1, R9))                        \
    X(64, "add (%rdi), %eax", OPERATE(INSN_ADD, 4, RAX))                       \
    X(64, "or (%rdi), %rax", OPERATE(INSN_OR, 8, RAX))                         \
    X(64, "and (%rdi), %ax", OPERATE(INSN_AND, 2, RAX))                        \
    X(64, "sub (%rdi), %al", OPERATE(INSN_SUB, 1, RAX))                        \
    X(64, "xor (%rdi), %r15d", OPERATE(INSN_XOR, 4, R15))                      \
    X(32, "mov %eax, 0xfee000b0", STORE(4, RAX))                               \
    X(32, "mov 0xfee00020, %eax", LOAD(4, RAX))                                \
    X(32, "mov %ecx, 0xfee00300", STORE(4, RCX))                               \
    X(32, "mov %ch, (%edi)", STORE(1, RCX), .high = true)                      \
    X(32, "mov %cx, (%edi)", STORE(2, RCX))                                    \
    X(32, "mov %ebp, 4(%esp,%ebp,2)", STORE(4, RBP))                           \
    X(32, "mov 0x1234(%bx,%si), %edx", LOAD(4, RDX))                           \
    X(32, "addr16 mov 0x1234, %eax", LOAD(4, RAX))                             \
    X(32, "mov 0x12(%bp), %dx", LOAD(2, RDX))                                  \
    X(32, "movl $0xfee000b0, (%bx)", STORE_IMM(4, 0xfee000b0))                 \
    X(32, "movl $0x1ff, 0xfee000f0", STORE_IMM(4, 0x1ff))                      \
    X(32, "movzwl (%esi), %esi", EXTEND(2, 4, RSI))                            \
    X(32, "cmpl $5, %es:(%edi)", .op = INSN_CMP, IMMEDIATE(4, 5))              \
    X(16, "mov %ax, 0x1234", STORE(2, RAX))                                    \
    X(16, "mov %eax, %fs:(%esi)", STORE(4, RAX))                               \
    X(16, "mov %dx, (%bx,%di)", STORE(2, RDX))                                 \
    X(16, "mov %dx, 0x1234(%bp)", STORE(2, RDX))                               \
    X(16, "mov 0x1234, %dx", LOAD(2, RDX))                                     \
    X(16, "movl $0x12345678, 0x1234", STORE_IMM(4, 0x12345678))                \
    X(16, "movw $0x1234, 5(%si)", STORE_IMM(2, 0x1234))                        \
    X(16, "movsbl (%di), %ecx", EXTEND(1, 4, RCX), .sign = true)

#define UNKNOWN(X)                                       \
    X(64, "mov %eax, %ebx")                              \
    X(64, "lock incl (%rdi)")                            \
    X(64, "xchg %eax, (%rdi)")                           \
    X(64, "add %eax, (%rdi)")                            \
    X(64, "orl $1, (%rdi)")                              \
    X(64, "adc (%rdi), %eax")                            \
    X(64, "sbb (%rdi), %eax")                            \
    X(64, "incl (%rdi)")                                 \
    X(64, "notl (%rdi)")                                 \
    X(64, "stosl")                                       \
    X(64, "rep movsl")                                   \
    X(64, "push (%rdi)")                                 \
    X(64, "pop (%rdi)")                                  \
    X(64, "call *(%rdi)")                                \
    X(64, "movaps %xmm0, (%rdi)")                        \
    X(64, "movdqu (%rdi), %xmm1")                        \
    X(64, "movd %xmm0, (%rdi)")                          \
    X(64, "movq (%rdi), %mm0")                           \
    X(64, "movntdq %xmm0, (%rdi)")                       \
    X(64, "mov %ds, (%rdi)")                             \
    X(64, "movbe %eax, (%rdi)")                          \
    X(64, "fstps (%rdi)")                                \
    X(64, "cmpxchg %eax, (%rdi)")                        \
    X(64, "btl $3, (%rdi)")                              \
    X(64, "ud2")                                         \
    X(64, "hlt")                                         \
    X(64, ".byte 0xf0; mov %eax, (%rdi)")                \
    X(64, ".byte 0xc7, 0x3f, 1, 0, 0, 0")                \
    X(64, ".byte 0x66; movnti %eax, (%rdi)")             \
    X(64, ".byte 0x63, 0x07") /* MOVSXD without REX.W */ \
    X(32, "inc %eax")                                    \
    X(32, "arpl %ax, (%edi)")

/* The code lies in one section, where it begins and ends in another. */
#define ASSEMBLED(bits, text, ...)                                                                      \
    ".pushsection .rodata.insns, \"a\"\n .code" #bits "\n 701: " text "\n 702: .code64\n .popsection\n" \
    ".pushsection .data.rel.ro.insns, \"aw\"\n .quad 701b, 702b\n .popsection\n"

struct assembled {
    const u8 *start, *end;
};
extern const struct assembled known_code[], unknown_code[];

__asm__(".pushsection .data.rel.ro.insns, \"aw\"\n .balign 8\n known_code:\n .popsection\n" KNOWN(
    ASSEMBLED) ".pushsection .data.rel.ro.insns, \"aw\"\n unknown_code:\n .popsection\n" UNKNOWN(ASSEMBLED));

static const struct {
    const char *text;
    unsigned bits;
    struct insn want;
} known[] = {
#define AS_KNOWN(bits, text, ...) {text, bits, {__VA_ARGS__}},
    KNOWN(AS_KNOWN)};

static const struct {
    const char *text;
    unsigned bits;
} unknown[] = {
#define AS_UNKNOWN(bits, text) {text, bits},
    UNKNOWN(AS_UNKNOWN)};

/* From a buffer of exactly so many bytes, where the address sanitizer looks. */
static enum insn_result decode(const u8 *code, size_t n, unsigned bits, struct insn *out)
{
    u8 *copy = malloc(n ? n : 1);
    enum insn_result r;

    memcpy(copy, code, n);
    r = insn_decode(copy, n, bits, out);
    free(copy);
    return r;
}

#define assert_same(got, want, field) \
    if ((got).field != (want).field)  \
    fail_msg("%s: " #field " is %lu, not %lu", text, (unsigned long)(got).field, (unsigned long)(want).field)

static void assert_insn(const char *text, struct insn got, struct insn want)
{
    assert_same(got, want, op);
    assert_same(got, want, length);
    assert_same(got, want, write);
    assert_same(got, want, size);
    assert_same(got, want, sign);
    assert_same(got, want, reg_size);
    assert_same(got, want, reg);
    assert_same(got, want, high);
    assert_same(got, want, immediate);
    assert_same(got, want, reversed);
    assert_same(got, want, value);
}

static void known_ones(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
        const struct assembled *a = &known_code[i];
        size_t n = (size_t)(a->end - a->start);
        struct insn got, want = known[i].want;

        want.length = (u8)n;
        for (size_t part = 0; part < n; part++)
            if (decode(a->start, part, known[i].bits, &got) != INSN_SHORT)
                fail_msg("%s: %zu bytes are not too short", known[i].text, part);
        if (decode(a->start, n, known[i].bits, &got) != INSN_OK)
            fail_msg("%s: not known", known[i].text);
        assert_insn(known[i].text, got, want);
    }
}

static void unknown_ones(void **state)
{
    struct insn got;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(unknown); i++) {
        const struct assembled *a = &unknown_code[i];

        if (decode(a->start, (size_t)(a->end - a->start), unknown[i].bits, &got) != INSN_UNKNOWN)
            fail_msg("%s: known", unknown[i].text);
    }
}

/* A REX that is not the last prefix does not count; and 15 bytes are the most. */
static void prefixes_count(void **state)
{
    u8 code[16];
    struct insn i;

    (void)state;
    assert_int_equal(decode((const u8 *)"\x48\x66\x89\x07", 4, 64, &i), INSN_OK);
    assert_int_equal(i.size, 2);
    assert_int_equal(decode((const u8 *)"\x66\x48\x89\x07", 4, 64, &i), INSN_OK);
    assert_int_equal(i.size, 8);
    assert_int_equal(decode((const u8 *)"\x44\x40\x89\x07", 4, 64, &i), INSN_OK);
    assert_int_equal(i.reg, RAX);
    memset(code, 0x2e, sizeof(code));
    memcpy(code + 13, "\x89\x07", 2);
    assert_int_equal(decode(code, 15, 64, &i), INSN_OK);
    assert_int_equal(i.length, 15);
    code[13] = 0x2e;
    memcpy(code + 14, "\x89\x07", 2);
    assert_int_equal(decode(code, 14, 64, &i), INSN_SHORT);
    assert_int_equal(decode(code, 15, 64, &i), INSN_UNKNOWN);
    assert_int_equal(decode(code, 16, 64, &i), INSN_UNKNOWN);
}

/* Whatever the bytes: no more are read than there are, and what is found is one thing, whole. */
static void any_bytes(void **state)
{
    static const unsigned modes[] = {16, 32, 64};
    unsigned found = 0;

    (void)state;
    srandom(1);
    for (unsigned round = 0; round < 300000; round++) {
        unsigned bits = modes[round % 3];
        struct insn i, again;
        u8 code[15];

        for (unsigned k = 0; k < sizeof(code); k++)
            code[k] = (u8)random();
        if (insn_decode(code, sizeof(code), bits, &i) != INSN_OK)
            continue;
        found++;
        assert_in_range(i.length, 2, 15);
        assert_true(i.size == 1 || i.size == 2 || i.size == 4 || i.size == 8);
        assert_true(i.reg_size >= i.size && i.reg_size <= 8);
        assert_true(i.reg < 16 && (!i.high || i.reg < 4));
        assert_int_equal(insn_cut(i.value, i.size), i.value);
        assert_int_equal(decode(code, i.length, bits, &again), INSN_OK);
        assert_memory_equal(&i, &again, sizeof(i));
        assert_int_equal(decode(code, i.length - 1u, bits, &again), INSN_SHORT);
    }
    assert_in_range(found, 1000, 300000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_ones),
        cmocka_unit_test(unknown_ones),
        cmocka_unit_test(prefixes_count),
        cmocka_unit_test(any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
