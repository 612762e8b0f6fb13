/* SPDX-License-Identifier: BSD-2-Clause */
/* call.h: run a function on every CPU. */
#pragma once

/* fn runs once on each CPU with interrupts off; returns when all have. Threads only, interrupts on. */
void cpu_call_all(void (*fn)(void *), void *arg);
