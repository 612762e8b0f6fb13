/* SPDX-License-Identifier: BSD-2-Clause */
/* tree.c: names, found by a hash of directory and text, and listed by directory; nodes, freed after their last use. */
#include "tree.h"
#include "lib/str.h"
#include "pool.h"

#define BUCKETS    1024
#define MODE_DIR   0755
#define FNV_START  2166136261u
#define FNV_FACTOR 16777619u

struct mutex tree_lock;
struct node tree_root = {
    .type = FS_DIR, .mode = MODE_DIR, .inode = 1, .names = 1, .users = 1, .dir.next_place = PLACE_FIRST};
static struct name *buckets[BUCKETS];
static u64 last_inode = 1;
static bool complete; /* the modules' names are in */

void tree_enter(void)
{
    mutex_lock(&tree_lock);
    if (!complete) {
        complete = true;
        modules_add();
    }
}

void tree_leave(void)
{
    mutex_unlock(&tree_lock);
}

struct node *node_new(enum fs_type type, u32 mode)
{
    struct node *n = pool_get(sizeof(*n));

    if (!n)
        return NULL;
    n->type = type;
    n->mode = mode;
    n->inode = ++last_inode;
    n->mtime_ns = fs_now();
    if (type == FS_DIR)
        n->dir.next_place = PLACE_FIRST;
    return n;
}

void node_drop(struct node *n)
{
    if (n->names || n->users)
        return;
    if (n->type == FS_FILE && !n->fixed)
        (void)pages_resize(&n->pages, 0);
    if (n->type == FS_LINK && n->target)
        pool_put(n->target, strlen(n->target) + 1);
    pool_put(n, sizeof(*n));
}

char *tree_target(const char *text, size_t length)
{
    size_t n = 0;
    char *target;

    while (n < length && text[n])
        n++;
    target = pool_get(n + 1);
    return target ? memcpy(target, text, n) : NULL;
}

void node_stat(struct node *n, struct fs_stat *st)
{
    *st = (struct fs_stat){.type = n->type, .mode = n->mode, .links = n->names, .inode = n->inode};
    mutex_lock(&n->lock);
    st->mtime_ns = n->mtime_ns;
    if (n->type == FS_DEVICE) {
        st->device = n->device;
    } else if (n->type == FS_LINK) {
        st->bytes = strlen(n->target);
    } else if (n->type == FS_FILE) {
        st->fixed = n->fixed;
        st->bytes = n->fixed ? n->data.bytes : n->pages.bytes;
        st->blocks = n->fixed ? (n->data.bytes + 511) / 512 : n->pages.held * (PAGE_SIZE / 512);
    }
    mutex_unlock(&n->lock);
}

/* FNV-1a. */
static u32 hash_of(const struct node *dir, const char *text, size_t length)
{
    u32 hash = FNV_START ^ (u32)dir->inode * FNV_FACTOR;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (u8)text[i]) * FNV_FACTOR;
    return hash;
}

struct name *tree_find(struct node *dir, const char *text, size_t length)
{
    u32 hash = hash_of(dir, text, length);
    struct name *at = buckets[hash % BUCKETS];

    while (at &&
           (at->hash != hash || at->dir != dir || at->length != length || memcmp(at->text, text, length)))
        at = at->hash_next;
    return at;
}

struct name *tree_add(struct node *dir, const char *text, size_t length, struct node *n)
{
    struct name *name = pool_get(sizeof(*name) + length);
    struct name **bucket;

    if (!name)
        return NULL;
    memcpy(name->text, text, length);
    name->length = (u8)length;
    name->dir = dir;
    name->node = n;
    name->place = dir->dir.next_place++;
    name->hash = hash_of(dir, text, length);
    bucket = &buckets[name->hash % BUCKETS];
    name->hash_next = *bucket;
    *bucket = name;
    name->prev = dir->dir.last;
    *(name->prev ? &name->prev->next : &dir->dir.first) = name;
    dir->dir.last = name;
    dir->mtime_ns = fs_now();
    n->names++;
    if (n->type == FS_DIR)
        n->dir.self = name;
    return name;
}

void tree_remove(struct name *name)
{
    struct node *dir = name->dir, *n = name->node;
    struct name **at = &buckets[name->hash % BUCKETS];

    while (*at != name)
        at = &(*at)->hash_next;
    *at = name->hash_next;
    *(name->prev ? &name->prev->next : &dir->dir.first) = name->next;
    *(name->next ? &name->next->prev : &dir->dir.last) = name->prev;
    dir->dir.removals++;
    dir->mtime_ns = fs_now();
    n->names--;
    if (n->type == FS_DIR && n->dir.self == name)
        n->dir.self = NULL;
    pool_put(name, sizeof(*name) + name->length);
    node_drop(n);
}

struct node *tree_parent(struct node *dir)
{
    return dir->dir.self ? dir->dir.self->dir : &tree_root;
}
