/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * module.c: what the boot modules hold: archives unfold at the root, everything else is a file in /module.
 *
 * Done when a program first uses the name of a file: it reads the first page of each module, and of an archive every
 * page in which an entry begins. A later entry replaces an earlier one of the same name, as in an initramfs.
 */
#include "cpio.h"
#include "lib/fmt.h"
#include "lib/str.h"
#include "con.h"
#include "path.h"
#include "pool.h"
#include "tree.h"

#define MODE_BITS    07777u
#define MODE_DIR     0755u
#define MODE_ALL     0777u
#define MODE_FILE    0444u
#define MODE_DEVICE  0666u
#define LINE_BYTES   256
#define LINK_BUCKETS 64
#define NS           1000000000ll

/* A file of several names, of the archive that is being read. */
struct linked {
    struct linked *next;
    u32 inode, device_major, device_minor;
    struct node *node;
};

static struct linked *linked[LINK_BUCKETS];

static void complain(unsigned module, u64 offset, const char *wrong)
{
    char line[LINE_BYTES];
    size_t n =
        fmt_sn(line, sizeof(line), "files: module %u (%s), offset %lu: %s; what follows it is left out\n",
               module, module_name(module), offset, wrong);

    con_write(line, MIN(n, sizeof(line) - 1));
}

/* A name that stays, for n. It replaces that of another file; devices are left alone. NULL or what is wrong. */
static const char *put(struct node *dir, const char *text, size_t length, struct node *n)
{
    struct name *name = tree_find(dir, text, length);

    if (name && name->node == n)
        return NULL;
    if (name && name->node->type == FS_DIR)
        return "there is a directory of this name";
    if (name && name->node->type == FS_DEVICE)
        return NULL;
    if (name)
        tree_remove(name);
    name = tree_add(dir, text, length, n);
    if (!name)
        return "memory is out";
    name->fixed = true;
    return NULL;
}

/* The directory of this name; it is made if there is none. */
static struct node *directory(struct node *dir, const char *text, size_t length)
{
    struct name *name = tree_find(dir, text, length);
    struct node *n;

    if (name)
        return name->node->type == FS_DIR ? name->node : NULL;
    n = node_new(FS_DIR, MODE_DIR);
    if (!n || put(dir, text, length, n)) {
        if (n)
            node_drop(n);
        return NULL;
    }
    return n;
}

/* The next part of a path inside an archive, without `.`; *length is 0 at the end. */
static const char *next_part(const char *at, size_t *length)
{
    for (;;) {
        at = path_skip_slashes(at);
        *length = path_part(at);
        if (!path_dots(at, *length, 1))
            return at;
        at += *length;
    }
}

/* The node of a file of several names, whose data may come with any of them; a new one at its first name. */
static struct node *linked_file(const struct cpio_entry *e)
{
    struct linked **bucket = &linked[e->inode % LINK_BUCKETS], *l = *bucket;

    if (e->links < 2)
        return node_new(FS_FILE, e->mode & MODE_BITS);
    while (l &&
           (l->inode != e->inode || l->device_major != e->device_major || l->device_minor != e->device_minor))
        l = l->next;
    if (l)
        return l->node;
    l = pool_get(sizeof(*l));
    if (!l)
        return NULL;
    *l = (struct linked){*bucket, e->inode, e->device_major, e->device_minor,
                         node_new(FS_FILE, e->mode & MODE_BITS)};
    if (!l->node) {
        pool_put(l, sizeof(*l));
        return NULL;
    }
    l->node->users++;
    *bucket = l;
    return l->node;
}

static void forget_linked(void)
{
    for (unsigned i = 0; i < LINK_BUCKETS; i++)
        for (struct linked *l; (l = linked[i]);) {
            linked[i] = l->next;
            l->node->users--;
            node_drop(l->node);
            pool_put(l, sizeof(*l));
        }
}

static const char *add_file(struct node *dir, const char *text, size_t length, const struct cpio_entry *e)
{
    struct node *n = linked_file(e);
    const char *wrong;

    if (!n)
        return "memory is out";
    n->fixed = true;
    n->mtime_ns = e->mtime * NS;
    if (e->bytes) {
        n->data.at = e->data;
        n->data.bytes = e->bytes;
    }
    wrong = put(dir, text, length, n);
    node_drop(n);
    return wrong;
}

