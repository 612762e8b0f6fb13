/* SPDX-License-Identifier: BSD-2-Clause */
/* tls.c: thread-local storage: a copy of the image's initial values, zeros, and the word that points to itself. */
#include "tls.h"
#include "lib/str.h"

#define STACK_ALIGN 16u

/* By the linker script. */
extern const u8 tls_image[], tls_image_end[], tls_bytes[], tls_align[];
extern u8 tls_first_end[];

void *tls_make(void *end, void **start)
{
    uintptr_t pointer = ROUND_DOWN((uintptr_t)end - sizeof(void *), MAX((uintptr_t)tls_align, STACK_ALIGN));
    u8 *block = (u8 *)(pointer - ROUND_UP((uintptr_t)tls_bytes, MAX((uintptr_t)tls_align, 1)));
    size_t image = (size_t)(tls_image_end - tls_image);

    memcpy(block, tls_image, image);
    memset(block + image, 0, (uintptr_t)pointer - (uintptr_t)block - image);
    *(void **)pointer = (void *)pointer;
    *start = block;
    return (void *)pointer;
}

void *tls_make_first(void)
{
    void *start;

    return tls_make(tls_first_end, &start);
}
