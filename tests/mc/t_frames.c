/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_frames.c: a frame has one user, and a page that starves for one gets the next (pair P4).
 *
 * The pool is behind a lock. A page for which it has nothing is queued, and then its loader looks again; whoever gives
 * a frame back looks at the queue. They cannot miss each other, because one of them has the lock after the other.
 */
#define FRAMES 3
#include "framepool.c"
#include "mc_pool.h"

static u32 (*get)(struct framepool *p, gfn_t gfn);
#define framepool_get get
#include "pager_frames.c"
#undef framepool_get

static struct vm vm;
static bool fed[2]; /* page n has a frame */
static bool used[FRAMES];
static void (*release_frame)(struct vm *of, u32 frame);

void port_panic(const char *invariant, const char *file, int line)
{
    (void)file;
    (void)line;
    mc_stop(invariant);
}

u64 age_calls(const struct vm *of)
{
    (void)of;
    return 1;
}

bool pager_reclaim(struct vm *of)
{
    (void)of;
    return false;
}

static u32 take_frame(void)
{
    u32 f = framepool_get(&vm.pager.frames, (gfn_t){0});

    if (f != FRAME_NONE) {
        mc_check(!used[f], "a frame has two users");
        used[f] = true;
    }
    return f;
}

/* Takes two frames and gives the first back. */
static void pool_thread(void *unused)
{
    u32 f = take_frame();

    (void)unused;
    take_frame();
    if (f == FRAME_NONE)
        return;
    used[f] = false;
    framepool_put(&vm.pager.frames, f);
}

static void fill_pool(bool free)
{
    vm = (struct vm){.vcpus = 2};
    pool_setup(&vm.pager.frames);
    for (u32 i = 0; i < FRAMES; i++) {
        used[i] = false;
        if (!free)
            take_frame();
    }
    get = framepool_get;
    release_frame = pager_frame_release;
}

static void setup_pool(void)
{
    fill_pool(true);
    mc_thread("a", pool_thread, NULL);
    mc_thread("b", pool_thread, NULL);
}

static void final_pool(void)
{
    u32 in_use = 0;

    for (u32 i = 0; i < FRAMES; i++) {
        in_use += used[i];
        mc_check(used[i] == !is_free(&pool_block, i), "a frame is lost, or free and in use");
    }
    mc_check(vm.pager.frames.free + in_use == FRAMES && pool_block.free + in_use == FRAMES,
             "a frame is miscounted");
}

struct slot *slot_find_any(struct vm *of, gfn_t gfn)
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
    u32 f = get(&vm.pager.frames, gfn);

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
        release_frame(&vm, f);
    }
}

static void setup_starve(void)
{
    fill_pool(false);
    fed[0] = fed[1] = false;
    mc_thread("load 0", load_thread, (void *)0);
    mc_thread("load 1", load_thread, (void *)1);
    mc_thread("release", release_thread, NULL);
}

static void final_starve(void)
{
    mc_check(fed[0] && fed[1], "a page starves beside a free frame");
}

/* Mutant: spare the lock if nothing seems to be free. Then only a barrier could order count and frame. */
static u32 get_if_any(struct framepool *p, gfn_t gfn)
{
    return at_load(&p->free) ? framepool_get(p, gfn) : FRAME_NONE;
}

static void setup_get_if_any(void)
{
    setup_starve();
    get = get_if_any;
}

/* Mutant: look at the queue, and only then give the frame back. */
static void release_late(struct vm *of, u32 frame)
{
    bool wanted = at_load(&of->pager.starved.count);

    framepool_put(&of->pager.frames, frame);
    if (wanted)
        pager_feed(of);
}

static void setup_release_late(void)
{
    setup_starve();
    release_frame = release_late;
}

int main(void)
{
    const struct mc_model pool = {.setup = setup_pool, .final = final_pool};
    const struct mc_model pool_pso = {.setup = setup_pool, .final = final_pool, .pso = true};
    const struct mc_model starve = {.setup = setup_starve, .final = final_starve};
    const struct mc_model starve_pso = {.setup = setup_starve, .final = final_starve, .pso = true};
    const struct mc_model if_any = {.setup = setup_get_if_any, .final = final_starve};
    const struct mc_model late = {.setup = setup_release_late, .final = final_starve};

    mc_holds("pool: every frame has one user", &pool, NULL);
    mc_holds("pool: the same where stores to different words may pass each other", &pool_pso, NULL);
    mc_fails("pool: its lock taken without the lock prefix", &pool,
             MC_MUTANTS({"spin_lock", MC_ADD, 1, MC_PLAIN}), "a frame");
    mc_holds("P4: a page that starves gets the next frame", &starve, NULL);
    mc_holds("P4: the same where stores to different words may pass each other", &starve_pso, NULL);
    mc_fails("P4: the pool is asked without its lock", &if_any, NULL, "starves");
    mc_fails("P4: the queue is read before the frame is given back", &late, NULL, "starves");
    mc_fails("P4: nobody looks at the queue", &starve, MC_MUTANTS({"pager_feed", MC_LOAD, 1, MC_DROP}),
             "starves");
    mc_fails("P4: the page is queued without being counted", &starve,
             MC_MUTANTS({"pager_starve", MC_ADD, 1, MC_DROP}), "starves");
    return mc_end();
}
