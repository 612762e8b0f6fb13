/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_tdp_fix.c: giving a permission back takes no lock, and changes nothing else (SPEC C4-6, C4-8, H-C-21).
 *
 * Against an owner who takes the page away and maps another frame, and against other vCPUs that want the same.
 */
#include "tdp_rig.h"

static u32 gained; /* how many said that they have changed something */
static bool other_frame;

static void fix_thread(void *unused)
{
    enum tdp_result r = tdp_fix(&tdp, &tdp.root[0], (gfn_t){0}, ACCESS_WRITE);

    (void)unused;
    gained += r == TDP_OK;
    mc_check(r != TDP_OK || told[0],
             "a right was given and not told"); /* C4-8: before the guest is entered */
    (void)hw_access(0, true);
}

static void remap_thread(void *unused)
{
    const struct tdp_map m = {.gfn = {0}, .pfn = {6}, .access = ACCESS_READ};
    struct tdp_gather g = {0};

    (void)unused;
    write_lock(&tdp.lock);
    (void)zap(&tdp, &tdp.root[0], 0, (gfn_t){0}, (gfn_t){1}, NULL, &g);
    tdp_commit(&tdp, &g);
    frame_freed |= 1u << 4;
    write_unlock(&tdp.lock);
    read_lock(&tdp.lock);
    mc_check(tdp_map(&tdp, &tdp.root[0], &m, &cache[mc_self()]) == TDP_OK, "not mapped");
    read_unlock(&tdp.lock);
    other_frame = true;
}

static void protect_thread(void *unused)
{
    struct tdp_gather g = {0};

    (void)unused;
    read_lock(&tdp.lock);
    tdp_write_protect(&tdp, (gfn_t){0}, (gfn_t){1}, &g);
    tdp_commit(&tdp, &g);
    read_unlock(&tdp.lock);
}

static void ager_thread(void *unused)
{
    u64 young = 0;

    (void)unused;
    tdp_age(&tdp, (gfn_t){0}, (gfn_t){1}, &young, true);
}

static void final(void)
{
    struct tdp_leaf l;

    mc_check(tdp_lookup(&tdp, &tdp.root[0], (gfn_t){0}, &l) == TDP_OK, "the page is gone");
    mc_check(l.pfn.v == (other_frame ? 6 : 4), "the fix has mapped another frame");
    mc_check(!l.write || gained, "a right that nobody gave");
    mc_check(told[0] >= gained, "a right was given and not told");
}

/* Nobody takes the right away again: it is gained once, and told once. */
static void final_once(void)
{
    final();
    mc_check(gained == 1 && told[0] == 1, "told more than once");
}

static void start(void)
{
    (void)rig_start();
    gained = 0;
    other_frame = false;
    tdp.log = TDP_LOG_WRITE_PROTECT;
    rig_map(0, 4, 0);
    *rig_entry(0, 0) &= ~(fmt.write | fmt.accessed);
    told[0] = 0;
    mc_thread("fix", fix_thread, NULL);
}

static void setup_remap(void)
{
    start();
    mc_thread("remap", remap_thread, NULL);
}

static void setup_two(void)
{
    start();
    mc_thread("fix again", fix_thread, NULL);
    mc_thread("ager", ager_thread, NULL);
}

static void setup_protect(void)
{
    start();
    mc_thread("protect", protect_thread, NULL);
    mc_thread("fix again", fix_thread, NULL);
}

int main(void)
{
    const struct mc_model remap = {.setup = setup_remap, .final = final};
    const struct mc_model two = {.setup = setup_two, .final = final_once};
    const struct mc_model protect = {.setup = setup_protect, .final = final};

    mc_holds("H-C-21: a fix while the page goes and another one comes", &remap, NULL);
    mc_holds("H-C-21: two at once, and an ager", &two, NULL);
    mc_holds("H-C-21: two and a write-protector", &protect, NULL);
    mc_fails("H-C-21: a fix by a load and a store brings the old frame back", &remap,
             MC_MUTANTS({"tdp_try", MC_CAS, 1, MC_PLAIN}), "the guest uses a freed frame");
    mc_fails("C3-6: two of them both say they did it", &two, MC_MUTANTS({"tdp_try", MC_CAS, 1, MC_PLAIN}),
             "told more than once");
    return mc_end();
}
