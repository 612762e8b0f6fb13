/* SPDX-License-Identifier: BSD-2-Clause */
/* nvme.c: bring the NVMe controller up and give each CPU its queue pair (NVM Express 1.4, 7.6.1). */
#include "nvme.h"
#include "lib/atomic.h"
#include "pci.h"
#include "percpu.h"
#include "pmap.h"
#include "port.h"
#include "trap.h"

#define ADMIN_DEPTH     16u
#define IO_DEPTH        1024u
#define COMMAND_NS      5000000000ull
#define BLOCK_SHIFT_512 9
#define BLOCK_SHIFT_4K  12

static volatile u8 *regs;
static u32 stride, depth;
static struct nvme_queue admin, queue[CPU_MAX];

static u32 reg_read(u32 at)
{
    return *(volatile u32 *)(regs + at);
}

static void reg_write(u32 at, u32 v)
{
    *(volatile u32 *)(regs + at) = v;
}

static void reg_write64(u32 at, u64 v)
{
    reg_write(at, (u32)v);
    reg_write(at + 4, (u32)(v >> 32));
}

static u64 reg_read64(u32 at)
{
    return reg_read(at) | (u64)reg_read(at + 4) << 32;
}

static enum nvme_error wait_ready(u32 ready, u64 ns)
{
    u64 end = port_now() + ns;

    for (;;) {
        u32 csts = reg_read(NVME_CSTS);

        if (csts & CSTS_FATAL)
            return NVME_FATAL;
        if ((csts & CSTS_READY) == ready)
            return NVME_OK;
        if (port_now() > end)
            return NVME_TIMEOUT;
        at_relax();
    }
}

struct wait {
    bool over;
    int status;
};

static void wait_done(void *who, int status)
{
    *(struct wait *)who = (struct wait){true, status};
}

static enum nvme_error admin_command(const struct nvme_command *c)
{
    /* Static: an answer after the time-out must not find a stack that is gone. */
    static struct wait w;
    u64 end = port_now() + COMMAND_NS;

    w.over = false;
    if (nvme_queue_submit(&admin, c, wait_done, &w))
        return NVME_REJECTED;
    while (!w.over) {
        nvme_queue_poll(&admin);
        if (port_now() > end)
            return NVME_TIMEOUT;
        at_relax();
    }
    return w.status ? NVME_REJECTED : NVME_OK;
}

static enum nvme_error map_registers(const struct pci_device *d)
{
    u64 cap, bytes;
    hpa_t bar;

    if (!pci_bar(d, 0, &bar, &bytes) || bytes < NVME_DOORBELLS || !pmap_mmio(bar, bytes))
        return NVME_BAR;
    pci_enable(d);
    regs = port_map(bar);
    cap = reg_read64(NVME_CAP);
    if (CAP_MPSMIN(cap))
        return NVME_PAGE;
    stride = CAP_STRIDE(cap);
    depth = MIN(IO_DEPTH, CAP_MQES(cap));
    return NVME_DOORBELLS + 2 * (CPU_MAX + 1) * (u64)stride <= bytes ? NVME_OK : NVME_BAR;
}

static enum nvme_error enable(void)
{
    u64 timeout = CAP_TIMEOUT_NS(reg_read64(NVME_CAP));
    enum nvme_error e;

    reg_write(NVME_CC, reg_read(NVME_CC) & ~CC_ENABLE);
    e = wait_ready(0, timeout);
    if (e)
        return e;
    if (!nvme_queue_init(&admin, regs, stride, 0, ADMIN_DEPTH))
        return NVME_MEMORY;
    reg_write(NVME_AQA, (ADMIN_DEPTH - 1) << 16 | (ADMIN_DEPTH - 1));
    reg_write64(NVME_ASQ, port_hpa(admin.sq).v);
    reg_write64(NVME_ACQ, port_hpa((const void *)admin.cq).v);
    reg_write(NVME_CC, CC_ENTRY_SIZES | CC_ENABLE);
    return wait_ready(CSTS_READY, timeout);
}

static int submit(enum store_op op, u64 lba, u32 n, hpa_t page, disk_done *done, void *who)
{
    struct nvme_command c = {.opcode = op == STORE_READ ? NVME_READ : NVME_WRITE,
                             .nsid = NVME_NAMESPACE,
                             .prp1 = page.v,
                             .dw10 = (u32)lba,
                             .dw11 = (u32)(lba >> 32),
                             .dw12 = n - 1};

    return nvme_queue_submit(&queue[port_cpu()], &c, done, who);
}

