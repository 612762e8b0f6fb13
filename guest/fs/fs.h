/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fs.h: files: one tree of names, and descriptors. The boot modules lie in it read-only, all else is memory.
 *
 *     /            a tmpfs: whatever a program makes
 *     /            … over the trees in those modules that are cpio archives (newc), read-only, in the order of modules
 *     /module/N    every other module as a file, N its name as the loader gave it, or its number
 *     /dev/console, /dev/null, /dev/zero, /dev/random
 *
 * All functions may be called by any thread with interrupts on. Results below 0 are -E_…; error.h. The bytes of a
 * module are nowhere copied but into the caller's buffer, with no lock held: an absent page costs the caller alone.
 */
#pragma once
#include "error.h"
#include "lib/types.h"

enum fs_type { FS_FILE, FS_DIR, FS_DEVICE, FS_LINK };

struct fs_stat {
    enum fs_type type;
    u32 mode; /* permission bits */
    u32 links;
    u64 inode, bytes, blocks; /* blocks of 512 bytes */
    s64 mtime_ns;             /* since 1970 */
};

#define FS_NAME_MAX 255
#define FS_PATH_MAX 1024 /* with the terminating NUL */
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
#define FS_DIRECTORY 0x40u

enum fs_whence { FS_SET, FS_CUR, FS_END };

int fs_open(const char *path, u32 flags, u32 mode);
int fs_close(int fd);
int fs_dup(int fd, int at_least);
int fs_dup_to(int fd, int to);
u32 fs_flags(int fd); /* FS_READ, FS_WRITE, FS_APPEND as opened */
s64 fs_read(int fd, void *buf, size_t n);
s64 fs_write(int fd, const void *buf, size_t n);
s64 fs_pread(int fd, void *buf, size_t n, u64 offset);
s64 fs_pwrite(int fd, const void *buf, size_t n, u64 offset);
s64 fs_seek(int fd, s64 offset, enum fs_whence whence);
int fs_truncate(int fd, u64 bytes);
int fs_fstat(int fd, struct fs_stat *st);
int fs_stat(const char *path, struct fs_stat *st);
/* 1 and the next entry, 0 at the end. fs_seek() to 0 begins again. */
int fs_readdir(int fd, struct fs_entry *entry);
int fs_unlink(const char *path);
int fs_rename(const char *from, const char *to);
int fs_mkdir(const char *path, u32 mode);
int fs_rmdir(const char *path);
int fs_chdir(const char *path);
int fs_getcwd(char *buf, size_t n);
int fs_readlink(const char *path, char *buf, size_t n);
/* Where the bytes from offset (whole pages) on lie, if they lie in a row and stay there for good: a module's do. */
int fs_map(int fd, u64 offset, u64 bytes, const void **at);
