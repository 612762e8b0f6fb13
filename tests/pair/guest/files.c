/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * files.c: files as a program of the C library sees them: the read-only tree of a module, and what it makes itself.
 *
 *     files [tree=FOLDER] [threads=N] [rounds=N] [fill=yes] [has=PATH] [lacks=PATH]
 *
 * FOLDER holds what tests/pair/disks.py packs: `text`, its second name `second`, `link` to it, and `dir/numbered`, of
 * whose pages each holds nothing but its own number. `has` and
 * `lacks` name a file that shall be there, and one that shall not. Then threads read
 * random pages of it, each through its own descriptor or one that all share, and write, check, rename over one another
 * and unlink files in /tmp. fill writes until memory is out. Ends with 0, or 1 if anything was not as POSIX has it.
 */
#include "guest.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utime.h>

#define THREADS_MAX 32
#define TMP         "/tmp"
#define PAGE_WORDS  (PAGE_SIZE / sizeof(u64))
#define TEXT        "The quick brown fox\njumps over the lazy dog\n"

static struct {
    const char *tree, *has, *lacks;
    unsigned threads, rounds;
    bool fill;
    u32 wrong;
    int shared; /* descriptor of dir/numbered */
    u64 pages;
} test = {.threads = 8, .rounds = 100, .shared = -1};

static void tell(int line, const char *what)
{
    printf("files: line %d: not true: %s (%s)\n", line, what, strerror(errno));
    at_add(&test.wrong, 1);
}

#define claim(what)      ((what) ? (void)0 : tell(__LINE__, #what))
#define fails(call, why) claim((errno = 0, (call) == -1) && errno == (why))

static const char *in_tree(char path[FILENAME_MAX], const char *name)
{
    snprintf(path, FILENAME_MAX, "%s/%s", test.tree, name);
    return path;
}

static bool holds(const char *path, const char *text)
{
    char line[100], all[200] = "";
    FILE *f = fopen(path, "r");

    while (f && fgets(line, sizeof(line), f) && strlen(all) + strlen(line) < sizeof(all))
        strcat(all, line);
    return f && !fclose(f) && !strcmp(all, text);
}

static unsigned entries(const char *path, unsigned char type)
{
    DIR *d = opendir(path);
    struct dirent *e;
    unsigned n = 0;

    while (d && (e = readdir(d)))
        n += e->d_name[0] != '.' && e->d_type == type;
    claim(d && !closedir(d));
    return n;
}

static void read_tree(void)
{
    char path[FILENAME_MAX], to[FILENAME_MAX];
    struct stat st, second;

    claim(holds(in_tree(path, "text"), TEXT));
    claim(holds(in_tree(path, "link"), TEXT));
    claim(!stat(in_tree(path, "text"), &st) && S_ISREG(st.st_mode) && st.st_size == sizeof(TEXT) - 1);
    claim(!stat(in_tree(path, "second"), &second) && second.st_ino == st.st_ino && st.st_nlink == 2);
    claim(!lstat(in_tree(path, "link"), &st) && S_ISLNK(st.st_mode));
    claim(readlink(path, to, sizeof(to)) == 4 && !memcmp(to, "text", 4));
    claim(entries(test.tree, DT_DIR) >= 1 && entries(test.tree, DT_LNK) == 1);
    fails(open(in_tree(path, "text"), O_RDWR), EROFS);
    fails(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644), EROFS);
    fails(unlink(path), EROFS);
    fails(rename(path, TMP "/x"), EROFS);
    fails(access(path, W_OK), EROFS);
    fails(truncate(path, 0), EROFS);
    claim(!fopen(path, "a") && errno == EROFS);
    claim(!access(path, R_OK));
    fails(open(in_tree(path, "none"), O_RDONLY), ENOENT);
    fails(open(in_tree(path, "text/none"), O_RDONLY), ENOTDIR);
    test.shared = open(in_tree(path, "dir/numbered"), O_RDONLY);
    claim(test.shared >= 0 && !fstat(test.shared, &st));
    test.pages = (u64)st.st_size / PAGE_SIZE;
    claim(test.pages > 100);
}

