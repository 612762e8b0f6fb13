/* SPDX-License-Identifier: BSD-2-Clause */
/* store_disk.c: find partitions by name and turn page requests into the disk's commands. */
#include "store_disk.h"
#include "con.h"
#include "fail.h"
#include "lib/gpt.h"
#include "lib/str.h"
#include "port.h"

#define STORES_MAX 8
#define READ_NS    5000000000ull /* that a block of the partition table may take */

struct disk_store {
    struct store store;
    u64 first; /* LBA */
    u64 asked; /* store_open()'s `bytes` */
    char name[40];
};

static struct disk disk;
static struct disk_store stores[STORES_MAX];
static unsigned count;

void store_disk(const struct disk *d)
{
    disk = *d;
}

static u32 block_size(void)
{
    return 1u << disk.block_shift;
}

static u64 store_block(const struct store *s, u64 offset)
{
    return container_of(s, struct disk_store, store)->first + (offset >> disk.block_shift);
}

static void request_done(void *who, int status)
{
    struct store_req *r = who;
    u64 valid = r->at->bytes - r->offset;

    if (r->op == STORE_READ && valid < PAGE_SIZE)
        memset((char *)port_map(r->frame) + valid, 0, PAGE_SIZE - valid);
    r->status = status;
    r->done(r);
}

static int request_submit(struct store *s, struct store_req *r)
{
    u64 bytes = MIN(s->bytes - r->offset, PAGE_SIZE);
    u32 blocks = (u32)((bytes + block_size() - 1) >> disk.block_shift);

    check(r->offset < s->bytes && !(r->offset & PAGE_MASK), "a request lies inside its store");
    return disk.submit(r->op, store_block(s, r->offset), blocks, r->frame, request_done, r);
}

unsigned store_poll(void)
{
    return disk.poll();
}

struct wait {
    bool over;
    int status;
};

static void wait_done(void *who, int status)
{
    *(struct wait *)who = (struct wait){true, status};
}

/* Asleep until it answers; false: an error, or nothing in time. */
static bool read_wait(u64 lba, u32 n, hpa_t page)
{
    static struct wait w = {.over = true};
    u64 end = port_now() + READ_NS;

    /* A device that did not answer once is not asked again: its late answer could pass for the next one's. */
    if (!w.over)
        return false;
    w.over = false;
    if (disk.submit(STORE_READ, lba, n, page, wait_done, &w))
        return false;
    port_timer(end);
    while (!w.over && port_now() < end) {
        port_idle();
        disk.poll();
    }
    port_timer(TIME_NEVER);
    return w.over && !w.status;
}

/* A page of the disk, kept because the blocks of a partition table are read one after the other. */
struct window {
    void *page;
    u64 first, blocks; /* LBA; 0 blocks = nothing read yet */
};

static bool read_block(void *context, u64 lba, void *to)
{
    u64 per_page = PAGE_SIZE >> disk.block_shift;
    struct window *w = context;

    if (lba - w->first >= w->blocks) {
        w->first = ROUND_DOWN(lba, per_page);
        w->blocks = MIN(per_page, disk.blocks - w->first);
        if (!read_wait(w->first, (u32)w->blocks, port_hpa(w->page))) {
            con_host("disk: blocks from %lu on cannot be read", w->first);
            w->blocks = 0;
            return false;
        }
    }
    memcpy(to, (u8 *)w->page + (lba - w->first) * block_size(), block_size());
    return true;
}

static void find(const char *name, struct gpt_partition *out)
{
    struct window w = {0};
    struct gpt_disk d = {
        .blocks = disk.blocks, .block_size = block_size(), .context = &w, .read = read_block};
    enum gpt_error e;
    hpa_t page;

    if (!port_frame_alloc(&page))
        hyp_fail(VM_STATUS_MACHINE, "no memory to read the partition table");
    w.page = port_map(page);
    e = gpt_find(&d, name, out);
    if (e)
        hyp_fail(e == GPT_READ ? VM_STATUS_STORE_ERROR : VM_STATUS_CONFIG, "partition %s: %s", name,
                 gpt_strerror(e));
    port_frame_free(page);
}

struct store *store_open(const char *partition, u64 bytes)
{
    static const struct store_ops ops = {.submit = request_submit, .block = store_block};
    struct disk_store *s = &stores[count];
    struct gpt_partition p;
    u64 room;

    for (unsigned i = 0; i < count; i++)
        if (stores[i].asked == bytes && !strcmp(stores[i].name, partition))
            return &stores[i].store;
    if (count == STORES_MAX)
        hyp_fail(VM_STATUS_CONFIG, "partition %s: more than %u in use", partition, STORES_MAX);
    if (!str_copy(s->name, sizeof(s->name), partition))
        hyp_fail(VM_STATUS_CONFIG, "partition %s: name too long", partition);
    find(partition, &p);
    room = p.blocks * block_size();
    if (bytes > room)
        hyp_fail(VM_STATUS_CONFIG, "partition %s: %lu bytes wanted, it has %lu", partition, bytes, room);
    count++;
    s->asked = bytes;
    s->first = p.first;
    s->store = (struct store){.ops = &ops, .name = s->name, .bytes = bytes ? bytes : room};
    return &s->store;
}
