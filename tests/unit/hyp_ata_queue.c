/* SPDX-License-Identifier: BSD-2-Clause */
/* hyp_ata_queue.c: ata_queue.c against a disk made of ports: what it is told, in which order, how commands end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The instructions keep other names; the fake device has theirs. */
#define in8   machine_in8
#define out8  machine_out8
#define out32 machine_out32
#include "cpu.h"
#undef in8
#undef out8
#undef out32

static u8 in8(u16 port);
static void out8(u16 port, u8 v);
static void out32(u16 port, u32 v);
#include "../../host/hyp/ata_queue.c"

#define COMMAND 0x170
#define CONTROL 0x376
#define MASTER  0xc008
#define FAR     (5 * GiB)

static struct ata_queue q;
static u64 now;
static u8 far_page[PAGE_SIZE], bounce_copy[PAGE_SIZE];
static unsigned cpu, aims[8], aim_count;

/* The device: each register of the command block remembers two writes (ATA8-ACS 4.1: a FIFO of two). */
static struct {
    u8 reg[8][2];
    u8 status, error, master_status, master_command;
    u32 table;
    u8 command; /* 0: none is under way */
    unsigned commands, starts, irq_reads;
} dev;

u64 port_now(void)
{
    return now;
}

unsigned port_cpu(void)
{
    return cpu;
}

/* Addresses of the build machine do not fit into 32 bits; the device is given tokens. */
hpa_t port_hpa(const void *p)
{
    return (hpa_t){p == &q.prd ? 0x1000u : p == q.bounce ? 0x2000u : ~0ull};
}

void *port_map(hpa_t at)
{
    assert_int_equal(at.v, FAR);
    return far_page;
}

void ata_aim(unsigned to)
{
    assert_int_equal(dev.command, 0); /* nothing is under way */
    assert_true(spin_held(&q.lock));
    aims[aim_count++] = to;
}

static u8 in8(u16 port)
{
    switch (port) {
    case MASTER + ATA_BM_STATUS:
        return dev.master_status;
    case COMMAND + ATA_STATUS:
        dev.irq_reads++;
        return dev.status;
    case COMMAND + ATA_ERROR:
        return dev.error;
    }
    fail_msg("read of port 0x%x", port);
    return 0;
}

static void out8(u16 port, u8 v)
{
    switch (port) {
    case MASTER + ATA_BM_COMMAND:
        if (v & ATA_BM_START) {
            assert_int_not_equal(dev.command, 0); /* the command comes first */
            dev.starts++;
        }
        dev.master_command = v;
        return;
    case MASTER + ATA_BM_STATUS:
        dev.master_status &= (u8)~v;
        return;
    case COMMAND + ATA_COMMAND:
        assert_int_equal(dev.command, 0); /* one at a time */
        assert_false(dev.master_status & ATA_BM_STATUS_IRQ);
        assert_false(dev.master_command & ATA_BM_START);
        dev.command = v;
        dev.commands++;
        return;
    }
    assert_in_range(port, COMMAND + ATA_COUNT, COMMAND + ATA_LBA_16);
    dev.reg[port - COMMAND][0] = dev.reg[port - COMMAND][1];
    dev.reg[port - COMMAND][1] = v;
}

static void out32(u16 port, u32 v)
{
    assert_int_equal(port, MASTER + ATA_BM_TABLE);
    dev.table = v;
}

static u64 device_lba(void)
{
    u64 lba = 0;

    for (unsigned i = 0; i < 2; i++)
        for (unsigned r = 0; r < 3; r++)
            lba |= (u64)dev.reg[ATA_LBA_0 + r][1 - i] << (24 * i + 8 * r);
    return lba;
}

static void device_ends(u8 status, u8 error, u8 master)
{
    assert_int_not_equal(dev.command, 0);
    dev.command = 0;
    dev.status = status;
    dev.error = error;
    dev.master_status |= ATA_BM_STATUS_IRQ | master;
}

static int setup(void **state)
{
    (void)state;
    memset(&q, 0, sizeof(q));
    memset(&dev, 0, sizeof(dev));
    q.at = (struct ata_place){.command = COMMAND, .control = CONTROL, .bus_master = MASTER};
    cpu = aim_count = 0;
    now = 1000;
    return 0;
}

struct outcome {
    unsigned calls;
    int status;
    u64 order;
};

static u64 calls;

static void note(void *who, int status)
{
    struct outcome *o = who;

    assert_false(spin_held(&q.lock));
    o->calls++;
    o->status = status;
    o->order = ++calls;
}

static struct ata_request request(enum store_op op, u64 lba, struct outcome *o)
{
    return (struct ata_request){
        .op = op, .blocks = 8, .lba = lba, .page = {lba << 12}, .done = note, .who = o, .cpu = cpu};
}

