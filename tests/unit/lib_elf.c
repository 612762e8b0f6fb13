/* SPDX-License-Identifier: BSD-2-Clause */
/* lib_elf.c: elf.c takes a good image, names each defect of a bad one, and reads nothing outside any image. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/elf.h"

#define MEMORY     (64 * MiB)
#define ENTRY      0x200010u
#define PHDRS      3
#define PHDR(i)    (64 + 56 * (size_t)(i))
#define NOTE       PHDR(PHDRS)
#define NOTE_BYTES 20
#define CODE       (NOTE + NOTE_BYTES)
#define CODE_BYTES 64
#define BYTES      (CODE + CODE_BYTES)

static void put16(u8 *p, size_t at, u16 v)
{
    memcpy(p + at, &v, sizeof(v));
}

static void put32(u8 *p, size_t at, u32 v)
{
    memcpy(p + at, &v, sizeof(v));
}

static void put64(u8 *p, size_t at, u64 v)
{
    memcpy(p + at, &v, sizeof(v));
}

static void put_phdr(u8 *p, unsigned i, u32 type, u64 offset, u64 paddr, u64 filesz, u64 memsz)
{
    put32(p, PHDR(i), type);
    put64(p, PHDR(i) + 8, offset);
    put64(p, PHDR(i) + 24, paddr);
    put64(p, PHDR(i) + 32, filesz);
    put64(p, PHDR(i) + 40, memsz);
}

/* A code segment, a segment of zeroes, a PVH note. */
static void build(u8 *p)
{
    memset(p, 0, BYTES);
    memcpy(p, "\177ELF\2\1\1", 7);
    put16(p, 16, 2);
    put16(p, 18, 62);
    put64(p, 32, PHDR(0));
    put16(p, 54, 56);
    put16(p, 56, PHDRS);
    put_phdr(p, 0, 1, CODE, 0x200000, CODE_BYTES, CODE_BYTES);
    put_phdr(p, 1, 1, 0, 0x300000, 0, 0x5000);
    put_phdr(p, 2, 4, NOTE, 0, NOTE_BYTES, NOTE_BYTES);
    put32(p, NOTE, 4);
    put32(p, NOTE + 4, 4);
    put32(p, NOTE + 8, 18);
    memcpy(p + NOTE + 12, "Xen", 4);
    put32(p, NOTE + 16, ENTRY);
}

static void good_image(void **state)
{
    struct elf_image e;
    u8 p[BYTES];

    (void)state;
    build(p);
    assert_int_equal(elf_read(p, BYTES, MEMORY, &e), ELF_OK);
    assert_int_equal(e.pvh_entry, ENTRY);
    assert_int_equal(e.segments, 2);
    assert_int_equal(e.segment[0].offset, CODE);
    assert_int_equal(e.segment[0].paddr, 0x200000);
    assert_int_equal(e.segment[1].filesz, 0);
    assert_int_equal(e.segment[1].memsz, 0x5000);
}

static enum elf_error with64(size_t at, u64 v)
{
    struct elf_image e;
    u8 p[BYTES];

    build(p);
    put64(p, at, v);
    return elf_read(p, BYTES, MEMORY, &e);
}

static enum elf_error with16(size_t at, u16 v)
{
    struct elf_image e;
    u8 p[BYTES];

    build(p);
    put16(p, at, v);
    return elf_read(p, BYTES, MEMORY, &e);
}

