/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frames.c: a free list threaded through an array beside the frames, fed from regions nobody has used yet.
 *
 * Single frames leave a region at its low end, runs at the high end of the last one, so that early single frames, the
 * first page tables among them, lie below 4 GiB. A run that is given back stays one, for the next who wants one of that
 * length: a VM that is made anew finds what the last one left. The array also tells a free frame from one in use: a
 * frame that is released twice, or never was ours, is found at once.
 */
#include "frames.h"
#include "lib/lock.h"
#include "port.h"

#define REGIONS_MAX  (BOOT_RANGES_MAX + BOOT_MODULES_MAX + 2)
#define LOW_MIB      (1 * MiB) /* BIOS data, ROMs, the page APs start in */
#define LINK_RUN     0xfffffffcu
#define LINK_END     0xfffffffdu
#define LINK_USED    0xfffffffeu
#define LINK_FOREIGN 0xffffffffu

struct region {
    u64 start, end; /* pfn; what is between was never handed out */
};

extern u8 image_start[], image_end[];

static struct spinlock lock;
static struct region region[REGIONS_MAX];
static unsigned regions;
static u32 *link; /* by pfn: next free frame, or one of LINK_ */
static u64 links;
static u32 first = LINK_END;
static u32 runs =
    LINK_END; /* free runs: the link of the first frame leads to the next, that of the second is its length */
static u64 left;

/* Cuts [start, end) out of all regions. False: no room for the parts. */
static bool exclude(u64 start, u64 end)
{
    for (unsigned i = 0; i < regions; i++) {
        struct region *r = &region[i];

        if (end <= r->start || start >= r->end)
            continue;
        if (start > r->start && end < r->end) {
            if (regions == REGIONS_MAX)
                return false;
            region[regions++] = (struct region){end, r->end};
            r->end = start;
        } else if (start > r->start) {
            r->end = start;
        } else {
            r->start = MIN(end, r->end);
        }
    }
    return true;
}

static bool exclude_bytes(u64 start, u64 end)
{
    return exclude(start >> PAGE_SHIFT, (end + PAGE_MASK) >> PAGE_SHIFT);
}

static bool collect(const struct boot_info *b)
{
    bool fits = true;

    for (unsigned i = 0; i < b->ranges; i++)
        if (b->range[i].ram)
            region[regions++] =
                (struct region){b->range[i].start >> PAGE_SHIFT, b->range[i].end >> PAGE_SHIFT};
    for (unsigned i = 0; i < b->ranges; i++)
        if (!b->range[i].ram)
            fits = fits && exclude_bytes(b->range[i].start, b->range[i].end);
    for (unsigned i = 0; i < b->modules; i++)
        fits = fits && exclude_bytes(b->module[i].start, b->module[i].end);
    return fits && exclude_bytes(0, LOW_MIB) && exclude_bytes((uintptr_t)image_start, (uintptr_t)image_end);
}

/* The array itself, from the first region that has room for it within reach of the first page tables. */
static bool place_links(void)
{
    u64 pages, bytes;

    for (unsigned i = 0; i < regions; i++)
        links = MAX(links, region[i].end);
    bytes = links * sizeof(*link);
    pages = (bytes + PAGE_MASK) >> PAGE_SHIFT;
    for (unsigned i = 0; i < regions && links < LINK_END; i++) {
        struct region *r = &region[i];

        if (r->end - r->start < pages || (r->start + pages) << PAGE_SHIFT > 4 * GiB)
            continue;
        link = port_map((hpa_t){r->start << PAGE_SHIFT});
        r->start += pages;
        return true;
    }
    return false;
}

bool frames_init(const struct boot_info *b)
{
    if (!collect(b) || !place_links())
        return false;
    for (u64 i = 0; i < links; i++)
        link[i] = LINK_FOREIGN;
    for (unsigned i = 0; i < regions; i++)
        left += region[i].end - region[i].start;
    return left > 0;
}

