/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * precopy_churn.c: copies of a guest that never stops writing, by loops on threads, while its pages come and go.
 *
 * Each CPU is a thread in loop_run(); each vCPU writes its own pages through a TLB that forgets nothing until the host
 * flushes it, has pages taken away, and one of them asks for a copy after the other. Each must equal memory, and each
 * page hold what was written last.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>
#include "mmu_rig.h"
#include "guestmem.h"
#include "loop.h"
#include "abi/faultline.h"

#define CPUS   2u
#define VCPUS  3u  /* two of them share a CPU */
#define PAGES  40u /* of each, half of them anonymous */
#define FRAMES 64u
#define STAY   60u /* accesses after which a guest's time is up */
#define COPIES 6u
#define LIMIT  120 /* seconds */

static struct {
    unsigned seed;
    u64 count;
    u64 want[PAGES];
} guest[VCPUS];
static unsigned copies;
static u64 paused; /* pages that were copied while the guest stood still */

static unsigned number(const struct vcpu *v, unsigned below)
{
    return (unsigned)rand_r(&guest[v->id].seed) % below;
}

static gfn_t page_of(const struct vcpu *v, unsigned i)
{
    u64 n = (v->id * PAGES + i) / 2;

    return i & 1 ? (gfn_t){16 + n} : module_gfn(n);
}

static void hypercall(struct exit *e, u32 nr, u64 arg0, u64 arg1)
{
    *e = (struct exit){.kind = EXIT_HYPERCALL, .call = {.nr = nr, .arg = {arg0, arg1}}};
}

/* vCPU 0: the next copy, once the last one is there. True: leaves the guest by *e. */
static bool next_copy(struct vcpu *v, struct exit *e)
{
    struct precopy_report r;
    enum precopy_state state;

    if (v->id || number(v, 50) || !precopy_last(&v->vm->precopy, &state, &r))
        return false;
    if (state != PRECOPY_IDLE) {
        assert_int_equal(state, PRECOPY_DONE);
        assert_int_equal(r.mismatches, 0);
        paused += r.last;
        copies++;
    }
    if (copies == COPIES)
        vm_exit(v->vm, 0);
    else
        hypercall(e, FL_HC_PRECOPY,
                  mmu->log == dirty_best(&v->vm->tdp) ? FL_PRECOPY_START : FL_PRECOPY_START_WRITE_PROTECT,
                  1 + copies % 3);
    return true;
}

/* False: the guest leaves by *e. */
static bool touch(struct vcpu *v, struct exit *e)
{
    unsigned i = number(v, PAGES);
    bool write = number(v, 3);
    u64 *at = mmu_reach(v, page_of(v, i), write);

    if (!at) {
        *e = (struct exit){
            .kind = EXIT_TDP,
            .tdp = {.gpa = gfn_gpa(page_of(v, i)), .access = write ? ACCESS_WRITE : ACCESS_READ}};
        return false;
    }
    assert_int_equal(at_load(at), guest[v->id].want[i]);
    if (write) {
        guest[v->id].want[i] = ++guest[v->id].count << 8 | v->id;
        at_store(at, guest[v->id].want[i]);
    }
    return true;
}

static void run_guest(struct vcpu *v, struct exit *e)
{
    unsigned kicks = at_load(&fake.kicks[v->cpu]);

    if (next_copy(v, e))
        return;
    for (unsigned i = 0; i < STAY && at_load(&fake.kicks[v->cpu]) == kicks; i++) {
        if (!touch(v, e))
            return;
        if (!number(v, 400)) {
            hypercall(e, FL_HC_EVICT, gfn_gpa(page_of(v, number(v, PAGES))).v, 8 * PAGE_SIZE);
            return;
        }
    }
}

/* Time passes until the timer is due; whoever sleeps beside a disk looks at it again. */
static void nap(void)
{
    u64 due = fake.timer[fake_cpu];

    if (due != TIME_NEVER && due > port_now())
        at_store(&fake.now, due);
    sched_yield();
}

static void *cpu(void *arg)
{
    fake_cpu = (unsigned)(uintptr_t)arg;
    loop_run(world.vm);
    return NULL;
}

static void prepare(struct mmu *m)
{
    mmu_choose(m);
    world_make(&(struct world_config){.vcpus = VCPUS, .cpus = CPUS, .frames = FRAMES});
    memset(guest, 0, sizeof(guest));
    copies = 0;
    paused = 0;
    world.vm->config.io_timeout = world.vm->config.io_give_up = TIME_NEVER / 2;
    fake_disk.prompt = 60;
    fake_disk.room = 24;
    fake.idle = nap;
    fake_guest = run_guest;
    for (unsigned k = 0; k < VCPUS; k++) {
        guest[k].seed = k + 1;
        for (unsigned i = 0; i < PAGES; i += 2)
            guest[k].want[i] =
                fake_store_byte(page_of(world.vm->vcpu[k], i).v - WORLD_BASE) * 0x0101010101010101ull;
    }
}

static void churn(void **state)
{
    pthread_t other;

    alarm(LIMIT);
    prepare(*state);
    assert_int_equal(pthread_create(&other, NULL, cpu, (void *)1), 0);
    cpu((void *)0);
    pthread_join(other, NULL);
    fake_cpu = 0;
    assert_int_equal(world.vm->status, 0);
    assert_int_equal(copies, COPIES);
    assert_true(paused > 0);
    assert_true(world.vm->stats.evictions > 20);
    fake_guest = NULL;
}

static int end(void **state)
{
    fake_tdp = &tdp_npt;
    fake_has_log = false;
    return world_teardown(state);
}

#define MODES (sizeof(mmus) / sizeof(mmus[0]))

int main(void)
{
    struct CMUnitTest tests[MODES];

    for (unsigned i = 0; i < MODES; i++)
        tests[i] = (struct CMUnitTest){mmus[i].name, churn, NULL, end, &mmus[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
