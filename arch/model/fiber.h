/* SPDX-License-Identifier: BSD-2-Clause */
/* fiber.h: leave one stack and go on with another, and have the address sanitizer know which is in use. */
#pragma once
#include "lib/types.h"

struct fiber {
    void *sp;
    char *stack; /* lowest address; NULL for the stack the program was started on */
    void *fake;  /* the sanitizer's */
};

/* fn runs, on a stack of its own, when the fiber is switched to for the first time; it must not return. */
void fiber_make(struct fiber *f, void (*fn)(void));
void fiber_free(struct fiber *f);
/* Stop `from` here and go on with `to`. */
void fiber_switch(struct fiber *from, struct fiber *to);
/* The first thing fn does. */
void fiber_enter(void);
