/* SPDX-License-Identifier: BSD-2-Clause */
/* hyp_nvme_queue.c: nvme_queue.c against a device made of memory: order, wrap-around, fullness, false completions. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../host/hyp/nvme_queue.c"

#define DEPTH  8u
#define STRIDE 4u
#define QUEUE  2u

static u8 regs[NVME_DOORBELLS + 64];
static struct nvme_queue q;
static unsigned complaints;

/* The device: what it has taken and where it writes next. */
static u32 taken, written;
static u16 phase;

void *port_zalloc(size_t bytes)
{
    return calloc(1, bytes);
}

void con_host(const char *fmt, ...)
{
    (void)fmt;
    complaints++;
}

static u32 doorbell(unsigned i)
{
    u32 v;

    memcpy(&v, regs + NVME_DOORBELLS + i * STRIDE, sizeof(v));
    return v;
}

static int setup(void **state)
{
    (void)state;
    memset(regs, 0, sizeof(regs));
    q = (struct nvme_queue){0};
    taken = written = complaints = 0;
    phase = 1;
    return !nvme_queue_init(&q, regs, STRIDE, QUEUE, DEPTH);
}

static int teardown(void **state)
{
    (void)state;
    free(q.sq);
    free((void *)q.cq);
    free(q.slot);
    free(q.free);
    return 0;
}

static struct nvme_command take(void)
{
    struct nvme_command c;

    assert_int_not_equal(taken, doorbell(2 * QUEUE));
    c = q.sq[taken];
    taken = (taken + 1) % DEPTH;
    return c;
}

static void answer(u16 id, u16 status)
{
    volatile struct nvme_completion *e = &q.cq[written];

    e->id = id;
    e->result = id + 1000u;
    e->status = (u16)(status << 1 | phase);
    written = (written + 1) % DEPTH;
    if (!written)
        phase ^= 1;
}

struct outcome {
    unsigned calls;
    int status;
};

static void note(void *who, int status)
{
    struct outcome *o = who;

    o->calls++;
    o->status = status;
}

static void many_rounds_in_any_order(void **state)
{

    (void)state;
    for (unsigned round = 0; round < 50; round++) {
        struct outcome a = {0}, b = {0};
        struct nvme_command c = {.opcode = NVME_READ, .dw10 = round}, first, second;

        assert_int_equal(nvme_queue_submit(&q, &c, note, &a), 0);
        c.dw10 = round + 100;
        assert_int_equal(nvme_queue_submit(&q, &c, note, &b), 0);
        first = take();
        second = take();
        assert_int_equal(first.dw10, round);
        assert_int_equal(second.dw10, round + 100);
        assert_int_not_equal(first.id, second.id);
        assert_int_equal(nvme_queue_poll(&q), 0);
        answer(second.id, 0x281);
        assert_int_equal(nvme_queue_poll(&q), 1);
        assert_int_equal(b.calls, 1);
        assert_int_equal(b.status, 0x281);
        assert_int_equal(a.calls, 0);
        assert_int_equal(q.result, second.id + 1000);
        answer(first.id, 0);
        assert_int_equal(nvme_queue_poll(&q), 1);
        assert_int_equal(a.calls, 1);
        assert_int_equal(a.status, 0);
        assert_int_equal(doorbell(2 * QUEUE + 1), written);
    }
    assert_int_equal(complaints, 0);
}

static void full_then_free_again(void **state)
{
    struct nvme_command c = {.opcode = NVME_WRITE};
    struct outcome o = {0};

    (void)state;
    for (unsigned round = 0; round < 5; round++) {
        u16 id[DEPTH];

        for (unsigned i = 0; i < DEPTH - 1; i++)
            assert_int_equal(nvme_queue_submit(&q, &c, note, &o), 0);
        assert_int_equal(nvme_queue_submit(&q, &c, note, &o), -1);
        for (unsigned i = 0; i < DEPTH - 1; i++)
            id[i] = take().id;
        for (unsigned i = 0; i < DEPTH - 1; i++)
            answer(id[i], 0);
        assert_int_equal(nvme_queue_poll(&q), DEPTH - 1);
    }
    assert_int_equal(o.calls, 5 * (DEPTH - 1));
}

static void completions_of_nothing(void **state)
{
    struct nvme_command c = {.opcode = NVME_READ};
    struct outcome o = {0};
    u16 id;

    (void)state;
    assert_int_equal(nvme_queue_submit(&q, &c, note, &o), 0);
    id = take().id;
    answer(0xffff, 0);
    answer(DEPTH, 0);
    answer((u16)(id ^ 1), 0);
    answer(id, 0);
    answer(id, 0);
    assert_int_equal(nvme_queue_poll(&q), 5);
    assert_int_equal(o.calls, 1);
    assert_int_equal(complaints, 4);
}

static void submit_more(void *who, int status)
{
    static const struct nvme_command c = {.opcode = NVME_READ};

    note(who, status);
    assert_int_equal(nvme_queue_submit(&q, &c, note, who), 0);
}

/* `done` gives a new command while the queue is being emptied: its slot is free by then. */
static void done_may_submit(void **state)
{
    struct nvme_command c = {.opcode = NVME_READ};
    struct outcome o = {0};

    (void)state;
    for (unsigned i = 0; i < DEPTH - 1; i++)
        assert_int_equal(nvme_queue_submit(&q, &c, submit_more, &o), 0);
    for (unsigned i = 0; i < DEPTH - 1; i++)
        answer(take().id, 0);
    assert_int_equal(nvme_queue_poll(&q), DEPTH - 1);
    assert_int_equal(nvme_queue_submit(&q, &c, note, &o), -1);
    for (unsigned i = 0; i < DEPTH - 1; i++)
        answer(take().id, 0);
    assert_int_equal(nvme_queue_poll(&q), DEPTH - 1);
    assert_int_equal(o.calls, 2 * (DEPTH - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(many_rounds_in_any_order, setup, teardown),
        cmocka_unit_test_setup_teardown(full_then_free_again, setup, teardown),
        cmocka_unit_test_setup_teardown(completions_of_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(done_may_submit, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
