/* SPDX-License-Identifier: BSD-2-Clause */
/* hyp_frames.c: frames.c hands out each free frame once, none that is in use by the boot, and notices bad releases. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../host/hyp/frames.c"

#define PAGES(n) ((n)*PAGE_SIZE)
#define TOP      (16 * MiB)

u8 image_start[1], image_end[1]; /* far from the memory described here */

static u8 *memory;     /* stands for physical memory; only the array of links is ever touched */
static bool panicking; /* a panic is expected */
static jmp_buf panicked;

void *port_map(hpa_t at)
{
    return memory + at.v;
}

void port_panic(const char *invariant, const char *file, int line)
{
    if (!panicking)
        fail_msg("%s:%d: %s", file, line, invariant);
    longjmp(panicked, 1);
}

/* RAM from 1 MiB - 2 pages to TOP with a reserved page, and a module of a page and a byte. */
static const struct boot_info *build(void)
{
    static struct boot_info b;

    memset(&b, 0, sizeof(b));
    memset(region, 0, sizeof(region));
    regions = 0;
    links = left = 0;
    first = runs = LINK_END;
    lock = (struct spinlock){0};
    b.range[b.ranges++] = (struct boot_range){LOW_MIB - PAGES(2), TOP, true};
    b.range[b.ranges++] = (struct boot_range){8 * MiB, 8 * MiB + PAGES(1), false};
    b.module[b.modules++] = (struct boot_module){.start = 12 * MiB, .end = 12 * MiB + PAGE_SIZE + 1};
    return &b;
}

static int make_memory(void **state)
{
    (void)state;
    memory = calloc(1, TOP);
    return !memory;
}