static void tells_the_device_all(void **state)
{
    struct outcome o = {0};
    struct ata_request r = request(STORE_READ, 0x123456789abc, &o);

    (void)state;
    r.page.v = 0x7654000;
    r.blocks = 3;
    assert_int_equal(ata_queue_submit(&q, &r), 0);
    assert_int_equal(dev.command, ATA_READ_DMA_EXT);
    assert_true(device_lba() == 0x123456789abc);
    assert_int_equal(dev.reg[ATA_COUNT][0] << 8 | dev.reg[ATA_COUNT][1], 3);
    assert_int_equal(dev.table, 0x1000);
    assert_int_equal(q.prd.address, 0x7654000);
    assert_int_equal(q.prd.bytes, 3 * ATA_BLOCK);
    assert_int_equal(q.prd.flags, ATA_PRD_LAST);
    assert_int_equal(dev.master_command, ATA_BM_TO_MEMORY | ATA_BM_START);
    assert_int_equal(ata_queue_poll(&q, true), 0);
    assert_int_equal(dev.irq_reads, 0); /* nothing may end an interrupt that is still to come */
    device_ends(0x50, 0, 0);
    assert_int_equal(ata_queue_poll(&q, true), 1);
    assert_int_equal(o.calls, 1);
    assert_int_equal(o.status, 0);
    assert_int_equal(dev.master_command, 0);
    assert_int_equal(dev.irq_reads, 1);
    r.op = STORE_WRITE;
    assert_int_equal(ata_queue_submit(&q, &r), 0);
    assert_int_equal(dev.command, ATA_WRITE_DMA_EXT);
    assert_int_equal(dev.master_command, ATA_BM_START);
    device_ends(0x50, 0, 0);
    assert_int_equal(ata_queue_poll(&q, true), 1);
    assert_int_equal(o.calls, 2);
}

static void one_after_the_other(void **state)
{
    struct outcome o[ATA_DEPTH] = {0};

    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        struct ata_request extra = request(STORE_READ, 1, &o[0]);

        for (unsigned i = 0; i < ATA_DEPTH; i++) {
            struct ata_request r = request(i & 1 ? STORE_WRITE : STORE_READ, i, &o[i]);

            assert_int_equal(ata_queue_submit(&q, &r), 0);
        }
        assert_int_equal(ata_queue_submit(&q, &extra), -1);
        for (unsigned i = 0; i < ATA_DEPTH; i++) {
            assert_true(device_lba() == i);
            assert_int_equal(dev.command, i & 1 ? ATA_WRITE_DMA_EXT : ATA_READ_DMA_EXT);
            assert_int_equal(q.prd.address, i << 12);
            device_ends(0x50, 0, 0);
            assert_int_equal(ata_queue_poll(&q, true), 1);
            assert_int_equal(o[i].calls, round + 1);
            assert_true(o[i].order == calls);
        }
        assert_int_equal(dev.command, 0);
    }
    assert_int_equal(dev.commands, 3 * ATA_DEPTH);
    assert_int_equal(dev.starts, 3 * ATA_DEPTH);
}

static void errors_are_told(void **state)
{
    static const struct {
        u8 status, error, master;
        int want;
    } rows[] = {
        {0x51, 0x40, 0, 0x045140},    /* ERR: uncorrectable data */
        {0x70, 0, 0, 0x047000},       /* DF */
        {0x50, 0, 0x02, 0x065000},    /* the bus master met an error */
        {0xd0, 0, 0, 0x04d000},       /* busy: the device left its command */
        {0x58, 0x04, 0x01, 0x055804}, /* wants more data than it was asked for */
        {0x50, 0x04, 0x01, 0},        /* the error register means nothing without ERR */
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct outcome bad = {0}, good = {0};
        struct ata_request r = request(STORE_READ, 7, &bad), next = request(STORE_WRITE, 8, &good);

        dev.master_status = 0;
        assert_int_equal(ata_queue_submit(&q, &r), 0);
        assert_int_equal(ata_queue_submit(&q, &next), 0);
        device_ends(rows[i].status, rows[i].error, rows[i].master);
        assert_int_equal(ata_queue_poll(&q, true), 1);
        assert_int_equal(bad.status, rows[i].want);
        /* The next one is under way, and its end is its own. */
        assert_int_equal(dev.command, ATA_WRITE_DMA_EXT);
        dev.master_status &= (u8)~0x01;
        device_ends(0x50, 0, 0);
        assert_int_equal(ata_queue_poll(&q, true), 1);
        assert_int_equal(good.status, 0);
    }
}

