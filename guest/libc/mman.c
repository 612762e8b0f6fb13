/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mman.c: POSIX's memory mappings where all memory is at its physical address: docs/memory.md says what that leaves.
 *
 * What is mapped is either memory of its own, cleared or filled with a copy of the file, or, for a file whose bytes lie
 * in a module and will only be read, these bytes themselves.
 */
#include "fs.h"
#include "mapped.h"
#include "result.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static enum karch_access access_of(int prot)
{
    if (prot & PROT_WRITE)
        return KACCESS_WRITE;
    return prot & (PROT_READ | PROT_EXEC) ? KACCESS_READ : KACCESS_NONE;
}

static void *no_map(int why)
{
    errno = why;
    return MAP_FAILED;
}

/* 0 or -E_… . The copy is complete, or ends where the file does. */
static int copy_file(u8 *to, size_t bytes, int fd, u64 offset)
{
    while (bytes) {
        s64 n = fs_pread(fd, to, bytes, offset);

        if (n <= 0)
            return (int)n;
        to += n;
        bytes -= (size_t)n;
        offset += (u64)n;
    }
    return 0;
}

/* The file's own bytes, if they are there for good; else NULL. From now on nobody can write to them. */
static void *in_place(size_t bytes, int fd, u64 offset, const struct fs_stat *st)
{
    const void *at;

    if (offset >= st->bytes || bytes > ROUND_UP(st->bytes, PAGE_SIZE) - offset)
        return NULL;
    if (fs_map(fd, offset, MIN(bytes, st->bytes - offset), &at) || (uintptr_t)at & PAGE_MASK)
        return NULL;
    return mem_protect((void *)(uintptr_t)at, bytes / PAGE_SIZE, KACCESS_READ) ? (void *)(uintptr_t)at : NULL;
}

/* New memory, or, with MAP_FIXED, memory that was mapped before and is cleared. */
static void *own_pages(void *addr, size_t bytes, int flags)
{
    if (!(flags & MAP_FIXED))
        return mapped_new(bytes / PAGE_SIZE);
    if (!mapped_all(addr, bytes) || !mem_protect(addr, bytes / PAGE_SIZE, KACCESS_WRITE))
        return NULL;
    return memset(addr, 0, bytes);
}

/* Whether the file may be mapped like this: 0, or what errno becomes. */
static int refusal(int prot, int flags, int fd, struct fs_stat *st)
{
    int why = fs_fstat(fd, st);

    if (why)
        return -why;
    if (!(fs_flags(fd) & FS_READ))
        return EACCES;
    if (st->type != FS_FILE)
        return ENODEV;
    if (flags & MAP_SHARED && prot & PROT_WRITE)
        return fs_flags(fd) & FS_WRITE ? ENODEV : EACCES;
    return 0;
}

static void *map_file(void *addr, size_t bytes, int prot, int flags, int fd, u64 offset)
{
    struct fs_stat st;
    int why = refusal(prot, flags, fd, &st);
    void *p;

    if (why)
        return no_map(why);
    p = prot & PROT_READ && !(prot & PROT_WRITE) && !(flags & MAP_FIXED) ? in_place(bytes, fd, offset, &st)
                                                                         : NULL;
    if (p)
        return p;
    if (flags & MAP_SHARED)
        return no_map(ENODEV);
    p = own_pages(addr, bytes, flags);
    if (!p)
        return no_map(ENOMEM);
    why = copy_file(p, bytes, fd, offset);
    if (!why && (access_of(prot) == KACCESS_WRITE || mem_protect(p, bytes / PAGE_SIZE, access_of(prot))))
        return p;
    munmap(p, bytes);
    return no_map(why ? -why : ENOMEM);
}

static void *map_memory(void *addr, size_t bytes, int prot, int flags)
{
    void *p = own_pages(addr, bytes, flags);

    if (!p)
        return no_map(ENOMEM);
    if (access_of(prot) == KACCESS_WRITE || mem_protect(p, bytes / PAGE_SIZE, access_of(prot)))
        return p;
    munmap(p, bytes);
    return no_map(ENOMEM);
}

void *mmap(void *addr, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    size_t whole = ROUND_UP(bytes, PAGE_SIZE);
    bool is_shared = flags & MAP_SHARED, is_private = flags & MAP_PRIVATE;

    if (!bytes || offset & (off_t)PAGE_MASK || offset < 0 || is_shared == is_private)
        return no_map(EINVAL);
    if (flags & MAP_FIXED && (uintptr_t)addr & PAGE_MASK)
        return no_map(EINVAL);
    if (whole < bytes)
        return no_map(ENOMEM);
    return flags & MAP_ANONYMOUS ? map_memory(addr, whole, prot, flags)
                                 : map_file(addr, whole, prot, flags, fd, (u64)offset);
}

/* Rounds *bytes up to pages; is the range one of whole pages that does not wrap? */
static bool is_range(const void *addr, size_t *bytes)
{
    *bytes = ROUND_UP(*bytes, PAGE_SIZE);
    return !((uintptr_t)addr & PAGE_MASK) && *bytes <= UINTPTR_MAX - (uintptr_t)addr;
}

int munmap(void *addr, size_t bytes)
{
    int why;

    if (!bytes || !is_range(addr, &bytes) || !bytes)
        return libc_failed(EINVAL);
    why = mapped_free(addr, bytes);
    return why ? libc_failed(-why) : 0;
}

int mprotect(void *addr, size_t bytes, int prot)
{
    if (!is_range(addr, &bytes))
        return libc_failed(EINVAL);
    if (!bytes)
        return 0;
    if (mapped_module(addr, bytes))
        return access_of(prot) == KACCESS_READ ? 0 : libc_failed(EACCES);
    if (mapped_all(addr, bytes) && mem_protect(addr, bytes / PAGE_SIZE, access_of(prot)))
        return 0;
    return libc_failed(ENOMEM);
}

/* The calls below change nothing here; they only look whether there is something that they are about. */

static int is_there(const void *addr, size_t bytes)
{
    if (!is_range(addr, &bytes))
        return EINVAL;
    return !bytes || mapped_all(addr, bytes) || mapped_module(addr, bytes) ? 0 : ENOMEM;
}

/* No mapping is both written to and a file's. */
int msync(void *addr, size_t bytes, int flags)
{
    int why = flags & ~(MS_ASYNC | MS_SYNC | MS_INVALIDATE) || (flags & MS_ASYNC && flags & MS_SYNC)
                  ? EINVAL
                  : is_there(addr, bytes);

    return why ? libc_failed(why) : 0;
}

int posix_madvise(void *addr, size_t bytes, int advice)
{
    return advice < POSIX_MADV_NORMAL || advice > POSIX_MADV_DONTNEED ? EINVAL : is_there(addr, bytes);
}

/* Programs for Linux expect zeros after MADV_DONTNEED, which the POSIX advice of that name does not promise. */
int madvise(void *addr, size_t bytes, int advice)
{
    int why = advice == MADV_DONTNEED ? EINVAL : posix_madvise(addr, bytes, advice);

    return why ? libc_failed(why) : 0;
}

/* This system never takes a page of memory away. What its host does is not in its power. */
int mlock(const void *addr, size_t bytes)
{
    (void)addr;
    (void)bytes;
    return 0;
}

int munlock(const void *addr, size_t bytes)
{
    (void)addr;
    (void)bytes;
    return 0;
}

int mlockall(int flags)
{
    return flags & ~(MCL_CURRENT | MCL_FUTURE) || !flags ? libc_failed(EINVAL) : 0;
}

int munlockall(void)
{
    return 0;
}
