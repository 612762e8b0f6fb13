/* SPDX-License-Identifier: BSD-2-Clause */
/* malloc.c: the names by which programs and both C libraries know malloc, in the place of the libraries' own. */
#include "lib/fmt.h"
#include "malloc_heap.h"
#include "malloc_span.h"
#include "os.h"
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

struct _reent;

/* newlib's functions call these; r is the calling thread's, as errno is. */
void *_malloc_r(struct _reent *r, size_t bytes);
void *_calloc_r(struct _reent *r, size_t n, size_t bytes);
void *_realloc_r(struct _reent *r, void *p, size_t bytes);
void *_memalign_r(struct _reent *r, size_t align, size_t bytes);
void _free_r(struct _reent *r, void *p);
/* Declared by one library or none. */
void *aligned_alloc(size_t align, size_t bytes);
int posix_memalign(void **out, size_t align, size_t bytes);
void *reallocarray(void *p, size_t n, size_t bytes);
void *valloc(size_t bytes);

void malloc_corrupt(const char *what, const void *p)
{
    char line[80];

    fmt_sn(line, sizeof(line), "malloc: %p: %s", p, what);
    os_abort(line);
}

static void *or_errno(void *p)
{
    if (!p)
        errno = ENOMEM;
    return p;
}

static bool is_power_of_two(size_t align)
{
    return align && !(align & (align - 1));
}

void *malloc(size_t bytes)
{
    return or_errno(heap_alloc(bytes));
}

void free(void *p)
{
    heap_free(p);
}

void *calloc(size_t n, size_t bytes)
{
    size_t all;
    void *p = __builtin_mul_overflow(n, bytes, &all) ? NULL : heap_alloc(all);

    return p ? memset(p, 0, all) : or_errno(p);
}

/* To nothing: freed, as most systems do. */
void *realloc(void *p, size_t bytes)
{
    if (bytes || !p)
        return or_errno(heap_resize(p, bytes));
    heap_free(p);
    return NULL;
}

void *reallocarray(void *p, size_t n, size_t bytes)
{
    size_t all;

    return __builtin_mul_overflow(n, bytes, &all) ? or_errno(NULL) : realloc(p, all);
}

int posix_memalign(void **out, size_t align, size_t bytes)
{
    void *p;

    if (!is_power_of_two(align) || align % sizeof(void *))
        return EINVAL;
    p = heap_alloc_aligned(align, bytes);
    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}

void *memalign(size_t align, size_t bytes)
{
    if (is_power_of_two(align))
        return or_errno(heap_alloc_aligned(align, bytes));
    errno = EINVAL;
    return NULL;
}

void *aligned_alloc(size_t align, size_t bytes)
{
    return memalign(align, bytes);
}

void *valloc(size_t bytes)
{
    return memalign(PAGE_SIZE, bytes);
}

size_t malloc_usable_size(void *p)
{
    return heap_usable(p);
}

void *_malloc_r(struct _reent *r, size_t bytes)
{
    (void)r;
    return malloc(bytes);
}

void *_calloc_r(struct _reent *r, size_t n, size_t bytes)
{
    (void)r;
    return calloc(n, bytes);
}

void *_realloc_r(struct _reent *r, void *p, size_t bytes)
{
    (void)r;
    return realloc(p, bytes);
}

void *_memalign_r(struct _reent *r, size_t align, size_t bytes)
{
    (void)r;
    return memalign(align, bytes);
}

void _free_r(struct _reent *r, void *p)
{
    (void)r;
    heap_free(p);
}
