/* SPDX-License-Identifier: BSD-2-Clause */
/* image.c: pages of a copy by gfn: four levels of tables, as hardware has them. */
#include "image.h"
#include "port.h"
#include "lib/str.h"

#define LEVELS     4
#define INDEX_BITS 9
#define ENTRIES    BIT(INDEX_BITS)

/* An entry of level 0: the kind, and the frame of PRECOPY_BYTES; above, the address of a table. */
#define KIND(entry)  ((enum precopy_kind)((entry)&PAGE_MASK))
#define FRAME(entry) ((hpa_t){(entry) & ~PAGE_MASK})

static bool make_table(u64 *entry)
{
    hpa_t table;

    if (!port_frame_alloc(&table))
        return false;
    memset(port_map(table), 0, PAGE_SIZE);
    *entry = table.v;
    return true;
}

/* The entry of a page. NULL: a table is missing, or cannot be made. */
static u64 *find(u64 *root, gfn_t gfn, bool make)
{
    u64 *entry = root;

    for (unsigned level = LEVELS; level--;) {
        if (!*entry && (!make || !make_table(entry)))
            return NULL;
        entry = (u64 *)port_map(FRAME(*entry)) + (gfn.v >> (level * INDEX_BITS)) % ENTRIES;
    }
    return entry;
}

static bool put(struct precopy_sink *sink, gfn_t gfn, enum precopy_kind kind, const void *page)
{
    struct memory_image *i = container_of(sink, struct memory_image, sink);
    u64 *entry = find(&i->root, gfn, true);
    hpa_t frame;

    if (!entry)
        return false;
    frame = FRAME(*entry);
    if (kind == PRECOPY_BYTES) {
        if (!frame.v && !port_frame_alloc(&frame))
            return false;
        memcpy(port_map(frame), page, PAGE_SIZE);
    } else if (frame.v) {
        port_frame_free(frame);
        frame.v = 0;
    }
    *entry = frame.v | kind;
    return true;
}

enum precopy_kind image_get(const struct memory_image *i, gfn_t gfn, const void **bytes)
{
    u64 root = i->root;
    const u64 *entry = find(&root, gfn, false);

    *bytes = entry && KIND(*entry) == PRECOPY_BYTES ? port_map(FRAME(*entry)) : NULL;
    return entry ? KIND(*entry) : PRECOPY_NONE;
}

/* What the entry leads to, down to the pages. */
static void free_below(u64 entry, unsigned levels)
{
    if (!FRAME(entry).v)
        return;
    for (unsigned i = 0; levels && i < ENTRIES; i++)
        free_below(((const u64 *)port_map(FRAME(entry)))[i], levels - 1);
    port_frame_free(FRAME(entry));
}

void image_free(struct memory_image *i)
{
    free_below(i->root, LEVELS);
    i->root = 0;
}

static void begin(struct precopy_sink *sink)
{
    image_free(container_of(sink, struct memory_image, sink));
}

struct precopy_sink *image_sink(struct memory_image *i)
{
    static const struct precopy_sink_ops ops = {.begin = begin, .put = put};

    i->sink.ops = &ops;
    return &i->sink;
}
