/* SPDX-License-Identifier: BSD-2-Clause */
/* ata_queue.c: give the disk one command after the other and collect how each ended (ATA8-ACS 4.10, SFF-8038i 3). */
#include "ata_queue.h"
#include "cpu.h"
#include "lib/str.h"
#include "port.h"

static bool reachable(hpa_t page)
{
    return page.v < 4 * GiB;
}

/* Both bytes of each register that a 48-bit command takes. */
static void write_address(const struct ata_place *at, u64 lba, u32 blocks)
{
    out8(at->command + ATA_COUNT, (u8)(blocks >> 8));
    out8(at->command + ATA_LBA_0, (u8)(lba >> 24));
    out8(at->command + ATA_LBA_8, (u8)(lba >> 32));
    out8(at->command + ATA_LBA_16, (u8)(lba >> 40));
    out8(at->command + ATA_COUNT, (u8)blocks);
    out8(at->command + ATA_LBA_0, (u8)lba);
    out8(at->command + ATA_LBA_8, (u8)(lba >> 8));
    out8(at->command + ATA_LBA_16, (u8)(lba >> 16));
}

/* The head of the queue goes to the device, which is idle. */
static void start(struct ata_queue *q)
{
    const struct ata_request *r = &q->request[q->head];
    const struct ata_place *at = &q->at;
    u8 direction = r->op == STORE_READ ? ATA_BM_TO_MEMORY : 0;
    hpa_t to = reachable(r->page) ? r->page : port_hpa(q->bounce);

    if (q->aimed != r->cpu) {
        ata_aim(r->cpu); /* nothing is under way: the line is quiet */
        q->aimed = r->cpu;
    }
    if (r->op == STORE_WRITE && !reachable(r->page))
        memcpy(q->bounce, port_map(r->page), r->blocks * ATA_BLOCK);
    q->prd = (struct ata_prd){(u32)to.v, (u16)(r->blocks * ATA_BLOCK), ATA_PRD_LAST};
    out32(at->bus_master + ATA_BM_TABLE, (u32)port_hpa(&q->prd).v);
    out8(at->bus_master + ATA_BM_COMMAND, direction);
    out8(at->bus_master + ATA_BM_STATUS, ATA_BM_STATUS_IRQ | ATA_BM_STATUS_ERR);
    write_address(at, r->lba, r->blocks);
    out8(at->command + ATA_COMMAND, r->op == STORE_READ ? ATA_READ_DMA_EXT : ATA_WRITE_DMA_EXT);
    out8(at->bus_master + ATA_BM_COMMAND, direction | ATA_BM_START);
}

/* The device has ended its command: 0, or error register, status and bus master's status as one number. */
static int finish(struct ata_queue *q, const struct ata_request *r, u8 master)
{
    const struct ata_place *at = &q->at;
    u8 status, error;

    out8(at->bus_master + ATA_BM_COMMAND, 0);
    status = in8(at->command + ATA_STATUS);
    if (status & (ATA_STATUS_ERR | ATA_STATUS_DF | ATA_STATUS_BSY | ATA_STATUS_DRQ) ||
        master & ATA_BM_STATUS_ERR) {
        error = in8(at->command + ATA_ERROR);
        return master << 16 | status << 8 | error;
    }
    if (r->op == STORE_READ && !reachable(r->page))
        memcpy(port_map(r->page), q->bounce, r->blocks * ATA_BLOCK);
    return 0;
}

int ata_queue_submit(struct ata_queue *q, const struct ata_request *r)
{
    int full = 0;

    spin_lock(&q->lock);
    if (q->count == ATA_DEPTH) {
        full = -1;
    } else {
        q->request[(q->head + q->count) % ATA_DEPTH] = *r;
        at_store(&q->count, q->count + 1);
        if (q->count == 1)
            start(q);
    }
    spin_unlock(&q->lock);
    return full;
}

/* Takes the head off the queue, if the device is through with it. */
static bool take(struct ata_queue *q, struct ata_request *r, int *status)
{
    u8 master = q->count ? in8(q->at.bus_master + ATA_BM_STATUS) : 0;

    if (!(master & ATA_BM_STATUS_IRQ))
        return false;
    *r = q->request[q->head];
    *status = finish(q, r, master);
    q->head = (q->head + 1) % ATA_DEPTH;
    at_store(&q->count, q->count - 1);
    if (q->count)
        start(q);
    return true;
}

static bool time_to_look(struct ata_queue *q)
{
    u64 now = port_now();

    if (now < at_load(&q->look))
        return false;
    at_store(&q->look, now + ATA_LOOK_NS);
    return true;
}

unsigned ata_queue_poll(struct ata_queue *q, bool told)
{
    struct ata_request r;
    unsigned n = 0;
    bool taken;
    int status;

    if (!at_load(&q->count) || (!told && !time_to_look(q)))
        return 0;
    /* At most one round: `done` may submit, and the device may be faster than we are. */
    while (n < ATA_DEPTH && at_load(&q->count)) {
        spin_lock(&q->lock);
        taken = take(q, &r, &status);
        spin_unlock(&q->lock);
        if (!taken)
            break;
        n++;
        r.done(r.who, status);
    }
    return n;
}
