/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop.h: the one loop of each CPU: completions, timers, vCPUs, a slice of background work, sleep (D3).
 */
#pragma once

struct vm;

/* Run this CPU's vCPUs of `vm` until the VM has stopped and the store has nothing of it any more. All CPUs call it. */
void loop_run(struct vm *vm);
