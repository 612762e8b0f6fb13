/* SPDX-License-Identifier: BSD-2-Clause */
/* dir.c: POSIX's dirent.h: a directory that is being read is a descriptor, and room for one entry. */
#include "fs.h"
#include "result.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dir {
    int fd;
    struct dirent entry;
};

static DIR *dir_of(int fd)
{
    DIR *d = fd < 0 ? NULL : malloc(sizeof(*d));

    if (d)
        d->fd = fd;
    return d;
}

DIR *opendir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    DIR *d = dir_of(fd);

    if (!d && fd >= 0)
        close(fd);
    return d;
}

DIR *fdopendir(int fd)
{
    char path[FS_PATH_MAX];
    int error = fs_path(fd, path, sizeof(path));

    return libc_result(error == -E_NOENT ? 0 : error) ? NULL : dir_of(fd);
}

static unsigned char type_of(enum fs_type type)
{
    switch (type) {
    case FS_FILE:
        return DT_REG;
    case FS_DIR:
        return DT_DIR;
    case FS_DEVICE:
        return DT_CHR;
    case FS_LINK:
        return DT_LNK;
    }
    return DT_UNKNOWN;
}

/* 1 and an entry, 0 at the end, or an error. */
static int next(DIR *d, struct dirent *entry)
{
    struct fs_entry e;
    int result = fs_readdir(d->fd, &e);

    if (result <= 0)
        return result;
    entry->d_ino = (ino_t)e.inode;
    entry->d_type = type_of(e.type);
    strcpy(entry->d_name, e.name);
    return result;
}

struct dirent *readdir(DIR *d)
{
    return libc_result(next(d, &d->entry)) > 0 ? &d->entry : NULL;
}

int readdir_r(DIR *__restrict d, struct dirent *__restrict entry, struct dirent **__restrict result)
{
    int found = next(d, entry);

    *result = found > 0 ? entry : NULL;
    return found < 0 ? -found : 0;
}

void rewinddir(DIR *d)
{
    (void)fs_seek(d->fd, 0, FS_SET);
}

long telldir(DIR *d)
{
    return libc_result(fs_seek(d->fd, 0, FS_CUR));
}

void seekdir(DIR *d, long place)
{
    (void)fs_seek(d->fd, place, FS_SET);
}

int dirfd(DIR *d)
{
    return d->fd;
}

int closedir(DIR *d)
{
    int fd = d->fd;

    free(d);
    return close(fd);
}

int alphasort(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}