static unsigned poll(void)
{
    return nvme_queue_poll(&queue[port_cpu()]);
}

static enum nvme_error identify(struct disk *d)
{
    struct nvme_command c = {
        .opcode = NVME_IDENTIFY, .nsid = NVME_NAMESPACE, .dw10 = NVME_IDENTIFY_NAMESPACE};
    const struct nvme_namespace *n = port_zalloc(PAGE_SIZE);
    enum nvme_error e;
    u32 format;

    if (!n)
        return NVME_MEMORY;
    c.prp1 = port_hpa(n).v;
    e = admin_command(&c);
    if (e)
        return e; /* the page stays the device's */
    format = n->formats[n->format & 0xf];
    *d = (struct disk){.name = "nvme",
                       .block_shift = format >> 16 & 0x1f,
                       .blocks = n->blocks,
                       .submit = submit,
                       .poll = poll};
    port_zfree((void *)n, PAGE_SIZE);
    if ((d->block_shift != BLOCK_SHIFT_512 && d->block_shift != BLOCK_SHIFT_4K) || format & 0xffff)
        return NVME_FORMAT;
    return NVME_OK;
}

static enum nvme_error create_queues(struct pci_msix *m)
{
    u32 n = percpu_count();
    struct nvme_command c = {
        .opcode = NVME_SET_FEATURES, .dw10 = NVME_FEATURE_QUEUES, .dw11 = (n - 1) << 16 | (n - 1)};
    enum nvme_error e = admin_command(&c);

    if (e)
        return e;
    if ((admin.result & 0xffff) + 1 < n || (admin.result >> 16) + 1 < n)
        return NVME_QUEUES;
    for (u32 i = 0; i < n; i++) {
        u32 id = i + 1; /* 0 is the admin queue, in the interrupt table too */

        if (!nvme_queue_init(&queue[i], regs, stride, id, depth))
            return NVME_MEMORY;
        pci_msix_route(m, id, percpu_apic_id(i), VEC_STORE);
        c = (struct nvme_command){.opcode = NVME_CREATE_CQ,
                                  .prp1 = port_hpa((const void *)queue[i].cq).v,
                                  .dw10 = (depth - 1) << 16 | id,
                                  .dw11 = id << 16 | NVME_QUEUE_INTERRUPTS | NVME_QUEUE_CONTIGUOUS};
        e = admin_command(&c);
        if (e)
            return e;
        c = (struct nvme_command){.opcode = NVME_CREATE_SQ,
                                  .prp1 = port_hpa(queue[i].sq).v,
                                  .dw10 = (depth - 1) << 16 | id,
                                  .dw11 = id << 16 | NVME_QUEUE_CONTIGUOUS};
        e = admin_command(&c);
        if (e)
            return e;
    }
    return NVME_OK;
}

enum nvme_error nvme_init(struct disk *d)
{
    struct pci_device p;
    struct pci_msix m;
    enum nvme_error e;

    if (!pci_find(NVME_CLASS, &p))
        return NVME_ABSENT;
    e = map_registers(&p);
    if (e)
        return e;
    if (!pci_msix_init(&p, &m) || m.vectors <= percpu_count())
        return NVME_MSIX;
    pci_msix_enable(&p, &m);
    e = enable();
    if (!e)
        e = identify(d);
    return e ? e : create_queues(&m);
}

const char *nvme_strerror(enum nvme_error e)
{
    switch (e) {
    case NVME_OK:
        return "no error";
    case NVME_ABSENT:
        return "the machine has no NVMe disk";
    case NVME_BAR:
        return "its registers cannot be mapped";
    case NVME_MSIX:
        return "it has too few MSI-X interrupts";
    case NVME_PAGE:
        return "it does not work with 4 KiB pages";
    case NVME_TIMEOUT:
        return "it does not answer in time";
    case NVME_FATAL:
        return "it reports a fatal controller error";
    case NVME_REJECTED:
        return "it refused a set-up command";
    case NVME_QUEUES:
        return "it has fewer queues than the machine CPUs";
    case NVME_FORMAT:
        return "its blocks are neither 512 nor 4096 bytes without metadata";
    case NVME_MEMORY:
        return "not enough memory for its queues";
    }
    return "unknown error";
}