static int drop_memory(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

static void every_frame_once(void **state)
{
    static u8 seen[TOP / PAGE_SIZE];
    u64 total, n = 0;
    hpa_t f;

    (void)state;
    memset(seen, 0, sizeof(seen));
    assert_true(frames_init(build()));
    total = frames_left();
    /* All but: page 8 MiB, two of the module, what the links take. */
    assert_int_equal(total, (TOP - LOW_MIB) / PAGE_SIZE - 3 - TOP / PAGE_SIZE * sizeof(u32) / PAGE_SIZE);
    for (; frames_alloc(&f); n++) {
        assert_true(f.v >= LOW_MIB && f.v < TOP && !(f.v & PAGE_MASK));
        assert_int_not_equal(f.v, 8 * MiB);
        assert_int_not_equal(f.v, 12 * MiB);
        assert_int_not_equal(f.v, 12 * MiB + PAGES(1));
        assert_false(seen[f.v >> PAGE_SHIFT]++);
    }
    assert_int_equal(n, total);
    assert_int_equal(frames_left(), 0);
    for (u64 i = 0; i < TOP / PAGE_SIZE; i++)
        if (seen[i])
            frames_release((hpa_t){i << PAGE_SHIFT});
    assert_int_equal(frames_left(), total);
    for (n = 0; frames_alloc(&f); n++)
        ;
    assert_int_equal(n, total);
}

static void runs_are_whole_and_apart(void **state)
{
    hpa_t a, b, single;

    (void)state;
    assert_true(frames_init(build()));
    assert_true(frames_alloc_run(100, &a));
    assert_true(frames_alloc_run(50, &b));
    assert_true(b.v + PAGES(50) <= a.v || a.v + PAGES(100) <= b.v);
    while (frames_alloc(&single)) {
        assert_true(single.v < a.v || single.v >= a.v + PAGES(100));
        assert_true(single.v < b.v || single.v >= b.v + PAGES(50));
    }
    assert_false(frames_alloc_run(1, &a));
}

/* 14 MiB are free, but no 8 MiB of them in one piece. */
static void runs_too_long(void **state)
{
    u64 before;
    hpa_t a;

    (void)state;
    assert_true(frames_init(build()));
    before = frames_left();
    assert_false(frames_alloc_run(8 * MiB / PAGE_SIZE, &a));
    assert_int_equal(frames_left(), before);
}

#define WHOLE_BLOCKS 5 /* those at 2, 4, 6, 10 and 14 MiB */

static void every_block_once(void **state)
{
    bool seen[TOP / BLOCK_BYTES] = {false};
    u64 total, n = 0;
    hpa_t b, frame;

    (void)state;
    assert_true(frames_init(build()));
    total = frames_left();
    for (; frames_alloc_block(&b); n++) {
        assert_int_equal(b.v % BLOCK_BYTES, 0);
        assert_true(b.v >= 2 * MiB && b.v < TOP);
        assert_true(b.v != 8 * MiB && b.v != 12 * MiB);
        assert_false(seen[b.v / BLOCK_BYTES]);
        seen[b.v / BLOCK_BYTES] = true;
        assert_int_equal(frames_left(), total - (n + 1) * BLOCK_PAGES);
    }
    assert_int_equal(n, WHOLE_BLOCKS);
    for (n = 0; frames_alloc(&frame); n++)
        assert_false(seen[frame.v / BLOCK_BYTES]);
    assert_int_equal(n, total - WHOLE_BLOCKS * BLOCK_PAGES);
    for (u64 i = 0; i < TOP / BLOCK_BYTES; i++)
        if (seen[i])
            frames_release_run((hpa_t){i * BLOCK_BYTES}, BLOCK_PAGES);
    assert_int_equal(frames_left(), WHOLE_BLOCKS * BLOCK_PAGES);
    for (n = 0; frames_alloc(&frame); n++) /* what was a block serves single requests */
        assert_true(seen[frame.v / BLOCK_BYTES]);
    assert_int_equal(n, WHOLE_BLOCKS * BLOCK_PAGES);
    assert_false(frames_alloc_block(&b));
}

/* A run leaves the end of its region unaligned: what lies above the next block is not lost. */
static void what_lies_above_a_block(void **state)
{
    struct boot_info *one = (struct boot_info *)build();
    u64 total, n;
    hpa_t run, b, frame;

    (void)state;
    one->ranges = 1;
    one->modules = 0;
    assert_true(frames_init(one));
    total = frames_left();
    assert_true(frames_alloc_run(3, &run));
    assert_int_equal(run.v, TOP - PAGES(3));
    assert_true(frames_alloc_block(&b));
    assert_int_equal(b.v, TOP - 2 * BLOCK_BYTES);
    for (n = 0; frames_alloc(&frame); n++)
        assert_true(frame.v < b.v || (frame.v >= b.v + BLOCK_BYTES && frame.v < run.v));
    assert_int_equal(n, total - 3 - BLOCK_PAGES);
}

/* More neighbours than a block has, but none of them is whole. */
static void no_block_is_whole(void **state)
{
    struct boot_info *small = (struct boot_info *)build();
    u64 before;
    hpa_t a;

    (void)state;
    small->ranges = 1;
    small->modules = 0;
    small->range[0].end = 4 * MiB - PAGES(1);
    assert_true(frames_init(small));
    before = frames_left();
    assert_false(frames_alloc_block(&a));
    assert_int_equal(frames_left(), before);
    assert_true(frames_alloc_run(BLOCK_PAGES, &a));
}

static bool release_panics(u64 at)
{
    panicking = true;
    if (setjmp(panicked)) {
        panicking = false;
        lock = (struct spinlock){0};
        return true;
    }
    frames_release((hpa_t){at});
    panicking = false;
    return false;
}

static void bad_releases(void **state)
{
    hpa_t f;

    (void)state;
    assert_true(frames_init(build()) && frames_alloc(&f));
    assert_true(release_panics(f.v + 1));
    assert_true(release_panics(0));
    assert_true(release_panics(8 * MiB));
    assert_true(release_panics(TOP));
    assert_true(release_panics(UINT64_MAX & ~PAGE_MASK));
    assert_false(release_panics(f.v));
    assert_true(release_panics(f.v));
    assert_true(frames_alloc_block(&f));
    assert_false(release_panics(f.v + PAGES(7)));
    assert_true(release_panics(f.v + PAGES(7)));
    assert_false(release_panics(f.v + PAGES(8)));
}

/* What is made anew as it was finds its memory again, however often and in whatever order it was given back. */
static void runs_are_used_again(void **state)
{
    hpa_t run[4], block;
    u64 total;

    (void)state;
    assert_true(frames_init(build()));
    total = frames_left();
    for (unsigned i = 0; i < 100; i++) {
        assert_true(frames_alloc_block(&block));
        for (u64 k = 0; k < 4; k++)
            assert_true(frames_alloc_run(1 + 300 * k, &run[k]));
        frames_release_run(block, BLOCK_PAGES);
        for (u64 k = 0; k < 4; k++)
            frames_release_run(run[(k + i) % 4], 1 + 300 * ((k + i) % 4));
        assert_int_equal(frames_left(), total);
    }
}

/* Nor is a run of one length lost for others: it is cut, and what is left of it stays. */
static void runs_are_cut(void **state)
{
    hpa_t all, a, b;
    u64 n = 0;

    (void)state;
    assert_true(frames_init(build()));
    assert_true(frames_alloc_run(1000, &all));
    while (frames_alloc(&a))
        ;
    frames_release_run(all, 1000);
    assert_true(frames_alloc_run(600, &a));
    assert_true(frames_alloc_run(300, &b));
    assert_false(frames_alloc_run(101, &all));
    assert_true(a.v + PAGES(600) <= b.v || b.v + PAGES(300) <= a.v);
    while (frames_alloc(&all))
        n++;
    assert_int_equal(n, 100);
    frames_release(a);
    assert_true(release_panics(a.v));
    assert_false(release_panics(b.v));
}

static void nothing_to_have(void **state)
{
    struct boot_info *b = (struct boot_info *)build();

    (void)state;
    b->range[0].end = LOW_MIB;
    assert_false(frames_init(b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_once),    cmocka_unit_test(runs_are_whole_and_apart),
        cmocka_unit_test(runs_too_long),       cmocka_unit_test(bad_releases),
        cmocka_unit_test(every_block_once),    cmocka_unit_test(what_lies_above_a_block),
        cmocka_unit_test(runs_are_used_again), cmocka_unit_test(runs_are_cut),
        cmocka_unit_test(no_block_is_whole),   cmocka_unit_test(nothing_to_have),
    };

    return cmocka_run_group_tests(tests, make_memory, drop_memory);
}