static void own_files(void)
{
    char name[] = TMP "/ownXXXXXX", buf[20];
    struct iovec parts[] = {{"1234", 4}, {"", 0}, {"5678", 4}};
    int fd = mkstemp(name), other;
    struct stat st;
    FILE *f;

    claim(fd > 2 && writev(fd, parts, 3) == 8 && lseek(fd, -4, SEEK_END) == 4 && read(fd, buf, 10) == 4);
    claim(!memcmp(buf, "5678", 4) && pread(fd, buf, 3, 2) == 3 && !memcmp(buf, "345", 3));
    claim(pwrite(fd, "x", 1, 100) == 1 && !fstat(fd, &st) && st.st_size == 101 && !ftruncate(fd, 6));
    claim(!unlink(name) && pread(fd, buf, 10, 0) == 6 && !memcmp(buf, "123456", 6) && !access("/tmp", W_OK));
    fails(stat(name, &st), ENOENT);
    other = dup(fd);
    claim(other > fd && lseek(other, 3, SEEK_SET) == 3 && read(fd, buf, 1) == 1 && buf[0] == '4');
    claim(fcntl(fd, F_GETFL) == O_RDWR && !fcntl(fd, F_SETFL, O_APPEND) && write(other, "7", 1) == 1);
    claim(pread(fd, buf, 20, 0) == 7 && !close(fd) && !close(other));
    fails(close(fd), EBADF);
    f = fopen(TMP "/a", "w+");
    claim(f && fprintf(f, "%s%d", "text ", 5) == 6 && !fseek(f, 1, SEEK_SET) && fgetc(f) == 'e' &&
          ftell(f) == 2);
    claim(!fclose(f) && holds(TMP "/a", "text 5"));
    f = fopen(TMP "/b", "w");
    claim(f && fputs("other", f) >= 0 && !fclose(f) && !rename(TMP "/b", TMP "/a") &&
          holds(TMP "/a", "other"));
    f = tmpfile();
    claim(f && fwrite(name, 1, sizeof(name), f) == sizeof(name) && !fseek(f, -3, SEEK_CUR) && !fclose(f));
    claim(!mkdir(TMP "/dir", 0777) && !stat(TMP "/dir", &st) && S_ISDIR(st.st_mode) &&
          (st.st_mode & 0777) == 0755);
    claim(!chdir(TMP "/dir") && !rename("../a", "b") && getcwd(buf, sizeof(buf)) && !strcmp(buf, TMP "/dir"));
    fails(rmdir(TMP "/dir"), ENOTEMPTY);
    fails(unlink(TMP "/dir"), EISDIR);
    claim(!remove("b") && !chdir("..") && !remove("dir") && !isatty(open("/dev/null", O_RDWR)) && isatty(0));
    claim(entries("/tmp", DT_REG) == 0 && entries("/dev", DT_CHR) == 5);
}

/* Names below an open directory, other names, times, and a place in a directory to come back to. */
static void other_calls(void)
{
    int dir = open(TMP, O_RDONLY | O_DIRECTORY), fd = openat(dir, "file", O_RDWR | O_CREAT, 0666);
    struct utimbuf then = {1000, 2000};
    struct timespec times[2] = {{1, 0}, {3000, 500}};
    struct dirent *e;
    struct stat st;
    char buf[20];
    long place = 0;
    DIR *d;

    claim(!fstatat(dir, "file", &st, 0) && (st.st_mode & 0777) == 0644 && st.st_mtime > 0);
    claim(!utime(TMP "/file", &then) && !fstat(fd, &st) && st.st_mtime == 2000);
    claim(!futimens(fd, times) && !fstat(fd, &st) && st.st_mtime == 3000 && st.st_mtim.tv_nsec == 500);
    claim(!fchmod(fd, 0600) && !fstat(fd, &st) && (st.st_mode & 0777) == 0600 && !chmod(TMP "/file", 0700));
    claim(!access(TMP "/file", X_OK) && !link(TMP "/file", TMP "/again") && !fstat(fd, &st) &&
          st.st_nlink == 2);
    claim(!symlinkat("again", dir, "soft") && readlinkat(dir, "soft", buf, sizeof(buf)) == 5 && !fchdir(dir));
    d = opendir(".");
    claim(d && readdir(d) && readdir(d) && (place = telldir(d)) && (e = readdir(d)) &&
          !strcmp(e->d_name, "file"));
    seekdir(d, place);
    claim((e = readdir(d)) && !strcmp(e->d_name, "file") && readdir(d) && readdir(d) && !readdir(d));
    rewinddir(d);
    claim((e = readdir(d)) && !strcmp(e->d_name, ".") && !closedir(d));
    claim(!unlinkat(dir, "soft", 0) && !unlink("again") && !unlink("file") && !mkdirat(dir, "below", 0700));
    claim(!unlinkat(dir, "below", AT_REMOVEDIR) && !close(fd) && !close(dir) && !chdir("/"));
    fails(ioctl(1, TIOCGWINSZ, buf), ENOTTY);
    fails(openat(dir, "file", O_RDONLY), EBADF);
}

