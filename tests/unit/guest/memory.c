/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.c: the RAM that the kernel takes, runs of its pages, and the words of the command line. */
/* with: guest/kern/mem.c guest/kern/runs.c guest/kern/boot.c guest/kern/panic.c tests/unit/guest/fake/machine.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "boot.h"
#include "fake/machine.h"
#include "guest.h"
#include "irq.h"
#include "mem.h"
#include <stdlib.h>
#include <string.h>

struct percpu cpus[MAX_CPUS];

void mutex_lock(struct mutex *m)
{
    m->depth++;
}

void mutex_unlock(struct mutex *m)
{
    m->depth--;
}

static void fresh(void)
{
    fake_reset();
    fake_cpu(0, NULL);
    memset(&boot, 0, sizeof(boot));
}

static int setup(void **state)
{
    (void)state;
    fresh();
    return 0;
}

static void ram(u64 addr, u64 bytes)
{
    boot.ram[boot.ram_count++] = (struct boot_range){addr, bytes};
}

static u64 all_pages(size_t *longest)
{
    return mem_pages_left(longest) * PAGE_SIZE;
}

static void takes_all_free_pieces(void **state)
{
    u64 start, end;
    size_t longest;

    (void)state;
    ram(0, 0xa0000);
    ram(1 * MiB, 63 * MiB);
    ram(4 * GiB, 1 * MiB);
    boot.image = (struct boot_range){1 * MiB, 512 * KiB + 1};
    boot.module[boot.module_count++] = (struct boot_range){48 * MiB, 8 * MiB};
    mem_init();
    assert_int_equal(all_pages(&longest), 56 * MiB - 512 * KiB - PAGE_SIZE);
    assert_int_equal(longest * PAGE_SIZE, 47 * MiB - 512 * KiB - PAGE_SIZE);
    assert_int_equal(mem_pages(1), 1 * MiB + 512 * KiB + PAGE_SIZE);
    assert_int_equal(mem_pages_aligned(1, 1 * GiB), 4 * GiB);
    mem_bounds(&start, &end);
    assert_int_equal(start, 1 * MiB + 512 * KiB + PAGE_SIZE);
    assert_int_equal(end, 4 * GiB + 1 * MiB);
}

/* A module may hang over both ends of a piece, or lie where no RAM is at all. */
static void modules_anywhere(void **state)
{
    size_t longest;

    (void)state;
    ram(16 * MiB, 16 * MiB);
    ram(64 * MiB, 8 * MiB);
    boot.module[boot.module_count++] = (struct boot_range){8 * MiB, 24 * MiB};
    boot.module[boot.module_count++] = (struct boot_range){4 * GiB, 100 * MiB};
    boot.module[boot.module_count++] = (struct boot_range){66 * MiB, 0};
    mem_init();
    assert_int_equal(all_pages(&longest), 8 * MiB);
    assert_int_equal(mem_pages(1), 64 * MiB);
}

static void no_memory_at_all(void **state)
{
    (void)state;
    ram(0, 0xa0000);
    assert_true(fake_ends(mem_init, STATUS_PANIC));
}

static void to_the_last_page_and_back(void **state)
{
    size_t longest;

    (void)state;
    ram(1 * MiB, 64 * KiB);
    mem_init();
    assert_int_equal(mem_pages(4), 1 * MiB);
    assert_null(mem_pages(13));
    assert_null(mem_pages(0));
    assert_null(mem_pages(SIZE_MAX / PAGE_SIZE + 2)); /* whose bytes are one page, if one does not look */
    assert_int_equal(mem_pages(12), 1 * MiB + 16 * KiB);
    assert_null(mem_pages(1));
    mem_pages_free((void *)(1 * MiB + 4 * PAGE_SIZE), 4);
    mem_pages_free((void *)(1 * MiB + 12 * PAGE_SIZE), 4);
    assert_int_equal(all_pages(&longest), 8 * PAGE_SIZE);
    assert_int_equal(longest, 4);
    mem_pages_free((void *)(1 * MiB + 8 * PAGE_SIZE), 4);
    mem_pages_free((void *)(1 * MiB), 4);
    assert_int_equal(mem_pages(16), 1 * MiB);
}

static void frees_what_is_free(void)
{
    mem_pages_free((void *)(1 * MiB + 3 * PAGE_SIZE), 2);
}

static void frees_what_is_not_memory(void)
{
    mem_pages_free((void *)(1 * MiB + 15 * PAGE_SIZE), 2);
}

static void giving_back_too_much_is_noticed(void **state)
{
    (void)state;
    ram(1 * MiB, 64 * KiB);
    mem_init();
    assert_int_equal(mem_pages(4), 1 * MiB);
    assert_true(fake_ends(frees_what_is_free, STATUS_PANIC));
    fake_reset();
    assert_int_equal(mem_pages(12), 1 * MiB + 4 * PAGE_SIZE);
    assert_true(fake_ends(frees_what_is_not_memory, STATUS_PANIC));
}

