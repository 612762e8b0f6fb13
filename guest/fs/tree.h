/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tree.h: the tree of names, and what they name. A name and its node are apart: files may have several names or none.
 *
 * Everything is under tree_lock but a file's bytes, which are under the node's own lock and taken after the tree's.
 * Whatever is marked `fixed` lies in a module or is the kernel's own: it stays as it is.
 */
#pragma once
#include "fs.h"
#include "guest.h"
#include "pages.h"

struct name {
    struct name *hash_next;
    struct name *prev, *next; /* in the directory, as they were made */
    struct node *dir, *node;
    u64 place; /* rises along the directory; what fs_seek() to an entry means */
    u32 hash;
    bool fixed;
    u8 length;
    char text[];
};

#define PLACE_FIRST 2 /* 0 and 1 are `.` and `..` */

struct node {
    enum fs_type type;
    bool fixed; /* the bytes are a module's */
    u32 mode;   /* permission bits */
    u32 names;  /* how many it has */
    u32 users;  /* open files, and being the current directory */
    u64 inode;
    s64 mtime_ns;
    struct mutex lock; /* the bytes, and the offsets of files that are open on them */
    union {
        struct pages pages; /* FS_FILE that a program made */
        struct {
            const u8 *at;
            u64 bytes;
        } data; /* FS_FILE that is fixed */
        struct {
            struct name *self; /* NULL: the root, or removed */
            struct name *first, *last;
            u64 next_place;
            u64 removals; /* so many names have gone: who remembers a name must look for it again */
        } dir;
        enum fs_device device;
        char *target; /* FS_LINK; of pool.h, POOL_MAX bytes at most */
    };
};

extern struct mutex tree_lock;
extern struct node tree_root;

/* With the lock, and the modules' names in the tree. */
void tree_enter(void);
void tree_leave(void);

/* NULL if memory is out. It has neither names nor users yet; tree_drop() frees it. */
struct node *node_new(enum fs_type type, u32 mode);
/* Frees it if it has neither names nor users. */
void node_drop(struct node *n);
/* What a link says, for node.target: text up to a NUL or so long; NULL if memory is out. */
char *tree_target(const char *text, size_t length);
void node_stat(struct node *n, struct fs_stat *st);

struct name *tree_find(struct node *dir, const char *text, size_t length);
/* NULL if memory is out. There is no such name in dir yet. */
struct name *tree_add(struct node *dir, const char *text, size_t length, struct node *n);
/* Takes the name away, and what it named if that was its last use. */
void tree_remove(struct name *name);
struct node *tree_parent(struct node *dir);

/* ---- walk.c ---- */

/* Where a path leads. */
struct place {
    struct node *dir; /* the directory that the last part is looked up in … */
    struct name
        *name; /* … the name there; NULL if there is none, or if the path ends with `/`, `.` or `..` */
    struct node *node; /* what is there; NULL: nothing, but it could be made in dir */
    const char *last;  /* the last part, unless the path ends otherwise (see name) */
    size_t length;
    bool slash; /* something follows it: it must be a directory */
    char text[FS_PATH_MAX];
};

#define LINKS_MAX 16 /* symbolic links on the way */

/* 0 or -E_…; follow: also a symbolic link at the end. */
int walk(const char *path, bool follow, struct place *p);
void walk_chdir(struct node *dir);
struct node *walk_cwd(void);

/* ---- names.c ---- */

/* A new name for n (NULL: there was no memory for one) where p leads to nothing: 0, or -E_NOSPC, and n is dropped. */
int place_make(const struct place *p, struct node *n);

/* ---- module.c ---- */

/* Once: puts what the boot modules hold into the tree. */
void modules_add(void);
