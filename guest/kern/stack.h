/* SPDX-License-Identifier: BSD-2-Clause */
/* stack.h: the stacks of threads, each above guard pages. */
#pragma once
#include "lib/types.h"

/*
 * Whoever touches each page of a large frame in turn may have the stack pointer up to a page below what it touches; and
 * there the fault's own frame must find a guard, too.
 */
#define STACK_GUARD_PAGES 2
#define STACK_GUARD       (STACK_GUARD_PAGES * PAGE_SIZE)

struct stack {
    u8 *guard;    /* the pages that must not be touched; the stack begins above them. NULL: there is none */
    size_t bytes; /* without the guard */
};

static inline void *stack_top(const struct stack *s)
{
    return s->guard + STACK_GUARD + s->bytes;
}

/* At least so many bytes, 0 = THREAD_STACK; false if memory is out. Interrupts on, or on the only CPU. */
bool stack_make(struct stack *s, size_t bytes);
/* Of a thread that will not run again. */
void stack_give(struct stack *s);
/* Is addr in the guard pages below it? */
static inline bool stack_guards(const struct stack *s, u64 addr)
{
    return s->guard && addr - (uintptr_t)s->guard < STACK_GUARD;
}
