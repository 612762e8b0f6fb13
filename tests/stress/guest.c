/* SPDX-License-Identifier: BSD-2-Clause */
/* guest.c: a vCPU on a thread: stays in the guest until it faults or is kicked, and honours requests as vcpu.c does. */
#include "guest.h"
#include "exit.h"
#include <string.h>

#define TLB   257u /* a prime: GIANT's pages share places with others */
#define ROLES 2u

struct tlb {
    u64 gfn; /* + 1; 0 = empty */
    u64 pfn;
    unsigned level;
    bool write;
};

struct guest_count guest_count[GUESTS];
u32 guests_stop;

static struct vcpu vcpu[GUESTS];
static const struct walker *hw;

void guests_init(const struct walker *w)
{
    hw = w;
    guests_stop = 0;
    stress_vm.vcpus = GUESTS;
    memset(vcpu, 0, sizeof(vcpu));
    for (unsigned i = 0; i < GUESTS; i++) {
        vcpu[i].vm = &stress_vm;
        vcpu[i].id = vcpu[i].cpu = i;
        stress_vm.vcpu[i] = &vcpu[i];
    }
}

static bool allowed(u64 entry, u32 access)
{
    return (entry & hw->needs) == hw->needs &&
           (!(access & ACCESS_WRITE) || (entry & hw->write_mask) == hw->write_value) &&
           (!(access & ACCESS_EXEC) || (entry & hw->exec_mask) == hw->exec_value);
}

/* The entry that decides about gfn, and its level; absent entries too. */
static unsigned find(const struct vcpu *v, u64 gfn, u64 **slot, u64 *entry)
{
    u64 *table = port_map(v->root->table);

    for (unsigned level = hw->levels - 1;; level--) {
        *slot = &table[gfn >> (9 * level) & 511];
        *entry = at_load_acq(*slot);
        if (!level || !(*entry & hw->present) || (*entry & hw->leaf_mask) == hw->leaf_value)
            return level;
        table = port_map(pfn_hpa((pfn_t){(*entry & hw->address) >> hw->shift}));
    }
}

/* Fill a place of the TLB. A, and D for a write, are set in the very leaf that was read, or all starts over. */
static bool walk(const struct vcpu *v, u64 gfn, u32 access, struct tlb *to)
{
    u64 set = hw->accessed | (access & ACCESS_WRITE ? hw->dirty : 0), *slot, entry;
    unsigned level;

    do {
        level = find(v, gfn, &slot, &entry);
        if (!(entry & hw->present) || !allowed(entry, access))
            return false;
    } while ((entry & set) != set && !at_cas(slot, &entry, entry | set));
    *to = (struct tlb){.gfn = gfn + 1,
                       .pfn = ((entry & hw->address) >> hw->shift) + (gfn & ((1ull << 9 * level) - 1)),
                       .level = level,
                       .write = access & ACCESS_WRITE};
    return true;
}

/* Where `new` or what is cached beside it is a huge leaf that spans the other, both are of the same size. */
static void check_sizes(const struct tlb *tlb, const struct tlb *new)
{
    for (unsigned i = 0; i < TLB && hw->one_size; i++) {
        unsigned level = MAX(tlb[i].level, new->level);

        must(!tlb[i].gfn || tlb[i].level == new->level ||
                 (tlb[i].gfn - 1) >> (9 * level) != (new->gfn - 1) >> (9 * level),
             "C13-20: the old size is flushed before the new one is made");
    }
}

/* Guest code until a fault (true), or until the host wants the CPU. */
static bool stay(struct vcpu *v, struct tlb *tlb, u64 *seed, gfn_t *gfn, u32 *access)
{
    for (unsigned i = 0; i < 64 && !at_load_acq(&kicked[v->cpu]); i++) {
        u32 n = number(seed, 32);
        struct tlb *e;

        gfn->v = n ? number(seed, PAGES) : GIANT + number(seed, 1 << 18);
        *access = n % 4 == 1 ? ACCESS_EXEC : n % 2 ? ACCESS_WRITE : ACCESS_READ;
        e = &tlb[gfn->v % TLB];
        if (e->gfn != gfn->v + 1 || (*access & ACCESS_EXEC) || ((*access & ACCESS_WRITE) && !e->write)) {
            if (!walk(v, gfn->v, *access, e))
                return true;
            check_sizes(tlb, e);
        }
        memory_touch(*gfn, (pfn_t){e->pfn}, *access & ACCESS_WRITE);
        guest_count[v->id].touches++;
    }
    return false;
}

