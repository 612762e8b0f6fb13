/* SPDX-License-Identifier: BSD-2-Clause */
/* stack.h: the stacks of threads, each above a guard page. */
#pragma once
#include "lib/types.h"

struct stack {
    u8 *guard;    /* the page that must not be touched; the stack begins above it. NULL: there is none */
    size_t bytes; /* without the guard */
};

static inline void *stack_top(const struct stack *s)
{
    return s->guard + PAGE_SIZE + s->bytes;
}

/* At least so many bytes, 0 = THREAD_STACK; false if memory is out. Interrupts on, or on the only CPU. */
bool stack_make(struct stack *s, size_t bytes);
/* Of a thread that will not run again. */
void stack_give(struct stack *s);
/* Is addr in the guard page below it? */
static inline bool stack_guards(const struct stack *s, u64 addr)
{
    return s->guard && addr - (uintptr_t)s->guard < PAGE_SIZE;
}
