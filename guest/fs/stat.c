/* SPDX-License-Identifier: BSD-2-Clause */
/* stat.c: what is known about files, and about where one is. */
#include "file.h"
#include "lib/str.h"

s64 fs_now(void)
{
    return (s64)(wall_start_ns() + time_ns());
}

/* Enters the tree; tree_leave() is due whatever the result. */
static int find(const char *path, bool follow, struct node **n)
{
    struct place p;
    int error;

    tree_enter();
    error = walk(path, follow, &p);
    *n = p.node;
    return error ? error : p.node ? 0 : -E_NOENT;
}

int fs_stat(const char *path, bool follow, struct fs_stat *st)
{
    struct node *n;
    int error = find(path, follow, &n);

    if (!error)
        node_stat(n, st);
    tree_leave();
    return error;
}

int fs_fstat(int fd, struct fs_stat *st)
{
    struct file *f = file_use(fd);

    if (!f)
        return -E_BADF;
    node_stat(f->node, st);
    file_done(f);
    return 0;
}

int fs_chmod(const char *path, u32 mode)
{
    struct node *n;
    int error = find(path, true, &n);

    if (!error && n->fixed)
        error = -E_ROFS;
    if (!error)
        n->mode = mode;
    tree_leave();
    return error;
}

int fs_fchmod(int fd, u32 mode)
{
    struct file *f = file_use(fd);
    int error = !f ? -E_BADF : f->node->fixed ? -E_ROFS : 0;

    if (!error)
        f->node->mode = mode;
    if (f)
        file_done(f);
    return error;
}

static int set_time(struct node *n, s64 mtime_ns)
{
    if (n->fixed)
        return -E_ROFS;
    mutex_lock(&n->lock);
    n->mtime_ns = mtime_ns;
    mutex_unlock(&n->lock);
    return 0;
}

int fs_utime(const char *path, bool follow, s64 mtime_ns)
{
    struct node *n;
    int error = find(path, follow, &n);

    if (!error)
        error = set_time(n, mtime_ns);
    tree_leave();
    return error;
}

int fs_futime(int fd, s64 mtime_ns)
{
    struct file *f = file_use(fd);
    int error;

    if (!f)
        return -E_BADF;
    error = set_time(f->node, mtime_ns);
    file_done(f);
    return error;
}

int fs_readlink(const char *path, char *buf, size_t n)
{
    char text[FS_LINK_MAX + 1];
    struct node *link;
    int error = find(path, false, &link);

    if (!error && link->type != FS_LINK)
        error = -E_INVAL;
    if (!error)
        str_copy(text, sizeof(text), link->target);
    tree_leave();
    if (error)
        return error;
    n = MIN(n, strlen(text));
    memcpy(buf, text, n);
    return (int)n;
}
