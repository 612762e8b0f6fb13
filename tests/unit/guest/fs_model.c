/* SPDX-License-Identifier: BSD-2-Clause */
/* fs_model.c: random calls on a tree of files against a model that is too simple to be wrong. */
/* with: guest/fs/pages.c guest/fs/pool.c guest/fs/tree.c guest/fs/walk.c guest/fs/cpio.c guest/fs/module.c */
/* with: guest/fs/device.c guest/fs/fd.c guest/fs/io.c guest/fs/names.c guest/fs/stat.c guest/fs/dir.c */
/* with: guest/kern/boot.c guest/kern/panic.c tests/unit/guest/fake/machine.c tests/unit/guest/fake/files.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "fake/files.h"
#include "fs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES      4096
#define NAMES      3 /* a, b and c in each directory */
#define DEPTH      3
#define FILE_BYTES 9000
#define OPEN       6
#define STEPS      40000
#define TOP        "/tmp"

/* Node 0 is the directory all happens in. */
static struct node_model {
    bool dir;
    int parent, child[NAMES]; /* 0 = none */
    size_t bytes;
    u8 data[FILE_BYTES];
} nodes[NODES];
static int last_node;
static struct {
    int fd, node; /* fd 0 = not open */
    size_t offset;
} opened[OPEN];

static struct where {
    char path[64];
    int dir, name, node; /* of the model; dir -1: a part on the way is missing, -2: it is no directory */
} at;

static u64 any(u64 below)
{
    return (u64)random() % below;
}

static struct where anywhere(void)
{
    struct where w = {.path = TOP, .dir = 0};
    unsigned depth = 1 + (unsigned)any(DEPTH);

    for (unsigned i = 0; i < depth; i++) {
        if (i && w.dir >= 0)
            w.dir = !w.node ? -1 : nodes[w.node].dir ? w.node : -2;
        w.name = (int)any(NAMES);
        snprintf(w.path + strlen(w.path), 8, "%s%c", any(5) ? "/" : any(2) ? "//" : "/./", 'a' + w.name);
        w.node = w.dir >= 0 ? nodes[w.dir].child[w.name] : 0;
    }
    return w;
}

/* What a call answers that needs something to be there. */
static int missing(const struct where *w)
{
    return w->dir == -2 ? -E_NOTDIR : w->dir == -1 || !w->node ? -E_NOENT : 0;
}

/* What one answers that needs a place for something new. */
static int no_place(const struct where *w)
{
    return w->dir == -2 ? -E_NOTDIR : w->dir == -1 ? -E_NOENT : w->node ? -E_EXIST : 0;
}

static int make(const struct where *w, bool dir)
{
    int n = ++last_node;

    assert_true(n < NODES);
    nodes[n] = (struct node_model){.dir = dir, .parent = w->dir};
    return nodes[w->dir].child[w->name] = n;
}

static bool is_empty(int n)
{
    for (unsigned i = 0; i < NAMES; i++)
        if (nodes[n].child[i])
            return false;
    return true;
}

static void step_mkdir(void)
{
    int expected = no_place(&at);

    assert_int_equal(fs_mkdir(at.path, 0755), expected);
    if (!expected)
        make(&at, true);
}

static void step_rmdir(void)
{
    int expected = missing(&at);

    if (!expected)
        expected = !nodes[at.node].dir ? -E_NOTDIR : !is_empty(at.node) ? -E_NOTEMPTY : 0;
    assert_int_equal(fs_rmdir(at.path), expected);
    if (!expected)
        nodes[at.dir].child[at.name] = 0;
}

static void step_unlink(void)
{
    int expected = missing(&at);

    if (!expected && nodes[at.node].dir)
        expected = -E_ISDIR;
    assert_int_equal(fs_unlink(at.path), expected);
    if (!expected)
        nodes[at.dir].child[at.name] = 0;
}

