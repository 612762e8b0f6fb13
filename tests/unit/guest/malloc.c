/* SPDX-License-Identifier: BSD-2-Clause */
/* malloc.c: malloc on real threads: blocks keep what was written to them, and all memory comes back. */
/* with: guest/libc/malloc_heap.c guest/libc/malloc_span.c */
/* with: guest/kern/mem.c guest/kern/runs.c tests/unit/guest/fake/ram.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fake/ram.h"
#include "guest.h"
#include "lib/atomic.h"
#include "malloc_heap.h"
#include "malloc_span.h"
#include "mem.h"

#define ARENA   (48 * MiB)
#define THREADS 8u
#define SLOTS   512u
#define HUGE    (ARENA * 2) /* is never there: malloc gives back all that it can */

static jmp_buf corrupt;
static bool corrupt_expected;
static const char *corrupt_what;

void malloc_corrupt(const char *what, const void *p)
{
    if (!corrupt_expected) {
        fprintf(stderr, "%p: %s\n", p, what);
        abort();
    }
    corrupt_what = what;
    longjmp(corrupt, 1);
}

static int once(void **state)
{
    (void)state;
    if (!ram_make(ARENA))
        return -1;
    heap_free(heap_alloc(1)); /* makes the map */
    return 0;
}

/* Pages that are free when nothing is in use. */
static size_t all_free(void)
{
    size_t longest;

    assert_null(heap_alloc(HUGE));
    return mem_pages_left(&longest);
}

/* ---- Blocks whose content says what it should be ---- */

struct item {
    u8 *p;
    size_t bytes;
    u32 stamp;
};

static u32 dice(u32 *seed, u32 sides)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (u32)(((u64)(*seed >> 4) * sides) >> 28);
}

/* Mostly small, some with pages of their own. */
static size_t random_bytes(u32 *seed)
{
    static const u32 most[] = {16, 64, 64, 256, 1024, 4096, SMALL_MAX + 100, 70000};

    return dice(seed, most[dice(seed, ARRAY_SIZE(most))] + 1);
}

static void stamp(struct item *i)
{
    u32 word = i->stamp;

    for (size_t at = 0; at < i->bytes; at += 509)
        i->p[at] = (u8)(word + at);
    if (i->bytes)
        i->p[i->bytes - 1] = (u8)word;
}

static bool is_whole(const struct item *i)
{
    for (size_t at = 0; at + 1 < i->bytes; at += 509)
        if (i->p[at] != (u8)(i->stamp + at))
            return false;
    return !i->bytes || i->p[i->bytes - 1] == (u8)i->stamp;
}

static struct item make(u32 *seed)
{
    struct item i = {.bytes = random_bytes(seed), .stamp = *seed};
    size_t align = dice(seed, 4) ? 1 : 1ul << dice(seed, 15);

    i.p = align > 1 ? heap_alloc_aligned(align, i.bytes) : heap_alloc(i.bytes);
    if (!i.p || (uintptr_t)i.p % MAX(align, 16ul) || heap_usable(i.p) < i.bytes)
        abort();
    stamp(&i);
    return i;
}

static void resize(struct item *i, u32 *seed)
{
    struct item next = {.bytes = random_bytes(seed), .stamp = i->stamp};
    u8 first = i->bytes ? i->p[0] : 0;

    next.p = heap_resize(i->p, next.bytes);
    if (!next.p || heap_usable(next.p) < next.bytes || (i->bytes > 1 && next.bytes > 1 && next.p[0] != first))
        abort();
    *i = next;
    stamp(i);
}

static void end(struct item *i)
{
    if (!is_whole(i))
        abort();
    heap_free(i->p);
    i->p = NULL;
}

/* ---- Tests ---- */

static void classes(void **state)
{
    (void)state;
    for (size_t n = 0; n <= SMALL_MAX; n++) {
        unsigned c = class_of(n);

        assert_true(c < CLASSES && class_bytes(c) >= n && class_bytes(c) % BLOCK_ALIGN == 0);
        assert_true(c == 0 || class_bytes(c - 1) < n);
    }
}

static void one_thread_at_random(void **state)
{
    static struct item item[SLOTS];
    size_t before = all_free();
    u32 seed = 1;

    (void)state;
    for (unsigned i = 0; i < 300000; i++) {
        struct item *it = &item[dice(&seed, SLOTS)];

        if (!it->p)
            *it = make(&seed);
        else if (dice(&seed, 4))
            end(it);
        else if (is_whole(it))
            resize(it, &seed);
        else
            fail();
    }
    for (unsigned i = 0; i < SLOTS; i++)
        if (item[i].p)
            end(&item[i]);
    assert_true(before - all_free() <= 4); /* nodes of the free runs stay */
}

/* As many blocks as memory has, twice: what was freed is there again, whatever its size was. */
static void until_memory_is_out(void **state)
{
    static const size_t bytes[] = {16, 5000, 100000, 16, 48};
    size_t count[ARRAY_SIZE(bytes)];

    (void)state;
    for (unsigned r = 0; r < ARRAY_SIZE(bytes); r++) {
        void **list = NULL, **p;

        for (count[r] = 0; (p = heap_alloc(bytes[r])); count[r]++) {
            *p = list;
            list = p;
        }
        assert_true(count[r] > ARENA / 5 * 4 / (bytes[r] + PAGE_SIZE / 8 * (bytes[r] > PAGE_SIZE)));
        for (; list; list = p) {
            p = *list;
            heap_free(list);
        }
    }
    assert_true(count[0] - count[3] <= PAGE_SIZE);
    assert_null(heap_alloc(SIZE_MAX));
    assert_null(heap_alloc(SIZE_MAX - 100));
    assert_null(heap_alloc_aligned(1ul << 62, 1));
    assert_null(heap_alloc_aligned(32, SIZE_MAX - 8));
}

