/* SPDX-License-Identifier: BSD-2-Clause */
/* dir.c: the entries of directories one after the other, the current directory, and the paths of both. */
#include "file.h"
#include "lib/str.h"

static int dots(struct node *dir, u64 place, struct fs_entry *entry)
{
    *entry = (struct fs_entry){.inode = place ? tree_parent(dir)->inode : dir->inode, .type = FS_DIR};
    memcpy(entry->name, "..", place + 1);
    return 1;
}

/* The first name at f's place or behind it. */
static struct name *name_from(const struct file *f)
{
    struct name *name = f->node->dir.first;

    if (f->at && f->removals == f->node->dir.removals)
        return f->at;
    while (name && name->place < f->offset)
        name = name->next;
    return name;
}

static int next_entry(struct file *f, struct fs_entry *entry)
{
    struct name *name;

    if (f->offset < PLACE_FIRST)
        return dots(f->node, f->offset++, entry);
    name = name_from(f);
    if (!name)
        return 0;
    *entry = (struct fs_entry){.inode = name->node->inode, .type = name->node->type};
    memcpy(entry->name, name->text, name->length);
    f->at = name->next;
    f->removals = f->node->dir.removals;
    f->offset = name->place + 1;
    return 1;
}

int fs_readdir(int fd, struct fs_entry *entry)
{
    struct file *f = file_use(fd);
    struct fs_entry found;
    int result = -E_NOTDIR;

    if (!f)
        return -E_BADF;
    if (f->node->type == FS_DIR) {
        tree_enter();
        mutex_lock(&f->node->lock);
        result = next_entry(f, &found);
        mutex_unlock(&f->node->lock);
        tree_leave();
    }
    file_done(f);
    if (result > 0)
        *entry = found;
    return result;
}

int fs_chdir(const char *path)
{
    struct place p;
    int error;

    tree_enter();
    error = walk(path, true, &p);
    if (!error && !p.node)
        error = -E_NOENT;
    if (!error && p.node->type != FS_DIR)
        error = -E_NOTDIR;
    if (!error)
        walk_chdir(p.node);
    tree_leave();
    return error;
}

/* From its end to its beginning. */
static int path_of(struct node *dir, char text[FS_PATH_MAX])
{
    size_t at = FS_PATH_MAX - 1;

    if (!dir->names)
        return -E_NOENT;
    text[at] = 0;
    for (; dir->dir.self; dir = tree_parent(dir)) {
        const struct name *self = dir->dir.self;

        if (self->length + 1u > at)
            return -E_NAMETOOLONG;
        at -= self->length + 1u;
        text[at] = '/';
        memcpy(text + at + 1, self->text, self->length);
    }
    if (!text[at])
        text[--at] = '/';
    memmove(text, text + at, FS_PATH_MAX - at);
    return 0;
}

static int copy_path(struct node *dir, char *buf, size_t n)
{
    char text[FS_PATH_MAX];
    int error;

    tree_enter();
    error = path_of(dir ? dir : walk_cwd(), text);
    tree_leave();
    if (!error && strlen(text) >= n)
        error = -E_RANGE;
    if (!error)
        memcpy(buf, text, strlen(text) + 1);
    return error;
}

int fs_getcwd(char *buf, size_t n)
{
    return copy_path(NULL, buf, n);
}

int fs_path(int fd, char *buf, size_t n)
{
    struct file *f = file_use(fd);
    int error;

    if (!f)
        return -E_BADF;
    error = f->node->type == FS_DIR ? copy_path(f->node, buf, n) : -E_NOTDIR;
    file_done(f);
    return error;
}
