/* SPDX-License-Identifier: BSD-2-Clause */
/* names.c: make, take away and move names. What is fixed stays: its name is refused with E_ROFS. */
#include "lib/str.h"
#include "tree.h"

int place_make(const struct place *p, struct node *n)
{
    if (n && tree_add(p->dir, p->last, p->length, n))
        return 0;
    if (n)
        node_drop(n);
    return -E_NOSPC;
}

int fs_mkdir(const char *path, u32 mode)
{
    struct place p;
    int error;

    tree_enter();
    error = walk(path, false, &p);
    if (!error)
        error = p.node ? -E_EXIST : place_make(&p, node_new(FS_DIR, mode));
    tree_leave();
    return error;
}

int fs_symlink(const char *target, const char *path)
{
    size_t length = strlen(target);
    struct place p;
    struct node *n;
    int error;

    if (!length || length > FS_LINK_MAX)
        return length ? -E_NAMETOOLONG : -E_NOENT;
    tree_enter();
    error = walk(path, false, &p);
    if (!error && (p.node || p.slash))
        error = p.node ? -E_EXIST : -E_NOENT;
    if (!error) {
        n = node_new(FS_LINK, 0777);
        if (n)
            n->target = tree_target(target, length);
        if (n && !n->target) {
            node_drop(n);
            n = NULL;
        }
        error = place_make(&p, n);
    }
    tree_leave();
    return error;
}

int fs_link(const char *from, const char *to)
{
    struct place a, b;
    int error;

    tree_enter();
    error = walk(from, false, &a);
    if (!error && !a.node)
        error = -E_NOENT;
    if (!error && a.node->type == FS_DIR)
        error = -E_PERM;
    if (!error)
        error = walk(to, false, &b);
    if (!error && (b.node || b.slash))
        error = b.node ? -E_EXIST : -E_NOENT;
    if (!error && !tree_add(b.dir, b.last, b.length, a.node))
        error = -E_NOSPC;
    tree_leave();
    return error;
}

int fs_unlink(const char *path)
{
    struct place p;
    int error;

    tree_enter();
    error = walk(path, false, &p);
    if (!error && !p.node)
        error = -E_NOENT;
    else if (!error && p.node->type == FS_DIR)
        error = -E_ISDIR;
    else if (!error && p.name->fixed)
        error = -E_ROFS;
    if (!error)
        tree_remove(p.name);
    tree_leave();
    return error;
}

/* May the directory at p go? */
static int removable(const struct place *p)
{
    if (!p->node)
        return -E_NOENT;
    if (p->node->type != FS_DIR)
        return -E_NOTDIR;
    if (p->name ? p->name->fixed : p->node == &tree_root)
        return -E_ROFS;
    if (p->node->dir.first)
        return -E_NOTEMPTY;
    return p->name ? 0 : -E_INVAL; /* the path ends with a dot */
}

int fs_rmdir(const char *path)
{
    struct place p;
    int error;

    tree_enter();
    error = walk(path, false, &p);
    if (!error)
        error = removable(&p);
    if (!error)
        tree_remove(p.name);
    tree_leave();
    return error;
}

static bool is_below(struct node *dir, const struct node *top)
{
    while (dir != top && dir->dir.self)
        dir = tree_parent(dir);
    return dir == top;
}

/* Everything that speaks against it, first what is moved, then what is there. */
static int may_rename(const struct place *from, const struct place *to)
{
    if (!from->node)
        return -E_NOENT;
    if (!from->name || (to->node && !to->name))
        return -E_INVAL;
    if (from->name->fixed || (to->name && to->name->fixed))
        return -E_ROFS;
    if (from->node->type == FS_DIR) {
        if (to->node && to->node->type != FS_DIR)
            return -E_NOTDIR;
        if (is_below(to->dir, from->node))
            return -E_INVAL;
        return to->node && to->node != from->node && to->node->dir.first ? -E_NOTEMPTY : 0;
    }
    if (to->node && to->node->type == FS_DIR)
        return -E_ISDIR;
    return to->slash ? -E_NOTDIR : 0;
}

int fs_rename(const char *from_path, const char *to_path)
{
    struct place from, to;
    struct name *name;
    int error;

    tree_enter();
    error = walk(from_path, false, &from);
    if (!error)
        error = walk(to_path, false, &to);
    if (!error)
        error = may_rename(&from, &to);
    if (!error && from.node != to.node) {
        name = tree_add(to.dir, to.last, to.length, from.node);
        if (name && to.name)
            tree_remove(to.name);
        if (name)
            tree_remove(from.name);
        else
            error = -E_NOSPC;
    }
    tree_leave();
    return error;
}