static void each_defect_has_its_name(void **state)
{
    (void)state;
    assert_int_equal(with16(0, 0), ELF_NOT_ELF);
    assert_int_equal(with16(4, 0x0101), ELF_WRONG_KIND); /* 32 bits */
    assert_int_equal(with16(4, 0x0202), ELF_WRONG_KIND); /* big endian */
    assert_int_equal(with16(16, 1), ELF_WRONG_KIND);     /* relocatable */
    assert_int_equal(with16(18, 183), ELF_WRONG_KIND);   /* AArch64 */
    assert_int_equal(with16(54, 32), ELF_WRONG_KIND);
    assert_int_equal(with16(56, 4), ELF_TRUNCATED);
    assert_int_equal(with64(32, BYTES), ELF_TRUNCATED);
    assert_int_equal(with64(32, UINT64_MAX - 8), ELF_TRUNCATED);
    assert_int_equal(with16(56, 0), ELF_NO_SEGMENTS);
    assert_int_equal(with16(56, 2), ELF_NO_PVH);
    assert_int_equal(with64(PHDR(0) + 8, BYTES - CODE_BYTES + 1), ELF_TRUNCATED);
    assert_int_equal(with64(PHDR(0) + 32, UINT64_MAX), ELF_TRUNCATED);
    assert_int_equal(with64(PHDR(0) + 40, CODE_BYTES - 1), ELF_SEGMENT_SIZE);
    assert_int_equal(with64(PHDR(0) + 24, MEMORY - CODE_BYTES + 1), ELF_OUTSIDE);
    assert_int_equal(with64(PHDR(0) + 24, UINT64_MAX - 16), ELF_OUTSIDE);
    assert_int_equal(with64(PHDR(1) + 40, MEMORY), ELF_OUTSIDE);
    assert_int_equal(with64(PHDR(2) + 8, BYTES), ELF_TRUNCATED);
    assert_int_equal(with64(NOTE, UINT32_MAX), ELF_TRUNCATED);
    assert_int_equal(with16(NOTE + 8, 17), ELF_NO_PVH);
    assert_int_equal(with16(NOTE + 12, 0x7878), ELF_NO_PVH);
    assert_int_equal(with16(NOTE + 16, CODE_BYTES), ELF_ENTRY); /* 0x200040: just behind */
}

static void too_many_segments(void **state)
{
    enum { N = ELF_SEGMENTS_MAX + 1 };
    u8 p[64 + 56 * N] = {0};
    struct elf_image e;

    (void)state;
    build(p);
    put16(p, 56, N);
    for (unsigned i = 0; i < N; i++)
        put_phdr(p, i, 1, 0, 0x200000 + i * PAGE_SIZE, 1, 1);
    assert_int_equal(elf_read(p, sizeof(p), MEMORY, &e), ELF_MANY_SEGMENTS);
}

/* Each shorter file, in a block of exactly its size so that the sanitizer sees any byte read beyond. */
static void truncated_anywhere(void **state)
{
    u8 whole[BYTES];

    (void)state;
    build(whole);
    for (size_t n = 0; n < BYTES; n++) {
        u8 *p = malloc(n ? n : 1);
        struct elf_image e;
        enum elf_error got;

        memcpy(p, whole, n);
        got = elf_read(p, n, MEMORY, &e);
        assert_int_equal(got, n < 4 ? ELF_NOT_ELF : ELF_TRUNCATED);
        free(p);
    }
}

/* Whatever the bytes are, what is accepted lies inside file and memory. */
static void any_bytes(void **state)
{
    u64 random = 1;
    u8 whole[BYTES];

    (void)state;
    for (int round = 0; round < 200000; round++) {
        struct elf_image e;

        build(whole);
        for (int i = 0; i < 3; i++) {
            random = random * 6364136223846793005ull + 1442695040888963407ull;
            whole[(random >> 33) % CODE] = (u8)(random >> 25);
        }
        if (elf_read(whole, BYTES, MEMORY, &e))
            continue;
        for (unsigned i = 0; i < e.segments; i++) {
            assert_true(e.segment[i].offset + e.segment[i].filesz <= BYTES);
            assert_true(e.segment[i].filesz <= e.segment[i].memsz);
            assert_true(e.segment[i].memsz <= MEMORY && e.segment[i].paddr <= MEMORY - e.segment[i].memsz);
        }
    }
}

static void messages(void **state)
{
    (void)state;
    for (int e = ELF_OK; e <= ELF_ENTRY; e++)
        assert_string_not_equal(elf_strerror((enum elf_error)e), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_image),        cmocka_unit_test(each_defect_has_its_name),
        cmocka_unit_test(too_many_segments), cmocka_unit_test(truncated_anywhere),
        cmocka_unit_test(any_bytes),         cmocka_unit_test(messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
