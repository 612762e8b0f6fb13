/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_tdp_root.c: all is zapped at once, and no vCPU is left behind on what was (SPEC C1-3, C1-5, C7, H-C-17 … 20).
 *
 * A vCPU services its requests, loads a root and walks it; others make all roots invalid and zap them. The request word
 * is the product's, and flush_roots() is what flush.c does for one vCPU.
 */
#define RIG_OWN_FLUSH
#include "tdp_rig.h"
#include "req.h"

static struct vcpu_pub pub;
static struct tdp_root *got[2];
static void (*load_root)(struct tdp_root **cur, u32 requests);

static void request(u32 req)
{
    u32 mode = req_raise(&pub, req) & MODE_IN_GUEST ? req_mode(&pub) : 0;

    while (!req_left(&pub, mode))
        at_relax();
}

void flush_all(struct vm *vm)
{
    (void)vm;
    request(REQ_FLUSH);
}

void flush_roots(struct vm *vm)
{
    (void)vm;
    request(REQ_FLUSH | REQ_ROOT);
}

/* C1-5: let an invalid root go, and get another one. */
static void service(struct tdp_root **cur, u32 requests)
{
    if (requests & REQ_FLUSH)
        forget_translations();
    if (!(requests & REQ_ROOT) || !at_load(&(*cur)->invalid))
        return;
    tdp_root_put(&tdp, *cur);
    *cur = tdp_root_get(&tdp, 0);
}

/* In the guest: one access; what it reaches must be the owner's to give. */
static void in_guest_with(const struct tdp_root *cur)
{
    const u64 *table = port_map(cur->table);

    for (u32 level = LEVELS - 1;; level--) {
        u64 e = at_load(&table[0]);

        if (!(e & HW_VALID))
            return;
        tlb[0].pfn = tdp_pfn(e);
        if (level == 0)
            break;
        table = tdp_table(e);
    }
    use(0, false);
}

static void vcpu_thread(void *unused)
{
    struct tdp_root *cur = &tdp.root[0]; /* loaded before */

    (void)unused;
    do
        load_root(&cur, req_take(&pub));
    while (!req_go(&pub, MODE_IN_GUEST));
    in_guest_with(cur);
    req_back(&pub);
    load_root(&cur, req_take(&pub));
    tdp_root_put(&tdp, cur);
}

static void zap_thread(void *unused)
{
    struct tdp_leaf l;

    (void)unused;
    tdp_zap_all(&tdp);
    frame_freed |= 1u << 4; /* H-C-18: nothing names it any more */
    mc_check(!at_load(&tdp.root[0].refs) || tdp_lookup(&tdp, &tdp.root[0], (gfn_t){0}, &l) == TDP_NONE,
             "an entry is left");
    (void)epoch_collect(&epoch);
}

static void zap_again_thread(void *unused)
{
    struct tdp_leaf l;

    (void)unused;
    tdp_zap_all(&tdp);
    mc_check(tdp_lookup(&tdp, &tdp.root[0], (gfn_t){0}, &l) == TDP_NONE, "an entry is left");
}

/* A fault that has the old root: it finds it invalid, or is before the zap. */
static void fault_thread(void *unused)
{
    const struct tdp_map m = {.gfn = {1}, .pfn = {4}, .access = ACCESS_READ};

    (void)unused;
    read_lock(&tdp.lock);
    (void)!tdp_map(&tdp, &tdp.root[0], &m, &cache[mc_self()]);
    read_unlock(&tdp.lock);
}

static void final_empty(void)
{
    struct tdp_count n;

    write_lock(&tdp.lock);
    mc_check(!tdp_check(&tdp, &n), "the tree is broken");
    write_unlock(&tdp.lock);
    mc_check(!n.leaves[0], "a leaf is left");
    mc_check(rig_freed_is_untouched(), "a freed table is written");
}

static void get_thread(void *mine)
{
    *(struct tdp_root **)mine = tdp_root_get(&tdp, 7);
}

static void final_same(void)
{
    mc_check(got[0] && got[0] == got[1], "two roots of one role");
    mc_check(got[0]->refs == 3 && tdp.tables == 2, "a reference is lost");
}

static void start(void)
{
    (void)rig_start();
    pub = (struct vcpu_pub){.sipi = SIPI_NONE};
    load_root = service;
    got[0] = got[1] = NULL;
}

static void setup_vcpu(void)
{
    start();
    rig_map(0, 4, 0);
    mc_thread("vcpu", vcpu_thread, NULL);
    mc_thread("zap all", zap_thread, NULL);
}

static void setup_two(void)
{
    start();
    rig_map(0, 4, 0);
    mc_thread("zap all", zap_again_thread, NULL);
    mc_thread("zap all too", zap_again_thread, NULL);
}

static void setup_fault(void)
{
    start();
    rig_map(0, 4, 0);
    mc_thread("zap all", zap_again_thread, NULL);
    mc_thread("fault", fault_thread, NULL);
    rig_pages(1, 3);
}

static void setup_get(void)
{
    start();
    mc_thread("get", get_thread, &got[0]);
    mc_thread("get too", get_thread, &got[1]);
}

/* Mutant: the request to let the root go is not serviced. */
static void keep_root(struct tdp_root **cur, u32 requests)
{
    (void)cur;
    if (requests & REQ_FLUSH)
        forget_translations();
}

static void setup_keep(void)
{
    setup_vcpu();
    load_root = keep_root;
}

int main(void)
{
    const struct mc_model vcpu = {.setup = setup_vcpu};
    const struct mc_model keep = {.setup = setup_keep};
    const struct mc_model two = {.setup = setup_two, .final = final_empty};
    const struct mc_model fault = {.setup = setup_fault, .final = final_empty};
    const struct mc_model get = {.setup = setup_get, .final = final_same};

    mc_holds("H-C-20: two creators, one root", &get, NULL);
    mc_fails("H-C-20: without the list's lock", &get, MC_MUTANTS({"spin_lock", MC_ADD, 1, MC_PLAIN}),
             "a reference is lost");
    mc_holds("H-C-18: two that zap all: both return when all is gone", &two, NULL);
    mc_fails("H-C-18: unless one does not wait for the other", &two,
             MC_MUTANTS({"tdp_zap_all", MC_LOAD, 1, MC_DROP}), "an entry is left");
    mc_holds("C4-4: a fault in a root that becomes invalid", &fault, NULL);
    mc_fails("C4-4: which does not look whether it is", &fault, MC_MUTANTS({"map", MC_LOAD, 1, MC_DROP}),
             "a leaf is left");
    mc_holds("H-C-17, H-C-18: a vCPU loads another root, or is out of the guest", &vcpu, NULL);
    mc_fails("H-C-17: it goes on with the invalid one", &keep, NULL, "the guest uses a freed frame");
    mc_fails("H-C-17: no barrier before it looks at the requests", &vcpu,
             MC_MUTANTS({"req_go", MC_FENCE, 1, MC_DROP}), "the guest uses a freed frame");
    return mc_end();
}