static void step_link(void)
{
    struct where to = anywhere();
    int expected = missing(&at);

    if (!expected && nodes[at.node].dir)
        expected = -E_PERM;
    if (!expected)
        expected = no_place(&to);
    assert_int_equal(fs_link(at.path, to.path), expected);
    if (!expected)
        nodes[to.dir].child[to.name] = at.node;
}

static bool is_below(int dir, int top)
{
    while (dir && dir != top)
        dir = nodes[dir].parent;
    return dir == top;
}

static int may_move(const struct where *from, const struct where *to)
{
    int expected = no_place(from);

    if (expected != -E_EXIST)
        return missing(from);
    expected = no_place(to);
    if (expected && expected != -E_EXIST)
        return expected;
    if (nodes[from->node].dir) {
        if (to->node && !nodes[to->node].dir)
            return -E_NOTDIR;
        if (is_below(to->dir, from->node))
            return -E_INVAL;
        return to->node && to->node != from->node && !is_empty(to->node) ? -E_NOTEMPTY : 0;
    }
    return to->node && nodes[to->node].dir ? -E_ISDIR : 0;
}

static void step_rename(void)
{
    struct where to = anywhere();
    int expected = may_move(&at, &to), result = fs_rename(at.path, to.path);

    /* The walks come first: a wrong way to the new name is told of before that the old one is missing. */
    if (expected == -E_NOENT && to.dir == -2)
        expected = at.dir >= 0 ? -E_NOTDIR : expected;
    assert_int_equal(result, expected);
    if (expected || at.node == to.node)
        return;
    nodes[at.dir].child[at.name] = 0;
    nodes[to.dir].child[to.name] = at.node;
    nodes[at.node].parent = to.dir;
}

static void step_open(void)
{
    unsigned slot = (unsigned)any(OPEN);
    u32 flags =
        FS_READ | FS_WRITE | (any(2) ? FS_CREATE : 0) | (any(4) ? 0 : FS_TRUNC) | (any(4) ? 0 : FS_EXCL);
    int expected = missing(&at), fd;

    if (opened[slot].fd) {
        assert_int_equal(fs_close(opened[slot].fd), 0);
        opened[slot].fd = 0;
    }
    if (flags & FS_CREATE)
        expected = no_place(&at);
    if (expected == -E_EXIST && !(flags & FS_EXCL))
        expected = 0;
    if (!expected && at.node && nodes[at.node].dir)
        expected = -E_ISDIR;
    fd = fs_open(at.path, flags, 0644);
    if (expected) {
        assert_int_equal(fd, expected);
        return;
    }
    assert_in_range(fd, 3, 3 + OPEN);
    opened[slot].fd = fd;
    opened[slot].node = at.node ? at.node : make(&at, false);
    opened[slot].offset = 0;
    if (flags & FS_TRUNC) {
        memset(nodes[opened[slot].node].data, 0, FILE_BYTES);
        nodes[opened[slot].node].bytes = 0;
    }
}

/* On an open file, which may have lost its names long ago. */
static void step_bytes(void)
{
    unsigned slot = (unsigned)any(OPEN);
    struct node_model *n = &nodes[opened[slot].node];
    size_t offset = any(FILE_BYTES / 2), bytes = any(FILE_BYTES / 2), *now = &opened[slot].offset;
    u8 data[FILE_BYTES];
    int fd = opened[slot].fd;

    if (!fd)
        return;
    if (any(2)) {
        assert_int_equal(fs_seek(fd, (s64)offset, FS_SET), offset);
        *now = offset;
    }
    if (*now + bytes > FILE_BYTES)
        return;
    if (any(2)) {
        memset(data, (int)random(), bytes);
        assert_int_equal(fs_write(fd, data, bytes), bytes);
        memcpy(n->data + *now, data, bytes);
        n->bytes = bytes ? MAX(n->bytes, *now + bytes) : n->bytes;
    } else {
        bytes = *now < n->bytes ? MIN(bytes, n->bytes - *now) : 0;
        assert_int_equal(fs_read(fd, data, bytes), bytes);
        assert_memory_equal(data, n->data + *now, bytes);
    }
    *now += bytes;
    assert_int_equal(fs_seek(fd, 0, FS_CUR), *now);
    assert_int_equal(fs_seek(fd, 0, FS_END), n->bytes);
    assert_int_equal(fs_seek(fd, (s64)*now, FS_SET), *now);
}

