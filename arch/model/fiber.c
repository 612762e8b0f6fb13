/* SPDX-License-Identifier: BSD-2-Clause */
/* fiber.c: a switch of stacks in a dozen instructions. */
#include "fiber.h"
#include <stdlib.h>
#include <sys/mman.h>

#define STACK (256 * KiB)

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define __asan_unpoison_memory_region(at, bytes) ((void)(at), (void)(bytes))
static void __sanitizer_start_switch_fiber(void **fake, const void *bottom, size_t size)
{
    (void)fake, (void)bottom, (void)size;
}

static void __sanitizer_finish_switch_fiber(void *fake, const void **bottom, size_t *size)
{
    (void)fake, (void)bottom, (void)size;
}
#endif

static struct fiber *left; /* the last one that was switched from */

/* The stack the program was started on, as the sanitizer told us when we left it. */
static const void *first_stack;
static size_t first_bytes;

#ifndef __x86_64__
#error "fiber_swap is written for x86-64"
#endif
void fiber_swap(void **save, void *to);
__asm__(".text\n"
        ".globl fiber_swap\n"
        ".type fiber_swap, @function\n"
        "fiber_swap:\n"
        "    push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
        "    mov %rsp, (%rdi)\n"
        "    mov %rsi, %rsp\n"
        "    pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp\n"
        "    ret\n"
        ".size fiber_swap, . - fiber_swap\n");

void fiber_make(struct fiber *f, void (*fn)(void))
{
    u64 *top;

    *f = (struct fiber){.stack =
                            mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};
    if (f->stack == MAP_FAILED)
        abort();
    __asan_unpoison_memory_region(f->stack,
                                  STACK); /* of frames that another fiber left there when it ended */
    top = (u64 *)(void *)(f->stack + STACK);
    *--top = 0; /* fn's return address: it has none, and finds the stack aligned as after a call */
    *--top = (u64)(uintptr_t)fn;
    f->sp = top - 6;
}

void fiber_free(struct fiber *f)
{
    munmap(f->stack, STACK);
    *f = (struct fiber){.sp = NULL};
}

static void arrived(void *fake)
{
    const void *bottom;
    size_t bytes;

    __sanitizer_finish_switch_fiber(fake, &bottom, &bytes);
    if (!left->stack) {
        first_stack = bottom;
        first_bytes = bytes;
    }
}

void fiber_enter(void)
{
    arrived(NULL);
}

void fiber_switch(struct fiber *from, struct fiber *to)
{
    left = from;
    __sanitizer_start_switch_fiber(&from->fake, to->stack ? to->stack : first_stack,
                                   to->stack ? STACK : first_bytes);
    fiber_swap(&from->sp, to->sp);
    arrived(from->fake);
}