/* As fault.c: what was looked up since `seq` is installed under the lock, a block for the small leaves in its place. */
static void install(struct vcpu *v, const struct tdp_map *m, u64 seq)
{
    u64 into = m->gfn.v & ((1ull << 9 * m->level) - 1);
    gfn_t first = {m->gfn.v - into}, end = {first.v + (1ull << 9 * m->level)};
    struct tdp *t = &stress_vm.tdp;
    struct tdp_gather g = {0};

    if (m->level == 1) {
        write_lock(&t->lock);
        if (!inv_retry_range(&stress_vm.inv, seq, first, end)) {
            guest_count[v->id].collapses += tdp_collapse(t, first, 1, (pfn_t){m->pfn.v - into}, &g);
            guest_count[v->id].huge += tdp_map(t, v->root, m, &v->cache) == TDP_OK;
            tdp_commit(t, &g);
        }
        write_unlock(&t->lock);
        return;
    }
    read_lock(&t->lock);
    if (!inv_retry_range(&stress_vm.inv, seq, first, end))
        guest_count[v->id].faults += tdp_map(t, v->root, m, &v->cache) == TDP_OK;
    read_unlock(&t->lock);
}

static void fault(struct vcpu *v, gfn_t gfn, u32 access)
{
    struct tdp *t = &stress_vm.tdp;
    struct tdp_map m = {.gfn = gfn, .access = access};
    bool fetch = (access & ACCESS_EXEC) && at_load(&t->nx.on);
    unsigned level;
    u64 seq;

    if (!tdp_cache_fill(&v->cache) || tdp_fix(t, v->root, gfn, access) != TDP_NONE)
        return;
    seq = inv_snapshot(&stress_vm.inv);
    if (inv_retry_unlocked(&stress_vm.inv, seq, gfn))
        return;
    m.pfn = memory_find(gfn, &level);
    level = at_load(&t->log) == TDP_LOG_OFF ? level : 0;
    m.level = fetch ? 0 : level;
    m.nx_level = fetch ? level : 0;
    install(v, &m, seq);
}

static void load_root(struct vcpu *v, u64 *seed)
{
    if (v->root)
        tdp_root_put(&stress_vm.tdp, v->root);
    do
        v->root = tdp_root_get(&stress_vm.tdp, number(seed, ROLES));
    while (!v->root);
    guest_count[v->id].roots++;
}

void *guest_run(void *arg)
{
    struct vcpu *v = &vcpu[(uintptr_t)arg];
    u64 seed = 0x9e3779b97f4a7c15ull * (v->id + 1);
    struct tlb tlb[TLB] = {0};

    my_cpu = v->cpu;
    load_root(v, &seed);
    while (!at_load(&guests_stop)) {
        u32 req = req_take(&v->pub), access;
        bool faults;
        gfn_t gfn;

        if ((req & REQ_ROOT) || !number(&seed, 4000)) {
            load_root(v, &seed);
            req |= REQ_FLUSH;
        }
        if (req & REQ_FLUSH) {
            memset(tlb, 0, sizeof(tlb));
            guest_count[v->id].flushes++;
        }
        at_store(&kicked[v->cpu], 0);
        if (!req_go(&v->pub, MODE_IN_GUEST))
            continue;
        faults = stay(v, tlb, &seed, &gfn, &access);
        req_back(&v->pub);
        if (faults)
            fault(v, gfn, access);
    }
    tdp_root_put(&stress_vm.tdp, v->root);
    v->root = NULL;
    tdp_cache_drain(&v->cache);
    return NULL;
}