/* Until memory is out; then all is as before. */
static void fill_up(void)
{
    static char block[64 * KiB];
    u64 sum[2] = {0, 0};

    for (unsigned i = 0; i < 2; i++) {
        int fd = open(TMP "/full", O_RDWR | O_CREAT, 0600);
        ssize_t n;

        while ((n = write(fd, block, sizeof(block))) > 0)
            sum[i] += (u64)n;
        claim(n == -1 && errno == ENOSPC && lseek(fd, 0, SEEK_END) == (off_t)sum[i]);
        claim(!unlink(TMP "/full") && !close(fd));
    }
    printf("files: full after %lu KiB, and again after %lu KiB\n", sum[0] / KiB, sum[1] / KiB);
    claim(sum[1] + MiB > sum[0]);
}

static u64 next_random(u64 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static void read_page(int fd, u64 page)
{
    u64 words[PAGE_WORDS];

    claim(pread(fd, words, PAGE_SIZE, (off_t)(page * PAGE_SIZE)) == PAGE_SIZE);
    claim(words[0] == page && words[PAGE_WORDS - 1] == page);
}

/* All threads rename their file over the same one: it is always a whole one. */
static void one_round(unsigned me, unsigned round, u64 *random)
{
    char mine[40], text[40], seen[40] = "";
    int fd, n = snprintf(text, sizeof(text), "thread %u round %u", me, round);

    snprintf(mine, sizeof(mine), TMP "/thread-%u", me);
    fd = open(mine, O_RDWR | O_CREAT | O_EXCL, 0600);
    claim(fd >= 0 && write(fd, text, (size_t)n) == n && pread(fd, seen, sizeof(seen), 0) == n &&
          !strcmp(seen, text));
    claim(!rename(mine, TMP "/common") && !close(fd));
    memset(seen, 0, sizeof(seen));
    fd = open(TMP "/common", O_RDONLY);
    claim(fd >= 0 && read(fd, seen, sizeof(seen) - 1) > 0 && !strncmp(seen, "thread ", 7) &&
          strstr(seen, " round "));
    claim(!close(fd));
    if (test.pages)
        read_page(test.shared, next_random(random) % test.pages);
}

static void work(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    char path[FILENAME_MAX];
    u64 random = 0x9e3779b97f4a7c15ull * (me + 1);
    int own = test.tree ? open(in_tree(path, "dir/numbered"), O_RDONLY) : -1;

    for (unsigned round = 0; round < test.rounds; round++) {
        one_round(me, round, &random);
        if (own >= 0)
            read_page(own, next_random(&random) % test.pages);
    }
    claim(!test.tree || !close(own));
}

static void all_threads(void)
{
    struct thread *threads[THREADS_MAX];

    for (unsigned i = 0; i < test.threads; i++) {
        threads[i] = thread_create(work, (void *)(uintptr_t)i);
        claim(threads[i]);
    }
    for (unsigned i = 0; i < test.threads; i++)
        if (threads[i])
            thread_join(threads[i]);
    claim(!unlink(TMP "/common") && entries("/tmp", DT_REG) == 0);
}

static void print_counters(void)
{
    struct fl_stats host;

    if (host_stats(&host, 0))
        printf("files: host: not_present=%lu reads=%lu\n", host.not_present, host.reads);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "tree=", 5))
            test.tree = argv[i] + 5;
        else if (!strncmp(argv[i], "has=", 4))
            test.has = argv[i] + 4;
        else if (!strncmp(argv[i], "lacks=", 6))
            test.lacks = argv[i] + 6;
        else if (!strncmp(argv[i], "threads=", 8))
            test.threads = (unsigned)strtoul(argv[i] + 8, NULL, 10) % (THREADS_MAX + 1);
        else if (!strncmp(argv[i], "rounds=", 7))
            test.rounds = (unsigned)strtoul(argv[i] + 7, NULL, 10);
        else if (!strcmp(argv[i], "fill=yes"))
            test.fill = true;
    }
    claim(!test.has || !access(test.has, R_OK));
    if (test.lacks)
        fails(access(test.lacks, F_OK), ENOENT);
    if (test.tree)
        read_tree();
    own_files();
    other_calls();
    all_threads();
    if (test.fill)
        fill_up();
    print_counters();
    printf("files: %u wrong\n", test.wrong);
    return test.wrong ? 1 : 0;
}