static unsigned names_of(int n)
{
    unsigned names = 0;

    for (int i = 0; i <= last_node; i++)
        for (unsigned j = 0; nodes[i].dir && j < NAMES; j++)
            names += nodes[i].child[j] == n;
    return names;
}

static void step_stat(void)
{
    struct fs_stat st;
    int expected = missing(&at);

    assert_int_equal(fs_stat(at.path, true, &st), expected);
    if (expected)
        return;
    assert_int_equal(st.type, nodes[at.node].dir ? FS_DIR : FS_FILE);
    if (st.type == FS_FILE) {
        assert_int_equal(st.bytes, nodes[at.node].bytes);
        assert_int_equal(st.links, names_of(at.node));
    }
}

static void step_list(void)
{
    struct fs_entry e;
    unsigned seen = 0;
    int fd = fs_open(at.path, FS_READ | FS_DIRECTORY, 0), expected = missing(&at);

    if (!expected && !nodes[at.node].dir)
        expected = -E_NOTDIR;
    if (expected) {
        assert_int_equal(fd, expected);
        return;
    }
    while (fs_readdir(fd, &e) == 1)
        if (e.name[0] != '.') {
            assert_int_equal(e.type, nodes[nodes[at.node].child[e.name[0] - 'a']].dir ? FS_DIR : FS_FILE);
            assert_true(nodes[at.node].child[e.name[0] - 'a'] && !e.name[1]);
            seen++;
        }
    for (unsigned i = 0; i < NAMES; i++)
        seen -= nodes[at.node].child[i] != 0;
    assert_int_equal(seen, 0);
    assert_int_equal(fs_close(fd), 0);
}

static void clear(const char *path)
{
    char below[FS_PATH_MAX];

    for (unsigned i = 0; i < NAMES; i++) {
        snprintf(below, sizeof(below), "%s/%c", path, 'a' + i);
        if (fs_unlink(below) == -E_ISDIR) {
            clear(below);
            assert_int_equal(fs_rmdir(below), 0);
        }
    }
}

static void run_steps(unsigned seed)
{
    static void (*const steps[])(void) = {step_mkdir, step_mkdir,  step_rmdir, step_unlink,
                                          step_link,  step_rename, step_open,  step_open,
                                          step_bytes, step_bytes,  step_stat,  step_list};

    srandom(seed);
    fake_files_reset();
    memset(nodes, 0, sizeof(nodes));
    nodes[0].dir = true;
    last_node = 0;
    for (unsigned i = 0; i < STEPS && last_node < NODES - 1; i++) {
        at = anywhere();
        steps[any(ARRAY_SIZE(steps))]();
        assert_int_equal(fake_files.locks, 0);
    }
    for (unsigned i = 0; i < OPEN; i++) {
        assert_int_equal(opened[i].fd ? fs_close(opened[i].fd) : 0, 0);
        opened[i].fd = 0;
    }
    clear(TOP);
}

/* The second time, all memory comes from what was given back the first time. */
static void run(void **state)
{
    unsigned seed = *(unsigned *)*state;
    size_t pages;

    run_steps(seed);
    pages = fake_files.pages_out;
    run_steps(seed);
    assert_int_equal(fake_files.pages_out, pages);
}

int main(void)
{
    static unsigned seeds[] = {1, 2, 3, 4};
    const struct CMUnitTest tests[] = {
        {"seed 1", run, NULL, NULL, &seeds[0]},
        {"seed 2", run, NULL, NULL, &seeds[1]},
        {"seed 3", run, NULL, NULL, &seeds[2]},
        {"seed 4", run, NULL, NULL, &seeds[3]},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
