/* SPDX-License-Identifier: BSD-2-Clause */
/* disk.c: store.h for unit tests: a queue of requests in the test's hands, and memory that plays the disk. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "fake/disk.h"
#include "port.h"

struct fake_disk fake_disk;

void fake_disk_reset(void)
{
    fake_disk = (struct fake_disk){.room = FAKE_QUEUE};
}

u8 fake_store_byte(u64 page)
{
    return (u8)(page * 7 + 3);
}

static int submit(struct store *s, struct store_req *r)
{
    assert_true(r->offset < s->bytes);
    assert_int_equal(r->offset & PAGE_MASK, 0);
    spin_lock(&fake_disk.lock);
    bool taken = fake_disk.count < fake_disk.room;
    if (taken) {
        fake_disk.waiting[fake_disk.count] = r;
        at_store(&fake_disk.count, fake_disk.count + 1);
        fake_disk.submitted++;
    } else {
        fake_disk.refused++;
    }
    spin_unlock(&fake_disk.lock);
    return taken ? 0 : -1;
}

static u64 block(const struct store *s, u64 offset)
{
    (void)s;
    return 1000 + offset / 512;
}

void fake_store_make(struct fake_store *s, const char *name, u64 bytes)
{
    static const struct store_ops ops = {.submit = submit, .block = block};

    s->store = (struct store){.ops = &ops, .name = name, .bytes = bytes};
    s->data = malloc(ROUND_UP(bytes, PAGE_SIZE));
    assert_non_null(s->data);
    for (u64 i = 0; i < ROUND_UP(bytes, PAGE_SIZE); i++)
        s->data[i] = fake_store_byte(i / PAGE_SIZE);
}

void fake_store_free(struct fake_store *s)
{
    free(s->data);
    s->data = NULL;
}

/* Nobody else's any more. Lock held. */
static struct store_req *take(unsigned i)
{
    struct store_req *r = fake_disk.waiting[i];
    unsigned left = fake_disk.count - 1;

    memmove(&fake_disk.waiting[i], &fake_disk.waiting[i + 1], (left - i) * sizeof(r));
    at_store(&fake_disk.count, left);
    return r;
}

static void finish(struct store_req *r, int status)
{
    struct fake_store *s = container_of(r->at, struct fake_store, store);
    u64 valid = MIN(s->store.bytes - r->offset, PAGE_SIZE);

    if (!status && r->op == STORE_READ) {
        memcpy(port_map(r->frame), s->data + r->offset, valid);
        memset((char *)port_map(r->frame) + valid, 0, PAGE_SIZE - valid);
    } else if (!status) {
        memcpy(s->data + r->offset, port_map(r->frame), valid);
    }
    r->status = status;
    r->done(r);
}

void fake_disk_finish(unsigned i, int status)
{
    assert_true(i < fake_disk.count);
    spin_lock(&fake_disk.lock);
    struct store_req *r = take(i);
    spin_unlock(&fake_disk.lock);
    finish(r, status);
}

static unsigned find(const struct fake_store *s, u64 page)
{
    unsigned i = 0;

    while (i < fake_disk.count &&
           (fake_disk.waiting[i]->at != &s->store || fake_disk.waiting[i]->offset != page * PAGE_SIZE))
        i++;
    return i;
}

bool fake_store_waits(const struct fake_store *s, u64 page)
{
    return find(s, page) < fake_disk.count;
}

void fake_store_finish(struct fake_store *s, u64 page, int status)
{
    fake_disk_finish(find(s, page), status);
}

void fake_disk_finish_all(void)
{
    while (fake_disk.count)
        fake_disk_finish(0, 0);
}

unsigned store_poll(void)
{
    static _Thread_local unsigned seed;
    struct store_req *r[FAKE_QUEUE];
    unsigned n = 0;

    spin_lock(&fake_disk.lock);
    fake_disk.polls++;
    for (unsigned i = 0; i < fake_disk.count;)
        if ((unsigned)rand_r(&seed) % 256 < fake_disk.prompt)
            r[n++] = take(i);
        else
            i++;
    spin_unlock(&fake_disk.lock);
    for (unsigned i = 0; i < n; i++)
        finish(r[i], 0);
    return n;
}
