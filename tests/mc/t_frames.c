/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_frames.c: a frame has one user, and a page that starves for one gets the next (pair P4).
 *
 * The pool's list is taken from and given to without a lock, which a tag keeps honest. A page for which the list is
 * empty is queued, and then its loader looks again; whoever gives a frame back looks at the queue.
 */
#include "framepool.c"
#include "pager_frames.c"
#include "mc.h"

#define FRAMES 3

static struct pool_frame frames[FRAMES];
static struct vm vm;
static bool fed[2]; /* page n has a frame */
static bool used[FRAMES];
static u32 (*get)(struct framepool *p);
static void (*put)(struct framepool *p, u32 index);

void port_panic(const char *invariant, const char *file, int line)
{
    (void)file;
    (void)line;
    mc_stop(invariant);
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
    vm = (struct vm){.vcpus = 2};
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

struct slot *slot_find(struct vm *of, gfn_t gfn)
{
    (void)of;
    (void)gfn;
    return NULL;
}

void pager_fill(struct vm *of, struct slot *s, gfn_t gfn, u32 frame)
{
    (void)of;
    (void)s;
    mc_check(!used[frame], "a frame has two users");
    mc_check(!fed[gfn.v], "a page is fed twice");
    used[frame] = fed[gfn.v] = true;
}

/* As pager_load() does with a page that is its own. */
static void load_thread(void *arg)
{
    gfn_t gfn = {(uintptr_t)arg};
    u32 f = framepool_get(&vm.pager.frames);

    if (f == FRAME_NONE)
        pager_starve(&vm, gfn);
    else
        pager_fill(&vm, NULL, gfn, f);
}

static void release_thread(void *unused)
{
    (void)unused;
    for (u32 f = 0; f < 2; f++) {
        used[f] = false;
        pager_frame_release(&vm, f);
    }
}

static void setup_starve(void)
{
    fill_pool(0);
    fed[0] = fed[1] = false;
    mc_thread("load 0", load_thread, (void *)0);
    mc_thread("load 1", load_thread, (void *)1);
    mc_thread("release", release_thread, NULL);
}

static void final_starve(void)
{
    mc_check(fed[0] && fed[1], "a page starves beside a free frame");
}

int main(void)
{
    const struct mc_model pool = {.setup = setup_pool, .final = final_pool};
    const struct mc_model pool_pso = {.setup = setup_pool, .final = final_pool, .pso = true};
    const struct mc_model untagged = {.setup = setup_untagged, .final = final_pool};
    const struct mc_model starve = {.setup = setup_starve, .final = final_starve};

    mc_holds("pool: every frame has one user", &pool, NULL);
    mc_holds("pool: the same where stores to different words may pass each other", &pool_pso, NULL);
    mc_fails("pool: without the tag a stale link is believed", &untagged, NULL, "a frame");
    mc_fails("pool: list head changed without the lock prefix", &pool,
             MC_MUTANTS({"framepool_get", MC_CAS, 1, MC_PLAIN}), "a frame");
    mc_holds("P4: a page that starves gets the next frame", &starve, NULL);
    mc_fails("P4: the page is queued without a barrier", &starve,
             MC_MUTANTS({"pager_starve", MC_ADD, 1, MC_PLAIN}), "starves");
    mc_fails("P4: the frame is given back without a barrier", &starve,
             MC_MUTANTS({"push", MC_CAS, 1, MC_PLAIN}, {"framepool_put", MC_ADD, 1, MC_PLAIN}), "starves");
    mc_fails("P4: nobody looks at the queue", &starve, MC_MUTANTS({"pager_feed", MC_LOAD, 1, MC_DROP}),
             "starves");
    return mc_end();
}
