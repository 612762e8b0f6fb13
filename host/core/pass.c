/* SPDX-License-Identifier: BSD-2-Clause */
/* pass.c: wait for the passes of all CPUs. */
#include "pass.h"

void pass_wait(const struct passes *p)
{
    unsigned me = port_cpu(), cpus = port_cpu_count();

    at_fence(); /* P10: unpublish before looking; pairs with pass_enter() */
    for (unsigned i = 0; i < cpus; i++) {
        u64 seen = at_load_acq(&p->cpu[i].count);

        while (i != me && seen & 1 && at_load_acq(&p->cpu[i].count) == seen)
            at_relax();
    }
}