/* The rest is under the lock, but for what frames.h names. */
static void push(u64 pfn)
{
    link[pfn] = first;
    first = (u32)pfn;
}

static void push_run(u64 pfn, u64 count)
{
    if (count == 1) {
        push(pfn);
        return;
    }
    for (u64 i = 0; i < count; i++)
        link[pfn + i] = LINK_RUN;
    link[pfn] = runs;
    link[pfn + 1] = (u32)count;
    runs = (u32)pfn;
}

static void take(u64 pfn, u64 count)
{
    for (u64 i = 0; i < count; i++)
        link[pfn + i] = LINK_USED;
    left -= count;
}

/* A free run of `count` … `most`, of which the rest stays free. LINK_END: there is none. */
static u64 take_run(u64 count, u64 most, u64 align)
{
    for (u32 *at = &runs; *at != LINK_END; at = &link[*at]) {
        u64 run = *at, length = link[run + 1];

        if (length < count || length > most || run % align)
            continue;
        *at = link[run];
        take(run, count);
        if (length > count)
            push_run(run + count, length - count);
        return run;
    }
    return LINK_END;
}

bool frames_alloc(hpa_t *out)
{
    u64 pfn = LINK_END;

    spin_lock(&lock);
    if (first != LINK_END) {
        pfn = first;
        first = link[pfn];
    } else {
        for (unsigned i = 0; i < regions && pfn == LINK_END; i++)
            if (region[i].start < region[i].end)
                pfn = region[i].start++;
    }
    if (pfn != LINK_END)
        take(pfn, 1);
    else
        pfn = take_run(1, links, 1);
    spin_unlock(&lock);
    *out = (hpa_t){pfn << PAGE_SHIFT};
    return pfn != LINK_END;
}

/* From a region; what lies above in it joins the single frames. */
static u64 cut_run(u64 count, u64 align)
{
    for (unsigned i = regions; i-- > 0;) {
        struct region *r = &region[i];
        u64 start = r->end >= count ? ROUND_DOWN(r->end - count, align) : 0;

        if (r->end - r->start < count || start < r->start)
            continue;
        for (u64 f = start + count; f < r->end; f++)
            push(f);
        r->end = start;
        take(start, count);
        return start;
    }
    return LINK_END;
}

/* Neighbours, the first at a multiple of `align`. */
static bool alloc_aligned(u64 count, u64 align, hpa_t *out)
{
    u64 pfn;

    spin_lock(&lock);
    pfn = take_run(count, count, align);
    if (pfn == LINK_END)
        pfn = cut_run(count, align);
    if (pfn == LINK_END)
        pfn = take_run(count, links, align);
    spin_unlock(&lock);
    *out = (hpa_t){pfn << PAGE_SHIFT};
    return pfn != LINK_END;
}

bool frames_alloc_run(u64 count, hpa_t *out)
{
    return count == 1 ? frames_alloc(out) : alloc_aligned(count, 1, out);
}

bool frames_alloc_block(hpa_t *out)
{
    return alloc_aligned(BLOCK_PAGES, BLOCK_PAGES, out);
}

void frames_release(hpa_t frame)
{
    u64 pfn = hpa_pfn(frame).v;

    check(!(frame.v & PAGE_MASK) && pfn < links, "a released frame is a frame of RAM");
    spin_lock(&lock);
    check(link[pfn] == LINK_USED, "a released frame was in use");
    push(pfn);
    left++;
    spin_unlock(&lock);
}

void frames_release_run(hpa_t start, u64 count)
{
    u64 pfn = hpa_pfn(start).v;

    check(!(start.v & PAGE_MASK) && count && pfn < links && count <= links - pfn,
          "a released run is one of RAM");
    spin_lock(&lock);
    for (u64 i = 0; i < count; i++)
        check(link[pfn + i] == LINK_USED, "a released frame was in use");
    push_run(pfn, count);
    left += count;
    spin_unlock(&lock);
}

u64 frames_left(void)
{
    return at_load(&left);
}
