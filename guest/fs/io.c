/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io.c: the bytes of open files. What lies in a module is copied with no lock held, so that readers wait for absent
 * pages side by side; a file that a program made is locked while it is read or written, and by nobody but its users.
 */
#include "file.h"
#include "lib/str.h"

static s64 not_a_file(const struct node *n)
{
    return n->type == FS_DIR ? -E_ISDIR : -E_INVAL;
}

static s64 read_fixed(const struct node *n, void *buf, size_t bytes, u64 offset)
{
    if (offset >= n->data.bytes)
        return 0;
    bytes = MIN(bytes, n->data.bytes - offset);
    memcpy(buf, n->data.at + offset, bytes);
    return (s64)bytes;
}

/* At the file's own offset, which moves on. */
static s64 read_on(struct file *f, void *buf, size_t bytes)
{
    struct node *n = f->node;
    u64 offset;

    mutex_lock(&n->lock);
    offset = f->offset;
    if (n->fixed)
        bytes = offset < n->data.bytes ? MIN(bytes, n->data.bytes - offset) : 0;
    else
        bytes = pages_read(&n->pages, buf, bytes, offset);
    f->offset += bytes;
    mutex_unlock(&n->lock);
    return n->fixed ? read_fixed(n, buf, bytes, offset) : (s64)bytes;
}

s64 fs_read(int fd, void *buf, size_t n)
{
    struct file *f = file_use(fd);
    s64 result;

    if (!f)
        return -E_BADF;
    if (!(f->flags & FS_READ))
        result = -E_BADF;
    else if (f->node->type == FS_DEVICE)
        result = device_read(f->node->device, buf, n);
    else if (f->node->type == FS_FILE)
        result = read_on(f, buf, n);
    else
        result = not_a_file(f->node);
    file_done(f);
    return result;
}

s64 fs_pread(int fd, void *buf, size_t n, u64 offset)
{
    struct file *f = file_use(fd);
    s64 result;

    if (!f)
        return -E_BADF;
    if (!(f->flags & FS_READ)) {
        result = -E_BADF;
    } else if (f->node->type == FS_DEVICE) {
        result = f->node->device == FS_CONSOLE ? -E_SPIPE : device_read(f->node->device, buf, n);
    } else if (f->node->type != FS_FILE) {
        result = not_a_file(f->node);
    } else if (f->node->fixed) {
        result = read_fixed(f->node, buf, n, offset);
    } else {
        mutex_lock(&f->node->lock);
        result = (s64)pages_read(&f->node->pages, buf, n, offset);
        mutex_unlock(&f->node->lock);
    }
    file_done(f);
    return result;
}

/* At *offset, or where the file's own offset is; that moves on. */
static s64 write_at(struct file *f, const void *buf, size_t bytes, const u64 *offset)
{
    struct node *n = f->node;
    u64 at;
    s64 result;

    mutex_lock(&n->lock);
    at = f->flags & FS_APPEND ? n->pages.bytes : offset ? *offset : f->offset;
    result = pages_write(&n->pages, buf, bytes, at);
    if (result > 0)
        n->mtime_ns = fs_now();
    if (result > 0 && !offset)
        f->offset = at + (u64)result;
    mutex_unlock(&n->lock);
    return result;
}

/* What is fixed was not opened for writing, nor was a directory. */
static s64 write_to(int fd, const void *buf, size_t n, const u64 *offset)
{
    struct file *f = file_use(fd);
    s64 result;

    if (!f)
        return -E_BADF;
    if (!(f->flags & FS_WRITE))
        result = -E_BADF;
    else if (f->node->type != FS_DEVICE)
        result = write_at(f, buf, n, offset);
    else
        result = offset && f->node->device == FS_CONSOLE ? -E_SPIPE : device_write(f->node->device, buf, n);
    file_done(f);
    return result;
}

s64 fs_write(int fd, const void *buf, size_t n)
{
    return write_to(fd, buf, n, NULL);
}

s64 fs_pwrite(int fd, const void *buf, size_t n, u64 offset)
{
    return write_to(fd, buf, n, &offset);
}

int fs_truncate(int fd, u64 bytes)
{
    struct file *f = file_use(fd);
    int result = -E_INVAL;

    if (!f)
        return -E_BADF;
    if (f->flags & FS_WRITE && f->node->type == FS_FILE) {
        mutex_lock(&f->node->lock);
        result = pages_resize(&f->node->pages, bytes);
        f->node->mtime_ns = fs_now();
        mutex_unlock(&f->node->lock);
    }
    file_done(f);
    return result;
}

static s64 seek(struct file *f, s64 offset, enum fs_whence whence)
{
    struct node *n = f->node;
    s64 from = 0;

    switch (whence) {
    case FS_SET:
        break;
    case FS_CUR:
        from = (s64)f->offset;
        break;
    case FS_END:
        if (n->type == FS_DIR)
            return -E_INVAL;
        if (n->type == FS_FILE)
            from = (s64)(n->fixed ? n->data.bytes : n->pages.bytes);
        break;
    }
    if (__builtin_add_overflow(from, offset, &from) || from < 0)
        return -E_INVAL;
    f->offset = (u64)from;
    f->at = NULL;
    return from;
}

s64 fs_seek(int fd, s64 offset, enum fs_whence whence)
{
    struct file *f = file_use(fd);
    s64 result = -E_SPIPE;

    if (!f)
        return -E_BADF;
    if (f->node->type != FS_DEVICE || f->node->device != FS_CONSOLE) {
        mutex_lock(&f->node->lock);
        result = seek(f, offset, whence);
        mutex_unlock(&f->node->lock);
    }
    file_done(f);
    return result;
}

int fs_map(int fd, u64 offset, u64 bytes, const void **at)
{
    struct file *f = file_use(fd);
    int result = -E_NODEV;

    if (!f)
        return -E_BADF;
    if (!(f->flags & FS_READ)) {
        result = -E_ACCES;
    } else if (f->node->type == FS_FILE && f->node->fixed) {
        u64 end = ROUND_UP(f->node->data.bytes, PAGE_SIZE);
        uintptr_t start = (uintptr_t)f->node->data.at + offset;

        if (offset < end && bytes <= end - offset && start % PAGE_SIZE == 0) {
            *at = (const void *)start;
            result = 0;
        }
    }
    file_done(f);
    return result;
}
