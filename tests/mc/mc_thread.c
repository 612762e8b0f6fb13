/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mc_thread.c: threads as coroutines that stop before each shared operation and run alone from one to the next.
 */
#include "mc_impl.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct mc_cpu mc_cpus[MC_CPUS];
u32 mc_ncpus;

static struct mc_cpu *running; /* null: the explorer itself, whose operations are immediate */
static void *explorer_sp;

#ifndef __x86_64__
#error "mc_switch is written for x86-64"
#endif
/* The registers a callee must keep go onto the stack: a stopped thread is nothing but its live stack bytes.
 */
void mc_switch(void **save, void *to);
__asm__(".text\n"
        ".globl mc_switch\n"
        ".type mc_switch, @function\n"
        "mc_switch:\n"
        "    push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
        "    mov %rsp, (%rdi)\n"
        "    mov %rsi, %rsp\n"
        "    pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp\n"
        "    ret\n"
        ".size mc_switch, . - mc_switch\n");

static void thread_entry(void)
{
    running->fn(running->arg);
    running->next = NULL;
    mc_switch(&running->sp, explorer_sp);
    abort();
}

void mc_cpu_reset(void)
{
    for (u32 i = 0; i < MC_CPUS; i++) {
        if (mc_cpus[i].top)
            munmap((char *)mc_cpus[i].top - MC_STACK, MC_STACK);
        mc_cpus[i] = (struct mc_cpu){0};
    }
    mc_ncpus = 0;
}

void mc_thread(const char *name, void (*fn)(void *arg), void *arg)
{
    struct mc_cpu *c = &mc_cpus[mc_ncpus++];
    char *stack;
    void **sp;

    if (mc_ncpus > MC_CPUS)
        abort();
    stack = mmap(NULL, MC_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED)
        abort();
    sp = (void **)(stack + MC_STACK) - 2;
    sp[0] = (void *)thread_entry;
    *c = (struct mc_cpu){
        .name = name, .fn = fn, .arg = arg, .sp = sp - 6, .top = stack + MC_STACK, .news = true};
}

u32 mc_self(void)
{
    return running ? (u32)(running - mc_cpus) : 0;
}

/* Bytes below the live stack are dead; clearing them keeps equal states equal. */
void mc_cpu_resume(struct mc_cpu *c)
{
    running = c;
    mc_switch(&explorer_sp, c->sp);
    running = NULL;
    explorer_sp = NULL;
    memset((char *)c->sp - KiB, 0, KiB);
}

u64 mc_op(struct mc_site *site, void *p, u64 value, void *seen)
{
    struct mc_pending op = {.site = site, .p = p, .seen = seen, .v = value};

    if (!running) {
        mc_cpu_perform(NULL, &op);
        return op.result;
    }
    running->next = &op;
    mc_switch(&running->sp, explorer_sp);
    return op.result;
}

_Noreturn void mc_stop(const char *invariant)
{
    mc_violation(invariant);
    if (!running)
        abort();
    running->next = NULL;
    mc_switch(&running->sp, explorer_sp);
    abort();
}

u32 mc_choose_at(struct mc_site *site, u32 n)
{
    return mc_op(site, NULL, n, NULL);
}
