/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native_fault.c: N faults of one kind, for a tool that counts instructions inside fault_handle(): `native_fault
 * resident|absent N`. Two runs with different N tell what one costs.
 */
#include <stdlib.h>
#include <string.h>
#include "apf_int_rig.h"
#include "fault.h"

#define FRAMES 256u
#define MANY   (WORLD_MODULE - 1)

/* By a pointer that the compiler does not see through: the function stays one, by its name. */
static void (*volatile handle)(struct vcpu *, gpa_t, u32) = fault_handle;

/* The page is in memory, its tables are there, its leaf is not. */
static void resident(unsigned n)
{
    struct tdp_gather g = {0};

    handle(v, gfn_gpa((gfn_t){30}), ACCESS_WRITE);
    for (unsigned i = 0; i < n; i++) {
        write_lock(&world.vm->tdp.lock);
        tdp_zap(&world.vm->tdp, (gfn_t){30}, (gfn_t){31}, NULL, &g);
        tdp_commit(&world.vm->tdp, &g);
        write_unlock(&world.vm->tdp.lock);
        handle(v, gfn_gpa((gfn_t){30}), ACCESS_WRITE);
    }
}

/* The page is on disk: the guest is told, the read starts, and its end is told to the guest outside the count. */
static void absent(unsigned n)
{
    enable();
    for (unsigned i = 0; i < MIN(n, MANY); i++) {
        struct fake_injection what;

        handle(v, module_gpa(i), ACCESS_WRITE);
        world_enter(v);
        what = world_next(v);
        assert_int_equal(what.event, FAKE_PF);
        world_slot_set(v, FLAGS, 0);
        world_read_done(i);
        expect_ready((u32)what.cr2);
        world_forget(v);
    }
    assert_true(world.vm->stats.not_present >= MIN(n, MANY));
}

int main(int argc, char **argv)
{
    unsigned n = argc > 2 ? (unsigned)atoi(argv[2]) : 0;

    world_make(&(struct world_config){.apf = FL_APF_INT, .frames = FRAMES});
    v = world.v;
    if (argc > 1 && !strcmp(argv[1], "absent"))
        absent(n);
    else
        resident(n);
    return world_teardown(NULL) ? 1 : 0;
}
