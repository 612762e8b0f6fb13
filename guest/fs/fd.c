/* SPDX-License-Identifier: BSD-2-Clause */
/* fd.c: descriptors: numbers for open files, the lowest free one first. */
#include "file.h"
#include "pool.h"

static struct node console = {.type = FS_DEVICE, .mode = 0666, .names = 1, .device = FS_CONSOLE};
static struct file streams[] = {
    {.node = &console, .flags = FS_READ | FS_WRITE, .users = 2},
    {.node = &console, .flags = FS_READ | FS_WRITE, .users = 2},
    {.node = &console, .flags = FS_READ | FS_WRITE, .users = 2},
};
static struct {
    struct spin lock;
    u32 open;
    struct file *file[FS_OPEN_MAX];
} table = {.open = 3, .file = {&streams[0], &streams[1], &streams[2]}};

struct file *file_use(int fd)
{
    struct file *f = NULL;
    bool on = irq_lock(&table.lock);

    if (fd >= 0 && fd < FS_OPEN_MAX)
        f = table.file[fd];
    if (f)
        f->users++;
    irq_unlock(&table.lock, on);
    return f;
}

void file_done(struct file *f)
{
    bool on = irq_lock(&table.lock), last = !--f->users;

    irq_unlock(&table.lock, on);
    if (!last)
        return;
    mutex_lock(&tree_lock);
    f->node->users--;
    node_drop(f->node);
    pool_put(f, sizeof(*f));
    mutex_unlock(&tree_lock);
}

/* Gives f the lowest free number from at_least on. */
static int number(struct file *f, int at_least)
{
    int fd = at_least;
    bool on;

    if (at_least < 0 || at_least >= FS_OPEN_MAX)
        return -E_INVAL;
    on = irq_lock(&table.lock);
    while (fd < FS_OPEN_MAX && table.file[fd])
        fd++;
    if (fd < FS_OPEN_MAX) {
        f->users++;
        table.file[fd] = f;
        table.open++;
    }
    irq_unlock(&table.lock, on);
    return fd < FS_OPEN_MAX ? fd : -E_MFILE;
}

int fs_close(int fd)
{
    struct file *f = NULL;
    bool on = irq_lock(&table.lock);

    if (fd >= 0 && fd < FS_OPEN_MAX) {
        f = table.file[fd];
        table.file[fd] = NULL;
        table.open -= f != NULL;
    }
    irq_unlock(&table.lock, on);
    if (!f)
        return -E_BADF;
    file_done(f);
    return 0;
}

int fs_dup(int fd, int at_least)
{
    struct file *f = file_use(fd);
    int result;

    if (!f)
        return -E_BADF;
    result = number(f, at_least);
    file_done(f);
    return result;
}

int fs_dup_to(int fd, int to)
{
    struct file *f = file_use(fd), *before;
    bool on;

    if (!f)
        return -E_BADF;
    if (to < 0 || to >= FS_OPEN_MAX || to == fd) {
        file_done(f);
        return to == fd ? to : -E_BADF;
    }
    on = irq_lock(&table.lock);
    before = table.file[to];
    table.open += !before;
    table.file[to] = f; /* which makes this use of it the descriptor's */
    irq_unlock(&table.lock, on);
    if (before)
        file_done(before);
    return to;
}

/* What the path leads to, or a new file there. */
static struct node *look_up(const char *path, u32 flags, u32 mode, int *error)
{
    bool exclusive = flags & FS_CREATE && flags & FS_EXCL;
    struct place p;
    struct node *n;

    *error = walk(path, !exclusive && !(flags & FS_NOFOLLOW), &p);
    n = p.node;
    if (*error)
        return NULL;
    if (n && exclusive)
        *error = -E_EXIST;
    else if (!n && !(flags & FS_CREATE))
        *error = -E_NOENT;
    else if (n ? n->type == FS_DIR && flags & (FS_WRITE | FS_CREATE) : p.slash)
        *error = -E_ISDIR;
    else if (n && n->type != FS_DIR && flags & FS_DIRECTORY)
        *error = -E_NOTDIR;
    else if (n && n->type == FS_LINK)
        *error = -E_LOOP;
    else if (n && n->fixed && flags & FS_WRITE)
        *error = -E_ROFS;
    if (*error || n)
        return *error ? NULL : n;
    n = node_new(FS_FILE, mode);
    *error = place_make(&p, n);
    return *error ? NULL : n;
}

static int open_locked(const char *path, u32 flags, u32 mode)
{
    struct file *f;
    int error, fd;

    if (at_load(&table.open) == FS_OPEN_MAX)
        return -E_MFILE; /* before a file is made for nothing */
    f = pool_get(sizeof(*f));
    if (!f)
        return -E_NOMEM;
    f->flags = flags & (FS_READ | FS_WRITE | FS_APPEND);
    f->node = look_up(path, flags, mode, &error);
    fd = f->node ? number(f, 0) : error;
    if (fd >= 0) {
        f->node->users++;
        return fd;
    }
    if (f->node)
        node_drop(f->node);
    pool_put(f, sizeof(*f));
    return fd;
}

int fs_open(const char *path, u32 flags, u32 mode)
{
    int fd;

    tree_enter();
    fd = open_locked(path, flags, mode);
    tree_leave();
    if (fd >= 0 && flags & FS_TRUNC && flags & FS_WRITE)
        (void)fs_truncate(fd, 0);
    return fd;
}

int fs_flags(int fd)
{
    struct file *f = file_use(fd);
    int flags;

    if (!f)
        return -E_BADF;
    flags = (int)at_load(&f->flags);
    file_done(f);
    return flags;
}

int fs_append(int fd, bool on)
{
    struct file *f = file_use(fd);

    if (!f)
        return -E_BADF;
    if (on)
        at_or(&f->flags, FS_APPEND);
    else
        at_and(&f->flags, ~FS_APPEND);
    file_done(f);
    return 0;
}
