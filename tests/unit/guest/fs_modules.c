/* SPDX-License-Identifier: BSD-2-Clause */
/* fs_modules.c: boot modules as files: what unfolds, what is refused, what a corrupt one leaves, what is touched. */
/* with: guest/fs/pages.c guest/fs/pool.c guest/fs/tree.c guest/fs/walk.c guest/fs/cpio.c guest/fs/module.c */
/* with: guest/fs/device.c guest/fs/fd.c guest/fs/io.c guest/fs/names.c guest/fs/stat.c guest/fs/dir.c */
/* with: guest/kern/boot.c guest/kern/panic.c tests/unit/guest/fake/machine.c tests/unit/guest/fake/files.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "boot.h"
#include "fake/files.h"
#include "fake/machine.h"
#include "fs.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TMP         "/tmp"
#define FUZZ_ROUNDS 150

static struct archive a;

/* The tree grows once in a program's life: each test lives in a process of its own. */
static void alone(void **state)
{
    pid_t child;
    int status;

    fflush(NULL);
    child = fork();
    if (!child) {
        fake_reset();
        fake_files_reset();
        fake.irqs_on = true;
        memset(&a, 0, sizeof(a));
        ((void (*)(void)) * state)();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* In a child, what cmocka wants to do when an assertion fails has nowhere to go. */
#define claim(what)                                                     \
    do {                                                                \
        if (!(what)) {                                                  \
            printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #what); \
            fflush(NULL);                                               \
            _exit(1);                                                   \
        }                                                               \
    } while (0)

static bool holds(const char *path, const char *text)
{
    char buf[256];
    int fd = fs_open(path, FS_READ, 0);
    s64 n = fd < 0 ? fd : fs_read(fd, buf, sizeof(buf));

    return fd >= 0 && n == (s64)strlen(text) && !memcmp(buf, text, (size_t)n) && !fs_close(fd);
}

static bool said(const char *text)
{
    return strstr(fake_files.console, text);
}

static void unfolds(void)
{
    char buf[64];
    struct fs_stat st;

    archive_add(&a, ".", ARCHIVE_DIR, "");
    archive_add(&a, "./etc/motd", ARCHIVE_FILE, "hello");
    archive_add(&a, "etc", 0040700, "");
    archive_add(&a, "/bin//tool/", ARCHIVE_DIR, "");
    archive_add(&a, "etc/link", ARCHIVE_LINK, "motd");
    archive_add(&a, "far", ARCHIVE_LINK, "../bin/./tool/../../etc//link");
    archive_add(&a, "whole", ARCHIVE_LINK, "/etc");
    archive_add(&a, "loop", ARCHIVE_LINK, "loop");
    archive_add(&a, "ping", ARCHIVE_LINK, "pong");
    archive_add(&a, "pong", ARCHIVE_LINK, "ping");
    archive_add(&a, "pipe", 0010644, "");
    archive_add_linked(&a, "one", ARCHIVE_FILE, "", 0, 9, 3);
    archive_add_linked(&a, "two", ARCHIVE_FILE, "same", 4, 9, 3);
    archive_add_linked(&a, "bin/three", ARCHIVE_FILE, "", 0, 9, 3);
    archive_end(&a);
    archive_add_linked(&a, "bin/four", ARCHIVE_FILE, "else", 4, 9, 2);
    archive_end(&a);
    archive_boot(a.data, a.bytes, "first");
    claim(holds("/etc/motd", "hello") && holds("etc/link", "hello") && holds("far", "hello"));
    claim(holds("whole/motd", "hello") && holds("whole/../etc/motd", "hello") &&
          holds("/../etc/motd", "hello"));
    claim(holds("one", "same") && holds("two", "same") && holds("bin/three", "same") &&
          holds("bin/four", "else"));
    claim(!fs_stat("one", true, &st) && st.links == 3 && st.fixed && st.mtime_ns == 77000000000);
    claim(!fs_stat("etc", true, &st) && st.type == FS_DIR && st.mode == 0700);
    claim(!fs_stat("bin/tool", true, &st) && st.type == FS_DIR);
    claim(!fs_stat("whole", false, &st) && st.type == FS_LINK && st.bytes == 4);
    claim(!fs_stat("whole/", false, &st) && st.type == FS_DIR);
    claim(fs_readlink("whole", buf, 3) == 3 && !memcmp(buf, "/et", 3));
    claim(fs_readlink("etc", buf, 3) == -E_INVAL);
    claim(fs_open("loop", FS_READ, 0) == -E_LOOP && fs_open("ping", FS_READ, 0) == -E_LOOP);
    claim(fs_open("whole", FS_READ | FS_NOFOLLOW, 0) == -E_LOOP);
    claim(fs_open("pipe", FS_READ, 0) == -E_NOENT);
    claim(fs_open("etc/motd/", FS_READ, 0) == -E_NOTDIR && fs_open("etc/motd/x", FS_READ, 0) == -E_NOTDIR);
    claim(fs_open("", FS_READ, 0) == -E_NOENT);
    claim(!*fake_files.console);
}

static void later_ones_replace_earlier_ones(void)
{
    archive_add(&a, "motd", ARCHIVE_FILE, "old");
    archive_add(&a, "motd", ARCHIVE_FILE, "older");
    archive_add(&a, "dev/null", ARCHIVE_FILE, "never");
    archive_end(&a);
    archive_boot(a.data, a.bytes, NULL);
    archive_boot("plain", 5, "boot/plain.txt and more");
    a.bytes = 0;
    archive_add(&a, "motd", ARCHIVE_FILE, "new");
    archive_end(&a);
    archive_boot(a.data, a.bytes, NULL);
    archive_boot("other", 5, "plain.txt");
    archive_boot("07070", 5, "");
    archive_boot("", 0, "empty");
    claim(holds("motd", "new") && holds("/module/plain.txt", "plain") && holds("/module/3", "other"));
    claim(holds("/module/4", "07070") && holds("/module/empty", "") && holds("/dev/null", ""));
    claim(!*fake_files.console);
}

static void stays_as_it_is(void)
{
    struct fs_stat st;
    int fd;

    archive_add(&a, "etc/motd", ARCHIVE_FILE, "hello");
    archive_add(&a, "link", ARCHIVE_LINK, "etc/motd");
    archive_end(&a);
    archive_boot(a.data, a.bytes, NULL);
    claim(fs_open("etc/motd", FS_WRITE, 0) == -E_ROFS && fs_open("link", FS_READ | FS_WRITE, 0) == -E_ROFS);
    claim(fs_open("etc/motd", FS_WRITE | FS_CREATE | FS_TRUNC, 0644) == -E_ROFS);
    claim(fs_open("etc/motd", FS_WRITE | FS_CREATE | FS_EXCL, 0644) == -E_EXIST);
    claim(fs_unlink("etc/motd") == -E_ROFS && fs_unlink("link") == -E_ROFS && fs_rmdir("etc") == -E_ROFS);
    claim(fs_rename("etc/motd", "x") == -E_ROFS && fs_rename("etc", "x") == -E_ROFS);
    claim(fs_chmod("etc/motd", 0) == -E_ROFS && fs_utime("etc/motd", true, 0) == -E_ROFS);
    claim(fs_rmdir("/") == -E_ROFS && fs_unlink("/") == -E_ISDIR && fs_unlink("/dev/null") == -E_ROFS);
    fd = fs_open("etc/new", FS_READ | FS_WRITE | FS_CREATE, 0600);
    claim(fd == 3 && fs_write(fd, "mine", 4) == 4 && holds("etc/new", "mine"));
    claim(fs_rename("etc/new", "etc/motd") == -E_ROFS && fs_rename("etc/new", "moved") == 0);
    claim(fs_link("etc/motd", "second") == 0 && holds("second", "hello") && fs_unlink("second") == 0);
    claim(fs_truncate(fs_open("etc/motd", FS_READ, 0), 0) == -E_INVAL);
    claim(!fs_fstat(fd, &st) && st.links == 1 && st.mode == 0600 && !st.fixed && st.blocks == 8);
    claim(st.mtime_ns > (s64)FAKE_FILES_DATE && st.mtime_ns < (s64)FAKE_FILES_DATE + 1000);
    claim(holds("etc/motd", "hello") && holds("link", "hello"));
}

static void corrupt(void)
{
    size_t at;

    archive_add(&a, "good", ARCHIVE_FILE, "hello");
    at = archive_add(&a, "bad", ARCHIVE_FILE, "hello");
    archive_end(&a);
    a.data[at + 20] = '?';
    archive_boot(a.data, a.bytes, "tools.cpio");
    a.bytes = 0;
    archive_add(&a, "also", ARCHIVE_FILE, "x");
    archive_add(&a, "also/below", ARCHIVE_FILE, "x");
    archive_boot(a.data, a.bytes, NULL);
    a.bytes = 0;
    archive_add(&a, "../out", ARCHIVE_FILE, "x");
    archive_boot(a.data, a.bytes, NULL);
    a.bytes = 0;
    archive_add(&a, "dev", ARCHIVE_FILE, "x");
    archive_boot(a.data, a.bytes, NULL);
    a.bytes = 0;
    archive_add(&a, "nothing", ARCHIVE_LINK, "");
    archive_boot(a.data, a.bytes, NULL);
    claim(holds("good", "hello") && holds("also", "x") && fs_open("bad", FS_READ, 0) == -E_NOENT);
    claim(said(
        "files: module 0 (tools.cpio), offset 144: not a hexadecimal digit; what follows it is left out\n"));
    claim(said(
        "files: module 1 (), offset 120: its path leads through what is no directory, or memory is out"));
    claim(said("files: module 2 (), offset 0: its path leads out of the archive"));
    claim(said("files: module 3 (), offset 0: there is a directory of this name"));
    claim(said("files: module 4 (), offset 0: no symbolic link can be so long"));
}

static void out_of_memory(void)
{
    char name[32];

    fake_files.pages_left = 4;
    for (unsigned i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "d%u/file", i);
        archive_add(&a, name, ARCHIVE_FILE, "x");
    }
    archive_end(&a);
    archive_boot(a.data, a.bytes, NULL);
    archive_boot("plain", 5, "plain");
    claim(holds("d0/file", "x") && fs_open("d299/file", FS_READ, 0) == -E_NOENT);
    claim(said("memory is out; what follows it is left out\n"));
    claim(fs_mkdir("/new", 0) == -E_NOSPC && fs_open(TMP "/new", FS_WRITE | FS_CREATE, 0) < 0);
}

/* An archive of which anything may be wrong leaves a tree that can be listed and read to its end. */
static void list(const char *path, unsigned depth)
{
    char below[FS_PATH_MAX + FS_NAME_MAX + 2], buf[256];
    struct fs_entry e;
    int fd = fs_open(path, FS_READ, 0);

    if (depth > 20)
        return;
    claim(fd >= 0);
    while (fs_readdir(fd, &e) == 1) {
        int file;

        snprintf(below, sizeof(below), "%s/%s", path, e.name);
        if (e.type == FS_DIR && e.name[0] != '.')
            list(below, depth + 1);
        if (e.type != FS_FILE)
            continue;
        file = fs_open(below, FS_READ, 0);
        claim(file >= 0 && fs_read(file, buf, sizeof(buf)) >= 0 && !fs_close(file));
    }
    claim(!fs_close(fd));
}

static unsigned fuzz_seed;

static void fuzz_once(void)
{
    archive_add(&a, "dir", ARCHIVE_DIR, "");
    archive_add(&a, "dir/file", ARCHIVE_FILE, "text of a file");
    archive_add(&a, "dir/link", ARCHIVE_LINK, "file");
    archive_add_linked(&a, "one", ARCHIVE_FILE, "", 0, 9, 2);
    archive_add_linked(&a, "two", ARCHIVE_FILE, "same", 4, 9, 2);
    archive_end(&a);
    srandom(fuzz_seed);
    for (long flips = random() % 6 + 1; flips; flips--)
        a.data[(size_t)random() % a.bytes] =
            random() % 3 ? (u8) "0123456789ABCDEF"[random() % 16] : (u8) "/.\0a"[random() % 4];
    archive_boot(a.data, a.bytes, "fuzz");
    list("/", 0);
}

static void fuzz(void **state)
{
    void *once = fuzz_once;

    (void)state;
    for (fuzz_seed = 1; fuzz_seed <= FUZZ_ROUNDS; fuzz_seed++)
        alone(&once);
}

static struct {
    u8 *data;
    size_t bytes;
    unsigned absent; /* pages that were touched for the first time */
    bool strict;     /* nobody may hold a lock then */
} lazy;

/* A page comes when it is touched. */
static void page_in(int signal, siginfo_t *info, void *context)
{
    u8 *page = (u8 *)ROUND_DOWN((uintptr_t)info->si_addr, PAGE_SIZE);

    (void)signal;
    (void)context;
    claim(page >= lazy.data && page < lazy.data + lazy.bytes);
    claim(!lazy.strict || (!fake_files.locks && fake.irqs_on));
    lazy.absent++;
    mprotect(page, PAGE_SIZE, PROT_READ);
}

static void absent_pages(void)
{
    struct sigaction action = {.sa_sigaction = page_in, .sa_flags = SA_SIGINFO};
    static u8 big[5 * PAGE_SIZE], buf[5 * PAGE_SIZE];
    const void *at;
    int fd;

    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (u8)(i / 7);
    archive_add_linked(&a, "big", ARCHIVE_FILE, big, sizeof(big), 1, 1);
    archive_end(&a);
    lazy.bytes = ROUND_UP(a.bytes, PAGE_SIZE);
    lazy.data = mmap(NULL, lazy.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(lazy.data, a.data, a.bytes);
    mprotect(lazy.data, lazy.bytes, PROT_NONE);
    sigaction(SIGSEGV, &action, NULL);
    boot_take_module((u64)(uintptr_t)lazy.data, a.bytes, NULL);
    claim(fs_write(1, "out", 3) == 3 && lazy.absent == 0);
    fd = fs_open("big", FS_READ, 0);
    claim(fd == 3 && lazy.absent == 2); /* the header, and the one that follows the data */
    lazy.strict = true;
    claim(fs_map(fd, 0, PAGE_SIZE, &at) == -E_NODEV); /* the data begins within a page */
    claim(fs_pread(fd, buf, 2 * PAGE_SIZE, PAGE_SIZE) == 2 * PAGE_SIZE && lazy.absent == 5);
    claim(!memcmp(buf, big + PAGE_SIZE, 2 * PAGE_SIZE));
    claim(fs_read(fd, buf, sizeof(buf)) == sizeof(buf) && !memcmp(buf, big, sizeof(buf)) && lazy.absent == 6);
}

static void maps_the_bytes_themselves(void)
{
    static u8 page[3 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
    const void *at = NULL;
    int fd;

    boot_take_module((u64)(uintptr_t)page, 2 * PAGE_SIZE + 5, "data");
    fd = fs_open("/module/data", FS_READ, 0);
    claim(fs_map(fd, 0, 3 * PAGE_SIZE, &at) == 0 && at == page);
    claim(fs_map(fd, 2 * PAGE_SIZE, 5, &at) == 0 && at == page + 2 * PAGE_SIZE);
    claim(fs_map(fd, 3 * PAGE_SIZE, 1, &at) == -E_NODEV &&
          fs_map(fd, PAGE_SIZE, 3 * PAGE_SIZE, &at) == -E_NODEV);
    claim(fs_map(fd, UINT64_MAX - PAGE_SIZE + 1, PAGE_SIZE, &at) == -E_NODEV);
    claim(fs_map(fd, PAGE_SIZE, UINT64_MAX, &at) == -E_NODEV && fs_map(9, 0, 1, &at) == -E_BADF);
    fd = fs_open(TMP "/mine", FS_READ | FS_WRITE | FS_CREATE, 0600);
    claim(fs_write(fd, page, PAGE_SIZE) == PAGE_SIZE && fs_map(fd, 0, PAGE_SIZE, &at) == -E_NODEV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"unfolds", alone, NULL, NULL, unfolds},
        {"later_ones_replace_earlier_ones", alone, NULL, NULL, later_ones_replace_earlier_ones},
        {"stays_as_it_is", alone, NULL, NULL, stays_as_it_is},
        {"corrupt", alone, NULL, NULL, corrupt},
        {"out_of_memory", alone, NULL, NULL, out_of_memory},
        {"absent_pages", alone, NULL, NULL, absent_pages},
        {"maps_the_bytes_themselves", alone, NULL, NULL, maps_the_bytes_themselves},
        cmocka_unit_test(fuzz),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
