/* SPDX-License-Identifier: BSD-2-Clause */
/* framepool.c: a fixed set of frames with a lock-free free list. */
#include "framepool.h"
#include "lib/atomic.h"

#define HEAD(tag, index) ((u64)(tag) << 32 | (u32)(index))
#define HEAD_INDEX(h)    ((u32)(h))
#define HEAD_TAG(h)      ((u32)((h) >> 32))

static void push(struct framepool *p, u32 index)
{
    u64 head = at_load(&p->head);

    do
        at_store(&p->frame[index].next, HEAD_INDEX(head));
    while (!at_cas(&p->head, &head, HEAD(HEAD_TAG(head) + 1, index)));
}

bool framepool_init(struct framepool *p, u64 count)
{
    *p = (struct framepool){.head = HEAD(0, FRAME_NONE)};
    if (count >= FRAME_NONE)
        return false;
    p->frame = port_zalloc(count * sizeof(*p->frame));
    if (!p->frame)
        return false;
    p->count = p->free = (u32)count;
    for (u32 i = 0; i < p->count; i++) {
        hpa_t a;

        if (!port_frame_alloc(&a)) {
            framepool_destroy(p);
            return false;
        }
        p->frame[i].pfn = hpa_pfn(a);
        push(p, i);
    }
    return true;
}

void framepool_destroy(struct framepool *p)
{
    for (u32 i = 0; i < p->count && p->frame[i].pfn.v; i++) /* a pool half made ends early */
        port_frame_free(pfn_hpa(p->frame[i].pfn));
    port_zfree(p->frame, p->count * sizeof(*p->frame));
    *p = (struct framepool){0};
}

u32 framepool_get(struct framepool *p)
{
    u64 head = at_load(&p->head);

    for (;;) {
        u32 index = HEAD_INDEX(head);

        if (index == FRAME_NONE)
            return FRAME_NONE;
        /* next may be stale if somebody took this frame meanwhile; the tag then makes the exchange fail. */
        if (at_cas(&p->head, &head, HEAD(HEAD_TAG(head) + 1, at_load(&p->frame[index].next)))) {
            at_sub(&p->free, 1);
            return index;
        }
    }
}

void framepool_put(struct framepool *p, u32 index)
{
    check(index < p->count, "a frame of this pool is returned");
    at_store(&p->frame[index].owner, 0);
    at_add(&p->free, 1);
    push(p, index);
}