/* A page beyond 4 GiB goes by way of one that the device reaches. */
static void far_pages(void **state)
{
    struct outcome o = {0};
    struct ata_request r = request(STORE_WRITE, 3, &o);

    (void)state;
    r.page.v = FAR;
    memset(far_page, 0x5a, sizeof(far_page));
    assert_int_equal(ata_queue_submit(&q, &r), 0);
    assert_int_equal(q.prd.address, 0x2000);
    assert_memory_equal(q.bounce, far_page, PAGE_SIZE);
    device_ends(0x50, 0, 0);
    assert_int_equal(ata_queue_poll(&q, true), 1);

    r.op = STORE_READ;
    r.blocks = 2;
    assert_int_equal(ata_queue_submit(&q, &r), 0);
    memset(q.bounce, 0xa5, sizeof(q.bounce));
    memset(bounce_copy, 0xa5, sizeof(bounce_copy));
    device_ends(0x51, 0x40, 0);
    assert_int_equal(ata_queue_poll(&q, true), 1);
    assert_int_equal(far_page[0], 0x5a); /* what failed changes nothing */
    assert_int_equal(ata_queue_submit(&q, &r), 0);
    assert_int_equal(ata_queue_submit(&q, &(struct ata_request){STORE_WRITE, 8, 1, {FAR}, note, &o, 0}), 0);
    device_ends(0x50, 0, 0);
    assert_int_equal(ata_queue_poll(&q, true),
                     1); /* the next one, which wants the same bounce page, has begun */
    assert_memory_equal(far_page, bounce_copy, 2 * ATA_BLOCK);
    assert_int_equal(far_page[2 * ATA_BLOCK], 0x5a);
    assert_int_equal(q.bounce[2 * ATA_BLOCK], 0x5a);
}

/* The interrupt follows the CPU that asked, and moves only between two commands (ata_aim() sees to that). */
static void interrupts_go_to_who_asked(void **state)
{
    static const unsigned who[] = {0, 1, 1, 0};
    struct outcome o = {0};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(who); i++) {
        struct ata_request r;

        cpu = who[i];
        r = request(STORE_READ, i, &o);
        assert_int_equal(ata_queue_submit(&q, &r), 0);
    }
    cpu = 3;
    for (unsigned i = 0; i < ARRAY_SIZE(who); i++) {
        device_ends(0x50, 0, 0);
        assert_int_equal(ata_queue_poll(&q, true), 1); /* any CPU may look */
    }
    assert_int_equal(aim_count, 2);
    assert_int_equal(aims[0], 1);
    assert_int_equal(aims[1], 0);
    assert_int_equal(o.calls, 4);
}

static void submit_more(void *who, int status)
{
    struct ata_request r = request(STORE_READ, 9, who);

    note(who, status);
    r.done = submit_more;
    assert_int_equal(ata_queue_submit(&q, &r), 0);
}

static void done_may_submit(void **state)
{
    struct outcome o = {0};
    struct ata_request r = request(STORE_READ, 9, &o);

    (void)state;
    r.done = submit_more;
    for (unsigned i = 0; i < ATA_DEPTH; i++)
        assert_int_equal(ata_queue_submit(&q, &r), 0);
    for (unsigned i = 0; i < 2 * ATA_DEPTH; i++) {
        device_ends(0x50, 0, 0);
        assert_int_equal(ata_queue_poll(&q, true), 1);
    }
    assert_int_equal(o.calls, 2 * ATA_DEPTH);
    assert_int_equal(q.count, ATA_DEPTH);
}

/* An interrupt bit without a command, such as the one an earlier program left, ends nothing. */
static void silent_while_idle(void **state)
{
    struct outcome o = {0};
    struct ata_request r = request(STORE_READ, 1, &o);

    (void)state;
    dev.master_status = ATA_BM_STATUS_IRQ;
    assert_int_equal(ata_queue_poll(&q, true), 0);
    assert_int_equal(ata_queue_submit(&q, &r), 0); /* which clears it: out8() looks */
    assert_int_equal(ata_queue_poll(&q, true), 0);
    assert_int_equal(o.calls, 0);
}

/* Who is told nothing looks, but seldom. */
static void looks_now_and_then(void **state)
{
    struct outcome o = {0};
    struct ata_request r = request(STORE_READ, 1, &o);

    (void)state;
    assert_int_equal(ata_queue_submit(&q, &r), 0);
    assert_int_equal(ata_queue_poll(&q, false), 0);
    device_ends(0x50, 0, 0);
    now += ATA_LOOK_NS - 1;
    assert_int_equal(ata_queue_poll(&q, false), 0);
    now++;
    assert_int_equal(ata_queue_poll(&q, false), 1);
    assert_int_equal(o.calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(tells_the_device_all, setup),
        cmocka_unit_test_setup(one_after_the_other, setup),
        cmocka_unit_test_setup(errors_are_told, setup),
        cmocka_unit_test_setup(far_pages, setup),
        cmocka_unit_test_setup(interrupts_go_to_who_asked, setup),
        cmocka_unit_test_setup(done_may_submit, setup),
        cmocka_unit_test_setup(silent_while_idle, setup),
        cmocka_unit_test_setup(looks_now_and_then, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
