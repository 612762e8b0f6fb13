/* SPDX-License-Identifier: BSD-2-Clause */
/* tls.c: thread-local storage: a copy of the image's initial values, zeros, and the word that points to itself. */
#include "tls.h"
#include "lib/str.h"

#define STACK_ALIGN 16u

/* By the linker script. */
extern const u8 tls_image[], tls_image_end[], tls_bytes[], tls_align[];
extern u8 tls_first_end[];

static uintptr_t alignment(void)
{
    return MAX((uintptr_t)tls_align, STACK_ALIGN);
}

static uintptr_t pointer_below(void *end)
{
    return ROUND_DOWN((uintptr_t)end - sizeof(void *), alignment());
}

static u8 *block_of(uintptr_t pointer)
{
    return (u8 *)(pointer - ROUND_UP((uintptr_t)tls_bytes, MAX((uintptr_t)tls_align, 1)));
}

/* Fills the block, and zeroes it behind the image if it is not all zeros already. */
static void *fill(uintptr_t pointer, bool zero)
{
    u8 *block = block_of(pointer);
    size_t image = (size_t)(tls_image_end - tls_image);

    memcpy(block, tls_image, image);
    if (zero)
        memset(block + image, 0, pointer - (uintptr_t)block - image);
    *(void **)pointer = (void *)pointer;
    return (void *)pointer;
}

void *tls_make(void *end, void **start)
{
    uintptr_t pointer = pointer_below(end);

    *start = block_of(pointer);
    return fill(pointer, true);
}

void *tls_make_first(void)
{
    return fill(pointer_below(tls_first_end), false);
}

size_t tls_room(void)
{
    return (uintptr_t)tls_bytes + 2 * alignment() + sizeof(void *);
}
