/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_report.c: the entries that decide about a gfn, for people. */
#include "tdp.h"
#include "con.h"
#include "tdp_fmt.h"

void tdp_report(struct tdp *t, struct tdp_root *r, gfn_t gfn)
{
    u64 entry[TDP_LEVELS_MAX];
    unsigned n = t->ops->path(t, r, gfn, entry);

    con_host("the way to gfn %lx from table %lx:", gfn.v, r->table.v);
    for (unsigned i = 0, level = t->ops->levels - 1; i < n; i++, level--)
        con_host("  level %u, index %03lx: entry %016lx", level,
                 gfn.v >> level * TDP_INDEX_BITS & (TDP_ENTRIES - 1), entry[i]);
}
