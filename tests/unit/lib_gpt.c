/* SPDX-License-Identifier: BSD-2-Clause */
/* lib_gpt.c: gpt.c finds partitions by name, survives the loss of either table, and believes no bad checksum. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "lib/gpt.h"

#define BLOCKS  256
#define ENTRIES 128u
#define ESIZE   128u

static u8 disk[BLOCKS * 4096];
static u32 bs;
static u64 failing; /* this block cannot be read; 0 = none */

static bool read_block(void *context, u64 lba, void *to)
{
    (void)context;
    assert_true(lba < BLOCKS);
    if (failing && lba == failing)
        return false;
    memcpy(to, disk + lba * bs, bs);
    return true;
}

static u32 crc32_of(const u8 *p, size_t n)
{
    u32 crc = ~0u;

    for (size_t i = 0; i < n; i++)
        for (int bit = 0; bit < 8; bit++) {
            bool top = (crc ^ (u32)p[i] >> bit) & 1;

            crc = crc >> 1 ^ (top ? 0xedb88320u : 0);
        }
    return ~crc;
}

static void put32(u8 *p, u32 v)
{
    memcpy(p, &v, sizeof(v));
}

static void put64(u8 *p, u64 v)
{
    memcpy(p, &v, sizeof(v));
}

static void seal(u8 *h)
{
    put32(h + 16, 0);
    put32(h + 16, crc32_of(h, 92));
}

static u64 table_blocks(void)
{
    return ENTRIES * ESIZE / bs;
}

static void put_table(u64 header, u64 entries)
{
    static const char *const names[] = {"data", "swap", "data2"};
    u8 *h = disk + header * bs, *e = disk + entries * bs;

    for (unsigned i = 0; i < 3; i++, e += ESIZE) {
        e[0] = 1;
        put64(e + 32, 40 + i * 10);
        put64(e + 40, 49 + i * 10);
        for (unsigned c = 0; names[i][c]; c++)
            e[56 + 2 * c] = (u8)names[i][c];
    }
    memcpy(h, "EFI PART", 8);
    put32(h + 12, 92);
    put64(h + 24, header);
    put64(h + 72, entries);
    put32(h + 80, ENTRIES);
    put32(h + 84, ESIZE);
    put32(h + 88, crc32_of(disk + entries * bs, ENTRIES * ESIZE));
    seal(h);
}

static struct gpt_disk build(u32 block_size)
{
    bs = block_size;
    failing = 0;
    memset(disk, 0, sizeof(disk));
    put_table(1, 2);
    put_table(BLOCKS - 1, BLOCKS - 1 - table_blocks());
    return (struct gpt_disk){.blocks = BLOCKS, .block_size = bs, .read = read_block};
}

static enum gpt_error find(const struct gpt_disk *d, const char *name)
{
    struct gpt_partition p;

    return gpt_find(d, name, &p);
}

static void finds_by_name(void **state)
{
    (void)state;
    for (u32 size = 512; size <= 4096; size *= 8) {
        struct gpt_disk d = build(size);
        struct gpt_partition p;

        assert_int_equal(gpt_find(&d, "data", &p), GPT_OK);
        assert_int_equal(p.first, 40);
        assert_int_equal(p.blocks, 10);
        assert_int_equal(gpt_find(&d, "data2", &p), GPT_OK);
        assert_int_equal(p.first, 60);
        assert_int_equal(find(&d, "dat"), GPT_NO_NAME);
        assert_int_equal(find(&d, "data22"), GPT_NO_NAME);
        assert_int_equal(find(&d, ""), GPT_NO_NAME);
    }
}

static void either_table_will_do(void **state)
{
    struct gpt_disk d = build(512);

    (void)state;
    disk[512 + 20] ^= 1; /* inside the first header */
    assert_int_equal(find(&d, "swap"), GPT_OK);
    d = build(512);
    disk[2 * 512 + 60] ^= 1; /* inside the first table */
    assert_int_equal(find(&d, "swap"), GPT_OK);
    d = build(512);
    failing = 1;
    assert_int_equal(find(&d, "swap"), GPT_OK);
    d = build(512);
    memset(disk + (BLOCKS - 1) * 512, 0, 512);
    assert_int_equal(find(&d, "swap"), GPT_OK);
    disk[512] = 'x';
    assert_int_equal(find(&d, "swap"), GPT_NO_TABLE);
    failing = BLOCKS - 1;
    assert_int_equal(find(&d, "swap"), GPT_READ);
}

static void no_table(void **state)
{
    struct gpt_disk d = build(512);

    (void)state;
    memset(disk, 0, sizeof(disk));
    assert_int_equal(find(&d, "data"), GPT_NO_TABLE);
    d.blocks = 1;
    assert_int_equal(find(&d, "data"), GPT_NO_TABLE);
    d.blocks = 0;
    assert_int_equal(find(&d, "data"), GPT_NO_TABLE);
}

static void partition_beyond_the_disk(void **state)
{
    struct gpt_disk d = build(512);

    (void)state;
    put64(disk + 2 * 512 + 40, BLOCKS);
    put32(disk + 512 + 88, crc32_of(disk + 2 * 512, ENTRIES * ESIZE));
    seal(disk + 512);
    assert_int_equal(find(&d, "data"), GPT_RANGE);
    put64(disk + 2 * 512 + 40, 39); /* ends before it starts */
    put32(disk + 512 + 88, crc32_of(disk + 2 * 512, ENTRIES * ESIZE));
    seal(disk + 512);
    assert_int_equal(find(&d, "data"), GPT_RANGE);
    assert_int_equal(find(&d, "swap"), GPT_OK);
}

/* Well-sealed headers with absurd fields: the other table is used, nothing outside the disk is read. */
static void absurd_headers(void **state)
{
    static const struct {
        unsigned at;
        u64 value;
        bool wide;
    } cases[] = {
        {12, 91, false}, {12, 513, false},    {12, UINT32_MAX, false}, {24, 2, true},
        {72, 0, true},   {72, BLOCKS, true},  {72, UINT64_MAX, true},  {72, BLOCKS - 31, true},
        {80, 0, false},  {80, 100000, false}, {80, UINT32_MAX, false}, {84, 0, false},
        {84, 64, false}, {84, 192, false},    {84, 1024, false},       {84, 0x80000000u, false},
    };
    struct gpt_partition p;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct gpt_disk d = build(512);
        u8 *h = disk + 512;

        if (cases[i].wide)
            put64(h + cases[i].at, cases[i].value);
        else
            put32(h + cases[i].at, (u32)cases[i].value);
        seal(h);
        assert_int_equal(gpt_find(&d, "data", &p), GPT_OK);
        assert_int_equal(p.first, 40);
        memset(disk + (BLOCKS - 1) * 512, 0, 512);
        assert_int_equal(gpt_find(&d, "data", &p), GPT_NO_TABLE);
    }
}

static void messages(void **state)
{
    (void)state;
    for (int e = GPT_OK; e <= GPT_RANGE; e++)
        assert_string_not_equal(gpt_strerror((enum gpt_error)e), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_name),  cmocka_unit_test(either_table_will_do),
        cmocka_unit_test(no_table),       cmocka_unit_test(partition_beyond_the_disk),
        cmocka_unit_test(absurd_headers), cmocka_unit_test(messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
