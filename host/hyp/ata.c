/* SPDX-License-Identifier: BSD-2-Clause */
/* ata.c: look for a disk among the four places of a PIIX3, and have its interrupts sent to us. */
#include "ata.h"
#include "ata_queue.h"
#include "boot.h"
#include "cpu.h"
#include "ioapic.h"
#include "pci.h"
#include "percpu.h"
#include "port.h"
#include "smp.h"
#include "trap.h"

#define CHANNELS    2
#define IDENTIFY_NS 5000000000ull
#define SETTLE      4 /* reads of the status after a device was selected: 400 ns, after which it is true */

static const struct ata_place channel[CHANNELS] = {{.command = 0x1f0, .control = 0x3f6},
                                                   {.command = 0x170, .control = 0x376}};
static const u8 isa_irq[CHANNELS] = {14, 15};

static struct acpi_irq irq[CHANNELS];
static bool irq_known[CHANNELS];
static const struct acpi_irq *used; /* of the disk's channel */
static struct ata_queue queue;

void ata_find_irqs(const struct boot_info *b)
{
    for (unsigned i = 0; i < CHANNELS; i++)
        irq_known[i] = acpi_isa_irq(&boot_low, b->rsdp, isa_irq[i], &irq[i]);
}

void ata_aim(unsigned cpu)
{
    ioapic_aim(used, percpu_apic_id(cpu));
}

static u8 settled_status(const struct ata_place *at)
{
    u8 status = 0;

    for (unsigned i = 0; i < SETTLE; i++)
        status = in8(at->control);
    return status;
}

/* Waits for a device that is there; one that is not leaves the lines low, or high. */
static bool wait_data(const struct ata_place *at)
{
    u64 end = port_now() + IDENTIFY_NS;
    u8 status = settled_status(at);

    if (!status || status == 0xff)
        return false;
    while (status & ATA_STATUS_BSY && port_now() < end) {
        at_relax();
        status = in8(at->control);
    }
    return !(status & (ATA_STATUS_BSY | ATA_STATUS_ERR)) && status & ATA_STATUS_DRQ;
}

/* A CD drive refuses this command, an empty place does not answer. Leaves the device selected, its interrupt off. */
static bool identify(const struct ata_place *at, u16 id[ATA_ID_WORDS])
{
    out8(at->control, ATA_CONTROL_NIEN);
    out8(at->command + ATA_DEVICE, ATA_DEVICE_OLD | ATA_DEVICE_LBA | (at->slave ? ATA_DEVICE_SLAVE : 0));
    settled_status(at);
    out8(at->command + ATA_COMMAND, ATA_IDENTIFY);
    if (!wait_data(at))
        return false;
    for (unsigned i = 0; i < ATA_ID_WORDS; i++)
        id[i] = in16(at->command + ATA_DATA);
    (void)in8(at->command + ATA_STATUS);
    return true;
}

/* The number of the channel with the first disk, -1: none. */
static int find(u16 bus_master, u16 id[ATA_ID_WORDS])
{
    for (unsigned i = 0; i < 2 * CHANNELS; i++) {
        queue.at = channel[i / 2];
        queue.at.bus_master = (u16)(bus_master + i / 2 * ATA_BM_CHANNEL);
        queue.at.slave = i & 1;
        if (identify(&queue.at, id))
            return (int)(i / 2);
    }
    return -1;
}

static int submit(enum store_op op, u64 lba, u32 n, hpa_t page, disk_done *done, void *who)
{
    const struct ata_request r = {
        .op = op, .blocks = n, .lba = lba, .page = page, .done = done, .who = who, .cpu = port_cpu()};

    return ata_queue_submit(&queue, &r);
}

static unsigned poll(void)
{
    static u64 seen[CPU_MAX]; /* each CPU has its own */
    struct cpu *c = this_cpu();
    bool told = c->store_irqs != seen[c->id];

    seen[c->id] = c->store_irqs;
    return ata_queue_poll(&queue, told);
}

static enum ata_error understand(const u16 id[ATA_ID_WORDS], struct disk *d)
{
    u16 sets = id[ATA_ID_SETS], sector = id[ATA_ID_SECTOR];

    if (!(id[ATA_ID_CAPS] & ATA_ID_CAPS_DMA) || !ATA_ID_VALID(sets) || !(sets & ATA_ID_SETS_LBA48))
        return ATA_OLD;
    if (ATA_ID_VALID(sector) && sector & ATA_ID_SECTOR_LONG)
        return ATA_SECTORS;
    *d = (struct disk){.name = "ata", .block_shift = ATA_BLOCK_SHIFT, .submit = submit, .poll = poll};
    for (unsigned i = 0; i < 4; i++)
        d->blocks |= (u64)id[ATA_ID_BLOCKS + i] << 16 * i;
    return ATA_OK;
}

enum ata_error ata_init(struct disk *d)
{
    u16 id[ATA_ID_WORDS], bus_master;
    struct pci_device p;
    enum ata_error e;
    int at;

    if (!pci_find(ATA_PCI_CLASS, &p))
        return ATA_ABSENT;
    if (!pci_bar_io(&p, ATA_PCI_BAR, &bus_master))
        return ATA_PORTS;
    at = find(bus_master, id);
    if (at < 0)
        return ATA_ABSENT;
    e = understand(id, d);
    if (e)
        return e;
    if (!irq_known[at] || !ioapic_init(&irq[at]))
        return ATA_IRQ;
    used = &irq[at];
    queue.aimed = port_cpu();
    ioapic_route(used, percpu_apic_id(queue.aimed), VEC_STORE);
    pci_enable(&p);
    out8(queue.at.control, 0); /* interrupts on */
    return ATA_OK;
}

const char *ata_strerror(enum ata_error e)
{
    switch (e) {
    case ATA_OK:
        return "no error";
    case ATA_ABSENT:
        return "no disk on a bus master IDE controller";
    case ATA_PORTS:
        return "the controller's bus master has no ports";
    case ATA_OLD:
        return "the disk has no DMA, or no 48-bit addresses";
    case ATA_SECTORS:
        return "the disk's blocks are not of 512 bytes";
    case ATA_IRQ:
        return "its interrupt leads to no I/O APIC that the ACPI tables name";
    }
    return "unknown error";
}
