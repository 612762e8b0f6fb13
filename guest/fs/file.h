/* SPDX-License-Identifier: BSD-2-Clause */
/* file.h: open files: what descriptors stand for. Several descriptors may stand for the same one. */
#pragma once
#include "tree.h"

struct file {
    struct node *node;
    u32 flags;       /* FS_READ, FS_WRITE, FS_APPEND */
    u32 users;       /* descriptors, and calls that are at work on it; under the table's lock */
    u64 offset;      /* under the node's lock; of a directory: the place of the next name */
    struct name *at; /* a directory: the name of that place, if as many names have gone as before */
    u64 removals;
};

/* NULL if fd is not open. file_done() ends the use. */
struct file *file_use(int fd);
void file_done(struct file *f);

/* ---- device.c ---- */

s64 device_read(enum fs_device device, void *buf, size_t n);
s64 device_write(enum fs_device device, const void *buf, size_t n);
