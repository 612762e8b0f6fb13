/* SPDX-License-Identifier: BSD-2-Clause */
/* boot.c: read the boot information by the protocol that brought us here. */
#include "boot.h"
#include "abi/multiboot2.h"
#include "fail.h"
#include "lib/mb2.h"
#include "lib/pvh.h"

const struct boot_window boot_low = {.base = 0, .bytes = 4 * GiB};

static struct boot_info info;

const struct boot_info *boot_read(u32 magic, u32 at)
{
    bool multiboot = magic == MB2_BOOT_MAGIC;
    enum boot_error e = multiboot ? mb2_read(&boot_low, at, &info) : pvh_read(&boot_low, at, &info);

    if (e)
        hyp_fail(VM_STATUS_MACHINE, "%s boot information: %s", multiboot ? "multiboot2" : "PVH",
                 boot_strerror(e));
    return &info;
}