/* ---- At random, against a map of pages ---- */

#define PAGES  1984u
#define MODELS 400u /* runs taken at a time */
#define STEPS  30000u

static u8 *arena;
static char used[PAGES]; /* 'n' = the set made nodes of it */
static struct model_run {
    size_t first, n;
} taken[MODELS];
static unsigned taken_count, seed;

static unsigned dice(unsigned sides)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % sides;
}

static size_t model_find(size_t n, size_t align)
{
    for (size_t at = 0, free; at + n <= PAGES; at++) {
        for (free = 0; free < n && !used[at + free]; free++)
            ;
        if (free == n && !((uintptr_t)(arena + at * PAGE_SIZE) & (align - 1)))
            return at;
    }
    return PAGES;
}

/* The set's own pages are known by their being neither taken nor free: the model finds out by the sum. */
static size_t model_left(void)
{
    size_t left = 0;

    for (size_t i = 0; i < PAGES; i++)
        left += !used[i];
    return left;
}

static void random_take(void)
{
    size_t n = dice(4) ? 1 + dice(6) : 1 + dice(64), align = PAGE_SIZE << (dice(3) ? 0 : dice(6)), longest;
    u8 *pages = mem_pages_aligned(n, align);
    size_t at;

    /* The set took its lowest page for nodes first, at most one. */
    if (mem_pages_left(&longest) + (pages ? n : 0) + 1 == model_left())
        used[model_find(1, PAGE_SIZE)] = 'n';
    at = model_find(n, align);
    if (at == PAGES) {
        assert_null(pages);
        return;
    }
    assert_ptr_equal(pages, arena + at * PAGE_SIZE);
    memset(pages, 0xa5, n * PAGE_SIZE); /* the set has nothing there */
    memset(&used[at], 't', n);
    taken[taken_count++] = (struct model_run){at, n};
}

/* A part of a run, or all of it. */
static void random_give(void)
{
    struct model_run *r = &taken[dice(taken_count)];
    size_t skip = dice(2) ? 0 : dice((unsigned)r->n), n = 1 + dice((unsigned)(r->n - skip)),
           at = r->first + skip, longest;
    size_t before = mem_pages_left(&longest);

    mem_pages_free(arena + at * PAGE_SIZE, n);
    memset(&used[at], 0, n);
    if (mem_pages_left(&longest) == before + n - 1)
        used[at] = 'n';
    if (skip + n < r->n && taken_count < MODELS)
        taken[taken_count++] = (struct model_run){at + n, r->n - skip - n};
    else if (skip + n < r->n)
        memset(&used[at + n], 'l', r->n - skip - n); /* lost */
    r->n = skip;
    if (!skip)
        *r = taken[--taken_count];
}

static void like_a_map_of_pages(void **state)
{
    size_t longest;

    (void)state;
    arena = aligned_alloc(64 * PAGE_SIZE, PAGES * PAGE_SIZE);
    assert_non_null(arena);
    for (unsigned round = 1; round <= 4; round++) {
        seed = round;
        fresh();
        memset(used, 0, sizeof(used));
        taken_count = 0;
        ram((u64)(uintptr_t)arena, PAGES * PAGE_SIZE);
        mem_init();
        for (unsigned i = 0; i < STEPS; i++) {
            if (taken_count < MODELS && (!taken_count || dice(100) < 50 + 4 * (i / 1000 % 3)))
                random_take();
            else
                random_give();
            assert_int_equal(mem_pages_left(&longest), model_left());
        }
    }
    free(arena);
}

static void options(void **state)
{
    (void)state;
    strcpy(boot.cmdline, "search xvcpus=7 vcpus=3 pattern=vcpus=5 empty= word");
    assert_int_equal(boot_option_number("vcpus", 8), 3);
    assert_int_equal(boot_option_number("cpus", 8), 8);
    assert_int_equal(boot_option_number("empty", 8), 8);
    assert_int_equal(boot_option_number("pattern", 8), 8);
    assert_null(boot_option("word"));
    assert_memory_equal(boot_option("pattern"), "vcpus=5 ", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(takes_all_free_pieces, setup),
        cmocka_unit_test_setup(modules_anywhere, setup),
        cmocka_unit_test_setup(no_memory_at_all, setup),
        cmocka_unit_test_setup(to_the_last_page_and_back, setup),
        cmocka_unit_test_setup(giving_back_too_much_is_noticed, setup),
        cmocka_unit_test_setup(like_a_map_of_pages, setup),
        cmocka_unit_test_setup(options, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
