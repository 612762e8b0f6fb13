/* SPDX-License-Identifier: BSD-2-Clause */
/* files.c: the kernel below guest/fs, on one thread, and archives for it to read. */
#include "files.h"
#include "boot.h"
#include "con.h"
#include "irq.h"
#include "mem.h"
#include "panic.h"
#include "percpu.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_files fake_files;
struct percpu cpus[MAX_CPUS];

void fake_files_reset(void)
{
    size_t out = fake_files.pages_out;

    memset(&fake_files, 0, sizeof(fake_files));
    fake_files.pages_left = SIZE_MAX;
    fake_files.pages_out = out;
}

void *mem_pages(size_t n)
{
    void *pages;

    check(n == 1);
    if (!fake_files.pages_left)
        return NULL;
    fake_files.pages_left--;
    fake_files.pages_out++;
    pages = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
    return memset(pages, 0xa5, PAGE_SIZE);
}

void mem_pages_free(void *pages, size_t n)
{
    check(n == 1);
    fake_files.pages_left += fake_files.pages_left != SIZE_MAX;
    fake_files.pages_out--;
    free(pages);
}

void mutex_lock(struct mutex *m)
{
    m->depth++;
    fake_files.locks++;
}

void mutex_unlock(struct mutex *m)
{
    check(m->depth > 0);
    m->depth--;
    fake_files.locks--;
}

bool random_fill(void *buf, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((u8 *)buf)[i] = (u8)random();
    return !fake_files.no_chance;
}

u64 wall_start_ns(void)
{
    return FAKE_FILES_DATE;
}

u64 time_ns(void)
{
    return ++fake_files.now;
}

void con_write(const char *text, size_t n)
{
    check(fake_files.console_len + n < sizeof(fake_files.console));
    memcpy(fake_files.console + fake_files.console_len, text, n);
    fake_files.console_len += n;
}

size_t con_read(char *text, size_t n)
{
    n = MIN(n, strlen(fake_files.typed));
    memcpy(text, fake_files.typed, n);
    fake_files.typed += n;
    return n;
}

static void put(struct archive *a, const void *data, size_t n)
{
    check(a->bytes + n <= sizeof(a->data));
    memcpy(a->data + a->bytes, data, n);
    a->bytes = ROUND_UP(a->bytes + n, 4ul);
}

size_t archive_add_linked(struct archive *a, const char *name, u32 mode, const void *data, size_t n,
                          u32 inode, u32 links)
{
    char header[128];
    size_t at = a->bytes;
    int length =
        snprintf(header, sizeof(header), "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X",
                 inode, mode, 0, 0, links, 77, n, 8, 1, 0, 0, strlen(name) + 1, 0);

    check(length == 110);
    memcpy(a->data + at, header, 110);
    a->bytes = at + 110;
    put(a, name, strlen(name) + 1);
    put(a, data, n);
    return at;
}

size_t archive_add(struct archive *a, const char *name, u32 mode, const char *text)
{
    static u32 inode = 1000;

    return archive_add_linked(a, name, mode, text, strlen(text), ++inode, 1);
}

void archive_end(struct archive *a)
{
    archive_add_linked(a, "TRAILER!!!", 0, "", 0, 0, 1);
}

void archive_boot(const void *data, size_t bytes, const char *name)
{
    u8 *copy = malloc(bytes ? bytes : 1);

    memcpy(copy, data, bytes);
    boot_take_module((u64)(uintptr_t)copy, bytes, name);
}

void archive_unboot(void)
{
    while (boot.module_count)
        free((void *)(uintptr_t)boot.module[--boot.module_count].addr);
}
