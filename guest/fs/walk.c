/* SPDX-License-Identifier: BSD-2-Clause */
/* walk.c: from a path to what it names (POSIX.1-2017, 4.13 Pathname Resolution). */
#include "tree.h"
#include "lib/str.h"
#include "path.h"

static struct node *cwd = &tree_root;

struct node *walk_cwd(void)
{
    return cwd;
}

void walk_chdir(struct node *dir)
{
    struct node *before = cwd;

    dir->users++;
    cwd = dir;
    before->users--;
    node_drop(before);
}

/* Puts what the link says in front of the rest of the path. */
static int splice(struct place *p, const char *target, const char *rest)
{
    size_t n = strlen(target), m = strlen(rest) + 1;

    if (!n)
        return -E_NOENT;
    if (n + m > sizeof(p->text))
        return -E_NAMETOOLONG;
    memmove(p->text + n, rest, m);
    memcpy(p->text, target, n);
    return 0;
}

/* One part of the path that is neither `.` nor `..`; 1 if it was the last one. */
static int step(struct place *p, bool follow, const char **at, unsigned *links)
{
    const char *rest = p->last + p->length;
    bool last = !*path_skip_slashes(rest);

    p->slash = *rest;
    p->name = tree_find(p->dir, p->last, p->length);
    p->node = p->name ? p->name->node : NULL;
    if (!p->node)
        return last ? 1 : -E_NOENT;
    if (p->node->type == FS_LINK && (!last || follow || p->slash)) {
        int error = ++*links > LINKS_MAX ? -E_LOOP : splice(p, p->node->target, rest);

        *at = p->text;
        if (*p->text == '/')
            p->dir = &tree_root;
        return error;
    }
    if (p->node->type != FS_DIR && p->slash)
        return -E_NOTDIR;
    if (last)
        return 1;
    p->dir = p->node;
    *at = rest;
    return 0;
}

int walk(const char *path, bool follow, struct place *p)
{
    const char *at = p->text;
    unsigned links = 0;

    if (!str_copy(p->text, sizeof(p->text), path))
        return -E_NAMETOOLONG;
    if (!*at)
        return -E_NOENT;
    p->dir = *at == '/' ? &tree_root : cwd;
    for (;;) {
        int result = 0;

        at = p->last = path_skip_slashes(at);
        p->length = path_part(at);
        if (!p->length || path_dots(at, p->length, 1)) {
            at += p->length;
        } else if (p->length > FS_NAME_MAX) {
            return -E_NAMETOOLONG;
        } else if (!p->dir->names) {
            return -E_NOENT; /* a directory that was removed while it was the current one */
        } else if (path_dots(at, p->length, 2)) {
            p->dir = tree_parent(p->dir);
            at += p->length;
        } else {
            result = step(p, follow, &at, &links);
        }
        if (result)
            return result > 0 ? 0 : result;
        if (!*path_skip_slashes(at)) {
            p->node = p->dir;
            p->name = NULL;
            p->slash = true;
            return 0;
        }
    }
}
