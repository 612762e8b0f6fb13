/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nvme.h: the machine's NVMe disk: brought up once, then used by every CPU through a queue pair of its own.
 *
 * A completion interrupts the CPU that submitted, which leaves its guest or its sleep and finds it by nvme_poll().
 */
#pragma once
#include "nvme_queue.h"

enum nvme_error {
    NVME_OK,
    NVME_ABSENT,   /* no device of the class */
    NVME_BAR,      /* its registers are not mappable */
    NVME_MSIX,     /* fewer interrupts than CPUs */
    NVME_PAGE,     /* does not work with 4 KiB pages */
    NVME_TIMEOUT,  /* did not become ready, or did not answer a set-up command */
    NVME_FATAL,    /* reports a fatal controller error */
    NVME_REJECTED, /* refused a set-up command */
    NVME_QUEUES,   /* fewer queues than CPUs */
    NVME_FORMAT,   /* the block size is neither 512 nor 4096 bytes, or has metadata */
    NVME_MEMORY,
};

/* Once, after all CPUs are started, on the CPU that booted. `done` of its requests is called where they were made. */
enum nvme_error nvme_init(struct disk *d) must_check;
const char *nvme_strerror(enum nvme_error e);
