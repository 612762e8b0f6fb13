/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gpt.h: find a partition by its name in a GUID partition table (UEFI 2.x, chapter 5).
 *
 * The disk is read block by block through a callback. Header and entries must match their checksums; when those at the
 * start of the disk do not, the copy at its end is used.
 */
#pragma once
#include "lib/types.h"

#define GPT_BLOCK_MAX 4096

struct gpt_disk {
    u64 blocks;
    u32 block_size; /* 512 or 4096 */
    void *context;
    bool (*read)(void *context, u64 lba, void *to); /* one block; false: the device failed */
};

struct gpt_partition {
    u64 first, blocks; /* LBA */
};

enum gpt_error {
    GPT_OK,
    GPT_READ,     /* the disk could not be read */
    GPT_NO_TABLE, /* neither header is valid */
    GPT_NO_NAME,  /* no partition has this name */
    GPT_RANGE,    /* the partition reaches beyond the disk */
};

enum gpt_error gpt_find(const struct gpt_disk *d, const char *name, struct gpt_partition *out) must_check;
const char *gpt_strerror(enum gpt_error e);
