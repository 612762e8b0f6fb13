/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps.c: what mmap() and its family do, and refuse to do, over memory and over files.
 *
 *     maps memory | file    ends with 0; with 1 if something was wrong, and then says so
 *     maps none | module    touches what must not be touched; does not come back
 *
 * Files are the first boot module, and one that is made in /.
 */
#include "guest.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW   (PROT_READ | PROT_WRITE)

static unsigned wrong;

int main(int argc, char **argv);

static void expect_at(int line, bool claim)
{
    if (!claim)
        printf("maps: line %d: not true, errno %d\n", line, errno);
    wrong += !claim;
}

#define expect(claim)      expect_at(__LINE__, claim)
#define refused(call, why) (errno = 0, expect((call) && errno == (why)))

static bool is_zero(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

/* Pages that a program can get, as pages of one mapping each; what it got is given back. */
static size_t pages_there(void)
{
    void **list = NULL, **p;
    size_t n = 0;

    for (; (p = mmap(NULL, 16 * PAGE_SIZE, RW, ANON, -1, 0)) != MAP_FAILED; n++) {
        *p = list;
        list = p;
    }
    for (; list; list = p) {
        p = *list;
        expect(!munmap(list, 16 * PAGE_SIZE));
    }
    return n;
}

static void parts(void)
{
    char *p = mmap(NULL, 10 * PAGE_SIZE - 5, RW, ANON, -1, 0);

    expect(p != MAP_FAILED && is_zero(p, 10 * PAGE_SIZE));
    memset(p, 1, 10 * PAGE_SIZE);
    expect(!munmap(p + 3 * PAGE_SIZE, 2 * PAGE_SIZE));
    expect(!munmap(p, 10 * PAGE_SIZE) && !munmap(p, 10 * PAGE_SIZE));
    refused(munmap(p + 1, PAGE_SIZE) == -1, EINVAL);
    refused(munmap(p, 0) == -1, EINVAL);
    expect(!munmap((void *)ROUND_DOWN((uintptr_t)main, PAGE_SIZE),
                   PAGE_SIZE)); /* was never mapped: nothing happens */
}

static void protection(void)
{
    char *p = mmap(NULL, 8 * PAGE_SIZE, PROT_NONE, ANON, -1, 0);

    expect(!mprotect(p + PAGE_SIZE, 2 * PAGE_SIZE, RW));
    memset(p + PAGE_SIZE, 2, 2 * PAGE_SIZE);
    expect(!mprotect(p + PAGE_SIZE, PAGE_SIZE, PROT_READ));
    expect(p[PAGE_SIZE] == 2);
    refused(mprotect(p, 9 * PAGE_SIZE, RW) == -1, ENOMEM);
    refused(mprotect(p + 1, PAGE_SIZE, RW) == -1, EINVAL);
    expect(mmap(p + PAGE_SIZE, PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0) == p + PAGE_SIZE);
    expect(is_zero(p + PAGE_SIZE, PAGE_SIZE) && p[2 * PAGE_SIZE] == 2);
    expect(!madvise(p, 8 * PAGE_SIZE, MADV_SEQUENTIAL) && !msync(p, PAGE_SIZE, MS_SYNC) &&
           !mlock(p, PAGE_SIZE));
    expect(!munmap(p, 8 * PAGE_SIZE));
    refused(mmap(p, PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED, ENOMEM);
    refused(madvise(p, PAGE_SIZE, MADV_NORMAL) == -1, ENOMEM);
}

static void memory(void)
{
    size_t before = pages_there();

    parts();
    protection();
    refused(mmap(NULL, 0, RW, ANON, -1, 0) == MAP_FAILED, EINVAL);
    refused(mmap(NULL, SIZE_MAX, RW, ANON, -1, 0) == MAP_FAILED, ENOMEM);
    refused(mmap(NULL, SIZE_MAX / 2, RW, ANON, -1, 0) == MAP_FAILED, ENOMEM);
    refused(mmap(NULL, PAGE_SIZE, RW, MAP_ANONYMOUS, -1, 0) == MAP_FAILED, EINVAL);
    refused(mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 77, 0) == MAP_FAILED, EBADF);
    expect(pages_there() + 1 >= before); /* page tables stay */
}

static int open_module(void)
{
    char path[300] = "/module/";
    DIR *dir = opendir("/module");
    struct dirent *e;
    int fd = -1;

    while (dir && fd < 0 && (e = readdir(dir)))
        if (e->d_name[0] != '.')
            fd = open(strcat(path, e->d_name), O_RDONLY);
    if (dir)
        closedir(dir);
    expect(fd >= 0);
    return fd;
}

static void module_file(void)
{
    u64 bytes;
    const char *module = module_data(0, &bytes);
    int fd = open_module();
    size_t part = 3 * PAGE_SIZE;
    char *p = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0), *q, old;

    expect(p == module); /* the bytes themselves */
    refused(mprotect(p, part, RW) == -1, EACCES);
    expect(!mprotect(p, part, PROT_READ) && !munmap(p, bytes));
    p = mmap(NULL, part, RW, MAP_PRIVATE, fd, PAGE_SIZE);
    q = mmap(NULL, part, PROT_READ, MAP_PRIVATE, fd, PAGE_SIZE);
    expect(p != module + PAGE_SIZE && q == module + PAGE_SIZE && !memcmp(p, q, part));
    old = q[5];
    p[5] = (char)(old + 1);
    expect(q[5] == old);
    expect(!munmap(p, part));
    refused(mmap(NULL, part, RW, MAP_SHARED, fd, 0) == MAP_FAILED, EACCES);
    refused(mmap(NULL, part, PROT_READ, MAP_SHARED, fd, 1) == MAP_FAILED, EINVAL);
    close(fd);
}

static void made_file(void)
{
    int fd = open("/made", O_RDWR | O_CREAT, 0600);
    char *p;

    expect(write(fd, "words", 5) == 5);
    p = mmap(NULL, 2 * PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
    expect(p != MAP_FAILED && !memcmp(p, "words", 6) && is_zero(p + 5, 2 * PAGE_SIZE - 5));
    close(fd);
    expect(!memcmp(p, "words", 5) && !munmap(p, 2 * PAGE_SIZE));
    fd = open("/made", O_RDWR);
    refused(mmap(NULL, PAGE_SIZE, RW, MAP_SHARED, fd, 0) == MAP_FAILED, ENODEV);
    close(fd);
    fd = open("/made", O_WRONLY);
    refused(mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED, EACCES);
    close(fd);
    fd = open("/dev/zero", O_RDWR);
    refused(mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED, ENODEV);
    close(fd);
}

static void touch_none(void)
{
    volatile char *p = mmap(NULL, 4 * PAGE_SIZE, PROT_NONE, ANON, -1, 0);

    printf("maps: will read %p\n", (void *)p);
    wrong += !p[PAGE_SIZE] + 1u;
}

static void touch_module(void)
{
    volatile char *p = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, open_module(), 0);

    printf("maps: will write %p\n", (void *)p);
    p[1] = 1;
    wrong++;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (!strcmp(what, "memory"))
        memory();
    if (!strcmp(what, "file")) {
        module_file();
        made_file();
    }
    if (!strcmp(what, "none"))
        touch_none();
    if (!strcmp(what, "module"))
        touch_module();
    printf("maps: %s\n", wrong ? "wrong" : "all right");
    return wrong ? 1 : 0;
}
