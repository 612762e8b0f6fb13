/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fs.h: files: one tree of names, and descriptors. The boot modules lie in it read-only, all else is memory.
 *
 *     /            whatever a program makes, beside the trees in those modules that are cpio archives (newc);
 *                  what a later module or entry holds replaces what an earlier one holds
 *     /module/N    every other module as a file, N its name as the loader gave it, or its number
 *     /dev/console, /dev/null, /dev/zero, /dev/random, /dev/urandom (the same)
 *     /tmp         empty at first
 *
 * All functions may be called by any thread with interrupts on. Results below 0 are -E_…; error.h. The bytes of a
 * module are nowhere copied but into the caller's buffer, with no lock held: an absent page costs the caller alone.
 */
#pragma once
#include "error.h"
#include "lib/types.h"

enum fs_type { FS_FILE, FS_DIR, FS_DEVICE, FS_LINK };
enum fs_device { FS_CONSOLE, FS_NULL, FS_ZERO, FS_RANDOM };

struct fs_stat {
    enum fs_type type;
    enum fs_device device; /* of FS_DEVICE */
    bool fixed;            /* the bytes are a module's */
    u32 mode;              /* permission bits: kept, but nobody is refused by them */
    u32 links;
    u64 inode, bytes, blocks; /* blocks of 512 bytes */
    s64 mtime_ns;             /* since 1970 */
};

#define FS_NAME_MAX 255
#define FS_PATH_MAX 1024 /* with the terminating NUL */
#define FS_LINK_MAX 255  /* what a symbolic link says */
#define FS_OPEN_MAX 256  /* descriptors; 0, 1 and 2 are the console at first */

struct fs_entry {
    u64 inode;
    enum fs_type type;
    char name[FS_NAME_MAX + 1];
};

#define FS_READ      0x01u
#define FS_WRITE     0x02u
#define FS_APPEND    0x04u
#define FS_CREATE    0x08u
#define FS_EXCL      0x10u
#define FS_TRUNC     0x20u
#define FS_DIRECTORY 0x40u /* nothing else */
#define FS_NOFOLLOW  0x80u /* no symbolic link at the path's end */

enum fs_whence { FS_SET, FS_CUR, FS_END };

int fs_open(const char *path, u32 flags, u32 mode);
int fs_close(int fd);
int fs_dup(int fd, int at_least);
int fs_dup_to(int fd, int to);
int fs_flags(int fd); /* FS_READ, FS_WRITE, FS_APPEND as opened */
int fs_append(int fd, bool on);
s64 fs_read(int fd, void *buf, size_t n);
s64 fs_write(int fd, const void *buf, size_t n);
s64 fs_pread(int fd, void *buf, size_t n, u64 offset);
s64 fs_pwrite(int fd, const void *buf, size_t n, u64 offset);
s64 fs_seek(int fd, s64 offset, enum fs_whence whence);
int fs_truncate(int fd, u64 bytes);
int fs_fstat(int fd, struct fs_stat *st);
int fs_stat(const char *path, bool follow,
            struct fs_stat *st); /* follow: a symbolic link at the path's end */
int fs_chmod(const char *path, u32 mode);
int fs_fchmod(int fd, u32 mode);
s64 fs_now(void); /* what new files have as mtime_ns */
int fs_utime(const char *path, bool follow, s64 mtime_ns);
int fs_futime(int fd, s64 mtime_ns);
/* 1 and the next entry, 0 at the end. fs_seek() goes back to what was the current offset; 0 is the beginning. */
int fs_readdir(int fd, struct fs_entry *entry);
int fs_unlink(const char *path);
int fs_rename(const char *from, const char *to);
int fs_mkdir(const char *path, u32 mode);
int fs_rmdir(const char *path);
int fs_chdir(const char *path);
int fs_getcwd(char *buf, size_t n);
int fs_path(int fd, char *buf, size_t n); /* of an open directory, from the root on */
int fs_link(const char *from, const char *to);
int fs_symlink(const char *target, const char *path);
int fs_readlink(const char *path, char *buf, size_t n); /* how many bytes, no NUL among them */
/* Where the bytes from offset (whole pages) on lie, if they lie in a row and stay there for good: a module's do. */
int fs_map(int fd, u64 offset, u64 bytes, const void **at);