static bool is_corrupt(void *p)
{
    volatile bool noticed = true;

    corrupt_expected = true;
    if (!setjmp(corrupt)) {
        heap_free(p);
        noticed = false;
    }
    corrupt_expected = false;
    return noticed;
}

static void wrong_pointers_are_noticed(void **state)
{
    u8 *small = heap_alloc(100), *other = heap_alloc(100), *large = heap_alloc(100000);
    int local;

    (void)state;
    assert_true(is_corrupt(small + 1));
    assert_true(is_corrupt(small + 16));
    assert_true(is_corrupt(small - sizeof(struct span)));
    assert_true(is_corrupt(large + 16));
    assert_true(is_corrupt(&local));
    assert_true(is_corrupt((void *)8));
    assert_false(is_corrupt(NULL));
    assert_false(is_corrupt(small));
    assert_true(is_corrupt(small));
    assert_string_equal(corrupt_what, "freed twice");
    assert_false(is_corrupt(large));
    assert_true(is_corrupt(large));
    heap_free(other);
}

static void resizing_in_place(void **state)
{
    size_t longest, before;
    u8 *p = heap_alloc(100000);

    (void)state;
    assert_ptr_equal(heap_resize(p, 90000), p);
    before = mem_pages_left(&longest);
    assert_ptr_equal(heap_resize(p, 40000), p);
    assert_int_equal(mem_pages_left(&longest) - before,
                     (90000 + 64 + 4095) / 4096 - (40000 + 64 + 4095) / 4096);
    assert_ptr_equal(heap_resize(p, heap_usable(p)), p);
    heap_free(p);
    p = heap_alloc(100);
    assert_ptr_equal(heap_resize(p, heap_usable(p)), p);
    assert_ptr_equal(heap_resize(p, 60), p);
    p = heap_resize(p, 10);
    assert_int_equal(heap_usable(p), 16);
    heap_free(p);
}

/* ---- Threads ---- */

static struct item *box[SLOTS]; /* atomic: blocks on their way from thread to thread */

static void *trade(void *arg)
{
    u32 seed = (u32)(uintptr_t)arg * 2654435761u;

    for (unsigned i = 0; i < 20000; i++) {
        struct item *mine = heap_alloc(sizeof(*mine)), *theirs;

        *mine = make(&seed);
        theirs = at_xchg(&box[dice(&seed, SLOTS)], mine);
        if (!theirs)
            continue;
        if (!dice(&seed, 8))
            resize(theirs, &seed);
        end(theirs);
        heap_free(theirs);
    }
    heap_thread_end();
    return NULL;
}

static void run_threads(void *(*fn)(void *), unsigned round)
{
    pthread_t thread[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++)
        assert_false(pthread_create(&thread[i], NULL, fn, (void *)(round * THREADS + i + 1)));
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
}

static void threads_trade_blocks(void **state)
{
    size_t before = all_free();

    (void)state;
    for (unsigned round = 0; round < 3; round++)
        run_threads(trade, round);
    for (unsigned i = 0; i < SLOTS; i++) {
        if (box[i]) {
            end(box[i]);
            heap_free(box[i]);
        }
    }
    assert_true(before - all_free() <= 8);
}

/* ---- One thread allocates what all others free, as fast as they can: none may be lost on its way home ---- */

#define GIFTS 400000u

static void *gift[16]; /* atomic */
static u32 no_more;    /* atomic */

static void *take_gifts(void *arg)
{
    for (u32 i = (u32)(uintptr_t)arg; !at_load(&no_more); i++)
        heap_free(at_xchg(&gift[i % ARRAY_SIZE(gift)], NULL));
    heap_thread_end();
    return NULL;
}

static void no_block_is_lost(void **state)
{
    size_t before = all_free();
    pthread_t thread[THREADS];

    (void)state;
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_false(pthread_create(&thread[i], NULL, take_gifts, (void *)i));
    for (unsigned i = 0; i < GIFTS; i++)
        heap_free(at_xchg(&gift[i % ARRAY_SIZE(gift)], heap_alloc(16)));
    at_store(&no_more, 1);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(gift); i++)
        heap_free(gift[i]);
    assert_true(before - all_free() <= 1);
}

/* A thread leaves a block behind; its heap is the next thread's, and the block goes home to it. */
static void *leave_one(void *arg)
{
    void **left = arg;

    heap_free(*left);
    *left = heap_alloc(40);
    heap_thread_end();
    return NULL;
}

static void heaps_are_inherited(void **state)
{
    void *left = NULL, *first = NULL;
    pthread_t thread;

    (void)state;
    for (unsigned i = 0; i < 3 * MAX_THREADS; i++) {
        assert_false(pthread_create(&thread, NULL, leave_one, &left));
        pthread_join(thread, NULL);
        assert_non_null(left);
        if (!i)
            first = (void *)ROUND_DOWN((uintptr_t)left, PAGE_SIZE);
        assert_ptr_equal(first, ROUND_DOWN((uintptr_t)left, PAGE_SIZE));
    }
    heap_free(left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes),
        cmocka_unit_test(one_thread_at_random),
        cmocka_unit_test(until_memory_is_out),
        cmocka_unit_test(wrong_pointers_are_noticed),
        cmocka_unit_test(resizing_in_place),
        cmocka_unit_test(threads_trade_blocks),
        cmocka_unit_test(no_block_is_lost),
        cmocka_unit_test(heaps_are_inherited),
    };

    return cmocka_run_group_tests(tests, once, NULL);
}
