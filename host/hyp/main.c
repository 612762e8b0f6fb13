/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: the host from the first C function to running guests. */
#include "args.h"
#include "ata.h"
#include "backend.h"
#include "boot.h"
#include "con.h"
#include "clock.h"
#include "fail.h"
#include "frames.h"
#include "launch.h"
#include "nvme.h"
#include "percpu.h"
#include "pmap.h"
#include "port.h"
#include "serial.h"
#include "store_disk.h"
#include "xapic.h"
#include "wall.h"

_Noreturn void hyp_main(u32 magic, u32 info);

/* From the loader's machine to ours: memory, protection, time, CPUs. The order is dictated by who needs what. */
static const struct boot_info *machine_up(u32 magic, u32 info)
{
    const struct boot_info *b;

    serial_init();
    percpu_init_boot_cpu();
    b = boot_read(magic, info);
    if (!xapic_init())
        hyp_fail(VM_STATUS_MACHINE, "no local APIC in xAPIC mode");
    percpu_find(b);
    ata_find_irqs(b);
    if (!frames_init(b))
        hyp_fail(VM_STATUS_MACHINE, "no memory left beside the image and the modules");
    if (!pmap_init(b) || !pmap_mmio(xapic_base(), PAGE_SIZE))
        hyp_fail(VM_STATUS_MACHINE, "no memory for page tables");
    xapic_init_cpu();
    if (!clock_init())
        hyp_fail(VM_STATUS_MACHINE, "the PIT does not count: time cannot be measured");
    wall_init();
    percpu_start();
    con_host("CPUs: %u, free memory: %lu MiB, TSC: %lu kHz", percpu_count(), frames_left() * PAGE_SIZE / MiB,
             clock_tsc_khz());
    return b;
}

/* An NVMe disk if there is one, else an IDE disk. */
static void disk_up(void)
{
    struct disk disk;
    enum nvme_error nvme = nvme_init(&disk);
    enum ata_error ata = nvme == NVME_ABSENT ? ata_init(&disk) : ATA_OK;

    if (ata == ATA_ABSENT)
        hyp_fail(VM_STATUS_MACHINE, "%s, and %s", nvme_strerror(nvme), ata_strerror(ata));
    if (ata)
        hyp_fail(VM_STATUS_MACHINE, "ata: %s", ata_strerror(ata));
    if (nvme && nvme != NVME_ABSENT)
        hyp_fail(VM_STATUS_MACHINE, "nvme: %s", nvme_strerror(nvme));
    con_host("%s: %lu blocks of %u bytes", disk.name, disk.blocks, 1u << disk.block_shift);
    store_disk(&disk);
}

static void virtualisation_up(const struct hyp_args *args)
{
    const char *why;

    if (!hw_setup(args->apicv, &why))
        hyp_fail(VM_STATUS_MACHINE, "no guests can run here: %s", why);
    con_host("guests run by %s", hw_describe());
}

void hyp_main(u32 magic, u32 info)
{
    static struct hyp_args args;
    const struct boot_info *b = machine_up(magic, info);

    hyp_args_read(b->cmdline, &args);
    virtualisation_up(&args);
    disk_up();
    launch(b, &args);
}
