/* SPDX-License-Identifier: BSD-2-Clause */
/* threads.c: karch.h's threads, as contexts of the C library, on one CPU. */
#include "call.h"
#include "karch.h"
#include "panic.h"
#include "thread.h"
#include "tls.h"
#include <ucontext.h>

#define CONTEXTS_MAX (MAX_THREADS + 1)
#define STACK_BYTES  (16 * PAGE_SIZE)

static struct {
    struct thread *thread;
    ucontext_t at;
} contexts[CONTEXTS_MAX];

u8 first_stack[PAGE_SIZE], first_stack_end[1]; /* nobody runs on it */

void cpu_call_all(void (*fn)(void *), void *arg)
{
    fn(arg);
}

static ucontext_t *context_of(struct thread *t)
{
    for (unsigned i = 0; i < CONTEXTS_MAX; i++) {
        if (!contexts[i].thread)
            contexts[i].thread = t;
        if (contexts[i].thread == t)
            return &contexts[i].at;
    }
    panic("more threads than contexts");
}

void karch_thread_init(struct thread *t, void *sp, void (*entry)(void))
{
    ucontext_t *c = context_of(t);

    getcontext(c);
    c->uc_stack.ss_sp = (u8 *)sp - STACK_BYTES;
    c->uc_stack.ss_size = STACK_BYTES;
    c->uc_link = NULL;
    makecontext(c, entry, 0);
}

void karch_fpu_init(struct thread *t)
{
    (void)t;
}

void karch_tls_set(void *pointer)
{
    (void)pointer;
}

void *tls_make(void *end, void **start)
{
    *start = end;
    return end;
}

void *tls_make_first(void)
{
    return NULL;
}

size_t tls_room(void)
{
    return 0;
}

void karch_switch(struct thread *from, struct thread *to)
{
    swapcontext(context_of(from), context_of(to));
}