/* What the link says is the entry's data. */
static const char *add_link(struct node *dir, const char *text, size_t length, const struct cpio_entry *e)
{
    struct node *n;
    const char *wrong;

    if (e->bytes > FS_LINK_MAX || !e->bytes)
        return "no symbolic link can be so long";
    n = node_new(FS_LINK, MODE_ALL);
    if (!n)
        return "memory is out";
    n->mtime_ns = e->mtime * NS;
    wrong = "memory is out";
    n->target = tree_target((const char *)e->data, e->bytes);
    if (n->target)
        wrong = put(dir, text, length, n);
    node_drop(n);
    return wrong;
}

/* NULL or what is wrong with it. Sockets and the like are left out, devices because /dev has what there is. */
static const char *add_entry(const struct cpio_entry *e)
{
    struct node *dir = &tree_root;
    size_t length, more;
    const char *at = next_part(e->name, &length), *rest;

    while (length) {
        if (length > FS_NAME_MAX)
            return "a part of its path is too long";
        if (path_dots(at, length, 2))
            return "its path leads out of the archive";
        rest = next_part(at + length, &more);
        if (!more)
            break;
        dir = directory(dir, at, length);
        if (!dir)
            return "its path leads through what is no directory, or memory is out";
        at = rest;
        length = more;
    }
    if (!length)
        return NULL;
    switch (e->mode & CPIO_MODE_TYPE) {
    case CPIO_MODE_FILE:
        return add_file(dir, at, length, e);
    case CPIO_MODE_LINK:
        return add_link(dir, at, length, e);
    case CPIO_MODE_DIR:
        dir = directory(dir, at, length);
        if (!dir)
            return "there is something else of this name, or memory is out";
        dir->mode = e->mode & MODE_BITS;
        dir->mtime_ns = e->mtime * NS;
        return NULL;
    default:
        return NULL;
    }
}

static void add_archive(unsigned module, struct cpio c)
{
    struct cpio_entry e;
    const char *wrong = NULL;
    enum cpio_result result;

    while (!wrong && (result = cpio_next(&c, &e)) != CPIO_END) {
        switch (result) {
        case CPIO_ENTRY:
            wrong = add_entry(&e);
            c.at = wrong ? e.offset : c.at;
            break;
        case CPIO_TRAILER:
            forget_linked();
            break;
        case CPIO_BAD:
        case CPIO_END:
            wrong = c.wrong;
            break;
        }
    }
    forget_linked();
    if (wrong)
        complain(module, c.at, wrong);
}

/* By its number if another one has its name. */
static void add_plain(unsigned module, struct node *dir, const u8 *data, u64 bytes)
{
    char number[8];
    const char *text = module_name(module);
    struct node *n = node_new(FS_FILE, MODE_FILE);
    const char *wrong = "memory is out";

    fmt_sn(number, sizeof(number), "%u", module);
    if (!*text || tree_find(dir, text, strlen(text)))
        text = number;
    if (n) {
        n->fixed = true;
        n->data.at = data;
        n->data.bytes = bytes;
        wrong = put(dir, text, strlen(text), n);
        node_drop(n);
    }
    if (wrong)
        complain(module, 0, wrong);
}

static void add_devices(void)
{
    static const struct {
        const char *name;
        enum fs_device device;
    } devices[] = {
        {"console", FS_CONSOLE}, {"null", FS_NULL},      {"zero", FS_ZERO},
        {"random", FS_RANDOM},   {"urandom", FS_RANDOM},
    };
    struct node *dir = directory(&tree_root, "dev", 3);

    for (unsigned i = 0; dir && i < ARRAY_SIZE(devices); i++) {
        struct node *n = node_new(FS_DEVICE, MODE_DEVICE);

        if (n) {
            n->device = devices[i].device;
            (void)put(dir, devices[i].name, strlen(devices[i].name), n);
            node_drop(n);
        }
    }
}

void modules_add(void)
{
    struct node *dir = directory(&tree_root, "module", 6);

    (void)directory(&tree_root, "tmp", 3);
    add_devices();
    for (unsigned i = 0; i < module_count(); i++) {
        u64 bytes;
        const u8 *data = module_data(i, &bytes);

        if (cpio_is(data, bytes))
            add_archive(i, (struct cpio){.data = data, .bytes = bytes});
        else if (dir)
            add_plain(i, dir, data, bytes);
    }
}
