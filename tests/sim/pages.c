/* SPDX-License-Identifier: BSD-2-Clause */
/* pages.c: the contents oracle: a page's name and version stand in its first and last words. */
#include "pages.h"
#include "disk.h"
#include "frames.h"
#include "guest.h"
#include "machine.h"
#include "swarm.h"
#include "trace.h"
#include "vm.h"
#include <string.h>

#define PAGES_MAX 2048u
#define NAME(p)   (0x5afe000000000000ull | (p))
#define LAST      (PAGE_SIZE / 8 - 1)

static u64 version[PAGES_MAX];
static gfn_t module_at;

/* A module's pages begin with version 1, so that zeroes in their place are noticed. */
void pages_reset(void)
{
    check(pages_count() <= PAGES_MAX, "as many pages as there are versions for");
    module_at.v = MODULE_GFN;
    for (unsigned i = 0; i < pages_count(); i++)
        version[i] = i >= swarm.anonymous;
}

unsigned pages_count(void)
{
    return swarm.anonymous + swarm.module;
}

gfn_t page_gfn(unsigned page)
{
    if (page == APIC_PAGE)
        return (gfn_t){APIC_GFN};
    if (!page_in_module(page))
        return (gfn_t){(u64)page * swarm.stride};
    return (gfn_t){module_at.v + (u64)(page - swarm.anonymous) * swarm.stride};
}

bool page_in_module(unsigned page)
{
    return page >= swarm.anonymous && page != APIC_PAGE;
}

gfn_t pages_module_at(void)
{
    return module_at;
}

void pages_module_moved(gfn_t to)
{
    module_at = to;
}

void pages_module_deleted(void)
{
    for (unsigned i = swarm.anonymous; i < pages_count(); i++)
        version[i] = 1;
}

u64 pages_span(unsigned used)
{
    return (u64)used * swarm.stride;
}

static void put(unsigned page, u64 *word)
{
    word[0] = word[LAST - 1] = NAME(page);
    word[1] = word[LAST] = version[page];
}

void pages_module(struct disk *d)
{
    for (unsigned i = 0; i < swarm.module; i++)
        put(swarm.anonymous + i, (u64 *)(void *)(d->data + pages_span(i) * PAGE_SIZE));
}

static bool right(unsigned page, const u64 *word)
{
    u64 name = version[page] ? NAME(page) : 0;

    return word[0] == name && word[LAST - 1] == name && word[1] == version[page] &&
           word[LAST] == version[page];
}

static void wrong(unsigned page, const u64 *word, const char *where)
{
    machine_violation(
        "contents", "page %u (gfn 0x%lx, version %lu) reads 0x%lx version %lu ... 0x%lx version %lu %s", page,
        page_gfn(page).v, version[page], word[0], word[1], word[LAST - 1], word[LAST], where);
}

void page_check(unsigned page, const void *bytes)
{
    if (!right(page, bytes))
        wrong(page, bytes, "to its guest");
}

void page_write(unsigned page, void *bytes)
{
    page_check(page, bytes);
    version[page]++;
    put(page, bytes);
    trace("page %lu is written, version %lu%.0lu", page, version[page], 0);
}

void pages_final(struct vm *vm, const struct disk *swap, const struct disk *module)
{
    static const u64 zero[PAGE_SIZE / 8];

    unsigned there = owner_has_module() ? pages_count() : swarm.anonymous;

    for (unsigned i = 0; i < there; i++) {
        gfn_t gfn = page_gfn(i);
        struct slot *s = slot_find(vm, gfn);
        u64 word = slot_page(s, gfn)->word, at = (gfn.v - s->base.v) * PAGE_SIZE;
        const void *bytes = zero;
        const char *where = "though it was never made";

        if ((word & PAGE_STATE) == PAGE_RESIDENT) {
            bytes = frame_bytes(pager_hpa(vm, word));
            where = "in its frame";
        } else if (word & PAGE_SWAPPED) {
            bytes = swap->data + s->swap_offset + at;
            where = "in swap";
        } else if (s->store) {
            bytes = module->data + at;
            where = "in the module";
        }
        if (!right(i, bytes))
            wrong(i, bytes, where);
    }
}
