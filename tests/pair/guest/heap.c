/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heap.c: does malloc keep what threads give each other, and does a program go on when memory is out?
 *
 *     heap threads [rounds=N]   threads trade blocks that say what is in them
 *     heap out                  takes all memory, in several sizes, and gives it back
 *     heap twice | wild         frees what is not to be freed; does not come back
 *
 * Ends with 0; with 1 if something was wrong, and then says so.
 */
#include "guest.h"
#include "lib/atomic.h"
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8u
#define BOXES   256u
#define LARGEST 40000u
#define EACH    997u /* of so many bytes one is looked at */

struct parcel {
    u8 *bytes;
    size_t n;
    u8 mark;
};

static struct parcel *box[BOXES]; /* atomic */
static u64 rounds = 2000;
static u32 wrong;                       /* atomic */
static volatile size_t huge = SIZE_MAX; /* not known to the compiler, nor what comes of it */
static void *volatile result;

static void complain(const char *what)
{
    at_add(&wrong, 1);
    printf("heap: %s\n", what);
}

#define expect(claim) ((claim) ? (void)0 : complain("not true: " #claim))

static u32 dice(u32 *seed, u32 sides)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (u32)(((u64)*seed * sides) >> 32);
}

static void mark(struct parcel *p)
{
    for (size_t i = 0; i < p->n; i += EACH)
        p->bytes[i] = (u8)(p->mark + i);
    p->bytes[p->n - 1] = p->mark;
}

static bool is_whole(const struct parcel *p)
{
    for (size_t i = 0; i + 1 < p->n; i += EACH)
        if (p->bytes[i] != (u8)(p->mark + i))
            return false;
    return p->bytes[p->n - 1] == p->mark;
}

static struct parcel *pack(u32 *seed)
{
    struct parcel *p = malloc(sizeof(*p));

    *p = (struct parcel){.n = 1 + dice(seed, dice(seed, 20) ? 300 : LARGEST), .mark = (u8)*seed};
    switch (dice(seed, 4)) {
    case 0:
        p->bytes = memalign(1ul << (5 + dice(seed, 8)), p->n);
        break;
    case 1:
        p->bytes = calloc(p->n, 1);
        expect(!p->bytes[0] && !p->bytes[p->n - 1]);
        break;
    default:
        p->bytes = malloc(p->n);
    }
    mark(p);
    return p;
}

static void unpack(struct parcel *p)
{
    if (!is_whole(p))
        complain("a block was changed");
    free(p->bytes);
    free(p);
}

static void trade(void *arg)
{
    u32 seed = (u32)(uintptr_t)arg * 2654435761u;

    for (u64 i = 0; i < rounds; i++) {
        struct parcel *other = at_xchg(&box[dice(&seed, BOXES)], pack(&seed));

        if (other && !dice(&seed, 4)) {
            u8 *more = realloc(other->bytes, other->n + dice(&seed, 5000));

            expect(more && more[0] == (other->n > 1 ? other->mark : more[0]));
            other->bytes = more;
        }
        if (other)
            unpack(other);
    }
}

static void leave(void *arg)
{
    char *p = malloc(10);

    expect(p);
    free(p);
    if (arg)
        thread_exit();
}

/* More threads than there are heaps, one after the other: each end gives the heap back. */
static void one_by_one(void)
{
    for (uintptr_t i = 0; i < 2 * MAX_THREADS; i++)
        thread_join(thread_create(leave, (void *)(i % 2)));
}

/* Threads begin and end all the time, so that heaps are inherited with blocks in them. */
static void threads(void)
{
    for (unsigned again = 0; again < 4; again++) {
        struct thread *t[THREADS];

        for (uintptr_t i = 0; i < THREADS; i++)
            t[i] = thread_create(trade, (void *)(again * THREADS + i + 1));
        for (unsigned i = 0; i < THREADS; i++)
            thread_join(t[i]);
    }
    for (unsigned i = 0; i < BOXES; i++)
        if (box[i])
            unpack(box[i]);
}

static size_t take_all(size_t bytes)
{
    void **list = NULL, **p;
    size_t n = 0;

    errno = 0;
    for (; (p = malloc(bytes)); n++) {
        *p = list;
        list = p;
    }
    expect(errno == ENOMEM);
    for (; list; list = p) {
        p = *list;
        free(list);
    }
    return n;
}

/* Whether there is one or not, the program goes on. newlib keeps the memory of a stream, but not of its lock. */
static void open_stream_without_memory(void)
{
    void **list = NULL, **p;
    FILE *f = fopen("/stream", "w");

    expect(f && !fclose(f));
    for (size_t bytes = 65536; bytes >= 16; bytes /= 2)
        while ((p = malloc(bytes))) {
            *p = list;
            list = p;
        }
    f = fopen("/stream", "w");
    if (f)
        fclose(f);
    for (; list; list = p) {
        p = *list;
        free(list);
    }
}

static void out(void)
{
    size_t first = take_all(60000), small;
    char *kept = strcpy(malloc(100), "still here"), *more;

    printf("heap: %zu blocks of 60000 bytes\n", first);
    small = take_all(112);
    expect(small * 112 > first * 60000 / 4 * 3);
    open_stream_without_memory();
    expect(take_all(2000) * 2000 > first * 60000 / 4 * 3);
    expect(take_all(60000) * 100 >= first * 99);
    errno = 0;
    result = calloc(huge / 16 + 1, 32);
    expect(!result && errno == ENOMEM);
    result = malloc(huge);
    expect(!result);
    result = memalign(4096, huge - 4096);
    expect(!result);
    errno = 0;
    more = realloc(kept, huge / 2);
    if (!more) {
        expect(errno == ENOMEM && !strcmp(kept, "still here"));
        free(kept);
    } else {
        complain("memory without end");
    }
}

static void wild(const char *how)
{
    char *p = malloc(100);

    free(p + (!strcmp(how, "wild") ? 32 : 0));
    free(p);
    complain("still alive");
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (argc > 2 && !strncmp(argv[2], "rounds=", 7))
        rounds = strtoull(argv[2] + 7, NULL, 10);
    if (!strcmp(what, "threads")) {
        threads();
        one_by_one();
    }
    if (!strcmp(what, "out"))
        out();
    if (!strcmp(what, "twice") || !strcmp(what, "wild"))
        wild(what);
    printf("heap: %s\n", wrong ? "wrong" : "all right");
    return wrong ? 1 : 0;
}
