/* SPDX-License-Identifier: BSD-2-Clause */
/* spin.c: the long way to a spinlock: whoever holds it may be on a CPU that the host does not run. */
#include "spin.h"
#include "pvcpu.h"

#define PATIENCE 1000 /* looks at the lock, some microseconds, before the host is asked to run the others */

void spin_get_late(struct spin *l)
{
    for (unsigned looks = 1; at_load(&l->held) || at_xchg(&l->held, 1); looks++) {
        at_relax();
        if (looks % PATIENCE == 0)
            pvcpu_boost_all();
    }
}
