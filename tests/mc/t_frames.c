/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_frames.c: a frame has one user, and a vCPU that waits for one hears of the next (pair P4).
 *
 * The pool's list is taken from and given to without a lock, which a tag keeps honest. A vCPU that finds it empty
 * leaves its bit and looks again; whoever gives a frame back looks for bits.
 */
#include "framepool.c"
#include "pager.c"
#include "pager_io.c"
#include "mc.h"

#define FRAMES 3

static struct pool_frame frames[FRAMES];
static struct vm vm;
static struct vcpu vcpus[2];
static bool used[FRAMES];
static u32 (*get)(struct framepool *p);
static void (*put)(struct framepool *p, u32 index);

void port_panic(const char *invariant, const char *file, int line)
{
    (void)file;
    (void)line;
    mc_stop(invariant);
}

void vcpu_request(struct vcpu *v, u32 req)
{
    req_raise(&v->pub, req);
}

void vcpu_set_state(struct vcpu *v, enum vcpu_state s)
{
    v->state = s;
}

bool pager_reclaim(struct vm *of)
{
    (void)of;
    return false;
}

static u32 take(u32 (*from)(struct framepool *p))
{
    u32 f = from(&vm.pager.frames);

    if (f != FRAME_NONE) {
        mc_check(!used[f], "a frame has two users");
        used[f] = true;
    }
    return f;
}

static void give(u32 f)
{
    used[f] = false;
    put(&vm.pager.frames, f);
}

/* Takes two, gives the first back: what a slow taker's exchange must not be fooled by. */
static void busy_thread(void *unused)
{
    u32 a = take(get), b = take(get);

    (void)unused;
    (void)b;
    if (a != FRAME_NONE)
        give(a);
}

static void slow_thread(void *unused)
{
    (void)unused;
    take(get);
    take(get);
}

static void fill_pool(u32 free)
{
    vm = (struct vm){.vcpu = {&vcpus[0], &vcpus[1]}, .vcpus = 2};
    vm.pager.frames = (struct framepool){.frame = frames, .count = FRAMES, .head = HEAD(0, FRAME_NONE)};
    for (u32 i = 0; i < FRAMES; i++)
        used[i] = i >= free;
    for (u32 i = free; i-- > 0;)
        framepool_put(&vm.pager.frames, i);
    get = framepool_get;
    put = framepool_put;
}

static void setup_pool(void)
{
    fill_pool(FRAMES);
    mc_thread("busy", busy_thread, NULL);
    mc_thread("slow", slow_thread, NULL);
}

static void final_pool(void)
{
    u32 listed = 0, in_use = 0;

    for (u32 i = HEAD_INDEX(vm.pager.frames.head); i != FRAME_NONE && listed <= FRAMES; i = frames[i].next)
        listed++;
    for (u32 i = 0; i < FRAMES; i++)
        in_use += used[i];
    mc_check(listed + in_use == FRAMES && vm.pager.frames.free == listed, "a frame is lost or listed twice");
}

/* Mutants: the same list without a tag. */
static u32 get_untagged(struct framepool *p)
{
    u64 head = at_load(&p->head);

    while (HEAD_INDEX(head) != FRAME_NONE)
        if (at_cas(&p->head, &head, HEAD(0, at_load(&p->frame[HEAD_INDEX(head)].next)))) {
            at_sub(&p->free, 1);
            return HEAD_INDEX(head);
        }
    return FRAME_NONE;
}

static void put_untagged(struct framepool *p, u32 index)
{
    u64 head = at_load(&p->head);

    at_add(&p->free, 1);
    do
        at_store(&p->frame[index].next, HEAD_INDEX(head));
    while (!at_cas(&p->head, &head, HEAD(0, index)));
}

static void setup_untagged(void)
{
    setup_pool();
    vm.pager.frames.head = HEAD(0, 0);
    get = get_untagged;
    put = put_untagged;
}

/* Needs one frame, for a while. */
static void vcpu_thread(void *arg)
{
    struct vcpu *v = arg;
    u32 f;

    while ((f = pager_frame_or_wait(v)) == FRAME_NONE)
        while (!req_take(&v->pub))
            at_relax();
    mc_check(!used[f], "a frame has two users");
    used[f] = false;
    pager_frame_release(&vm, f);
}

static void release_thread(void *unused)
{
    (void)unused;
    used[0] = false;
    pager_frame_release(&vm, 0);
}

static void setup_wait(void)
{
    fill_pool(0);
    for (u32 i = 0; i < ARRAY_SIZE(vcpus); i++) {
        vcpus[i].id = i;
        vcpus[i].vm = &vm;
        vcpus[i].pub = (struct vcpu_pub){.sipi = SIPI_NONE};
        mc_thread(i ? "vcpu 1" : "vcpu 0", vcpu_thread, &vcpus[i]);
    }
    mc_thread("release", release_thread, NULL);
}

int main(void)
{
    const struct mc_model pool = {.setup = setup_pool, .final = final_pool};
    const struct mc_model pool_pso = {.setup = setup_pool, .final = final_pool, .pso = true};
    const struct mc_model untagged = {.setup = setup_untagged, .final = final_pool};
    const struct mc_model wait = {.setup = setup_wait};

    mc_holds("pool: every frame has one user", &pool, NULL);
    mc_holds("pool: the same where stores to different words may pass each other", &pool_pso, NULL);
    mc_fails("pool: without the tag a stale link is believed", &untagged, NULL, "a frame");
    mc_fails("pool: list head changed without the lock prefix", &pool,
             MC_MUTANTS({"framepool_get", MC_CAS, 1, MC_PLAIN}), "a frame");
    mc_holds("P4: a vCPU that waits for a frame gets one", &wait, NULL);
    mc_fails("P4: the bit is left without a barrier", &wait,
             MC_MUTANTS({"pager_frame_or_request", MC_OR, 1, MC_PLAIN}), "deadlock");
    mc_fails("P4: the frame is given back without a barrier", &wait,
             MC_MUTANTS({"push", MC_CAS, 1, MC_PLAIN}, {"framepool_put", MC_ADD, 1, MC_PLAIN}), "deadlock");
    mc_fails("P4: the bits are taken without the lock prefix", &wait,
             MC_MUTANTS({"pager_frame_release", MC_XCHG, 1, MC_PLAIN}), "deadlock");
    mc_fails("P4: whoever gives a frame back does not look for bits", &wait,
             MC_MUTANTS({"pager_frame_release", MC_LOAD, 1, MC_DROP}), "deadlock");
    return mc_end();
}
