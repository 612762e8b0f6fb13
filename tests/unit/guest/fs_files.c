/* SPDX-License-Identifier: BSD-2-Clause */
/* fs_files.c: descriptors, devices, directories that are read while they change, and where one is. */
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
#include <string.h>

#define TMP "/tmp"

static char buf[FS_PATH_MAX];

static int setup(void **state)
{
    (void)state;
    fake_files_reset();
    return fs_chdir("/tmp");
}

static int make(const char *path)
{
    int fd = fs_open(path, FS_READ | FS_WRITE | FS_CREATE | FS_EXCL, 0600);

    assert_in_range(fd, 3, FS_OPEN_MAX);
    return fd;
}

static void console(void **state)
{
    struct fs_stat st;

    (void)state;
    fake_files.typed = "typed";
    assert_int_equal(fs_write(1, "one ", 4), 4);
    assert_int_equal(fs_write(2, "two", 3), 3);
    assert_string_equal(fake_files.console, "one two");
    assert_int_equal(fs_read(0, buf, 3), 3);
    assert_memory_equal(buf, "typ", 3);
    assert_int_equal(fs_seek(1, 0, FS_SET), -E_SPIPE);
    assert_int_equal(fs_pread(0, buf, 1, 0), -E_SPIPE);
    assert_int_equal(fs_pwrite(1, buf, 1, 0), -E_SPIPE);
    assert_int_equal(fs_fstat(0, &st), 0);
    assert_int_equal(st.type, FS_DEVICE);
    assert_int_equal(st.device, FS_CONSOLE);
    assert_int_equal(fs_truncate(1, 0), -E_INVAL);
}

static void console_somewhere_else(void **state)
{
    int fd = make("log"), kept = fs_dup(1, 0);

    (void)state;
    assert_int_equal(fs_dup_to(fd, 1), 1);
    assert_int_equal(fs_write(1, "text", 4), 4);
    assert_int_equal(fs_pread(fd, buf, 10, 0), 4);
    assert_int_equal(fs_dup_to(kept, 1), 1);
    assert_int_equal(fs_write(1, "back", 4), 4);
    assert_string_equal(fake_files.console, "back");
    assert_int_equal(fs_close(0), 0);
    assert_int_equal(fs_write(0, "x", 1), -E_BADF);
    assert_int_equal(fs_open("/dev/console", FS_READ | FS_WRITE, 0), 0);
    assert_int_equal(fs_close(kept) | fs_close(fd) | fs_unlink("log"), 0);
}

static void other_devices(void **state)
{
    char other[32] = {0};
    int zero = fs_open("/dev/zero", FS_READ | FS_WRITE, 0),
        null = fs_open("/dev/null", FS_READ | FS_WRITE, 0);
    int random = fs_open("/dev/random", FS_READ, 0);

    (void)state;
    memset(buf, 1, 32);
    assert_int_equal(fs_read(zero, buf, 32), 32);
    assert_memory_equal(buf, other, 32);
    assert_int_equal(fs_read(null, buf, 32), 0);
    assert_int_equal(fs_write(null, buf, 32), 32);
    assert_int_equal(fs_read(random, buf, 31), 31);
    assert_int_equal(fs_read(random, other, 31), 31);
    assert_memory_not_equal(buf, other, 31);
    assert_int_equal(buf[31], 0);
    fake_files.no_chance = true;
    assert_int_equal(fs_read(random, buf, 31), -E_IO);
    assert_int_equal(fs_close(zero) | fs_close(null) | fs_close(random), 0);
}

static void descriptors_run_out(void **state)
{
    int fd = make("file"), last = fd;

    (void)state;
    while (last < FS_OPEN_MAX - 1)
        assert_int_equal(fs_dup(fd, 0), ++last);
    assert_int_equal(fs_dup(fd, 0), -E_MFILE);
    assert_int_equal(fs_open("other", FS_WRITE | FS_CREATE, 0), -E_MFILE);
    assert_int_equal(fs_unlink("other"), -E_NOENT);
    assert_int_equal(fs_close(100), 0);
    assert_int_equal(fs_dup(fd, 101), -E_MFILE);
    assert_int_equal(fs_dup(fd, 50), 100);
    for (; last >= fd; last--)
        assert_int_equal(fs_close(last), 0);
    assert_int_equal(fs_unlink("file"), 0);
}

static void wrong_descriptors(void **state)
{
    static const int wrong[] = {-1, 3, FS_OPEN_MAX, FS_OPEN_MAX + 1, INT32_MAX, INT32_MIN};
    struct fs_entry e;
    struct fs_stat st;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_int_equal(fs_read(wrong[i], buf, 1), -E_BADF);
        assert_int_equal(fs_write(wrong[i], buf, 1), -E_BADF);
        assert_int_equal(fs_close(wrong[i]), -E_BADF);
        assert_int_equal(fs_seek(wrong[i], 0, FS_SET), -E_BADF);
        assert_int_equal(fs_dup(wrong[i], 0), -E_BADF);
        assert_int_equal(fs_dup_to(wrong[i], 1), -E_BADF);
        assert_int_equal(fs_flags(wrong[i]), -E_BADF);
        assert_int_equal(fs_truncate(wrong[i], 0), -E_BADF);
        assert_int_equal(fs_fstat(wrong[i], &st), -E_BADF);
        assert_int_equal(fs_readdir(wrong[i], &e), -E_BADF);
        assert_int_equal(fs_path(wrong[i], buf, 1), -E_BADF);
        assert_int_equal(fs_fchmod(wrong[i], 0), -E_BADF);
        assert_int_equal(fs_futime(wrong[i], 0), -E_BADF);
    }
    assert_int_equal(fs_dup_to(1, FS_OPEN_MAX), -E_BADF);
    assert_int_equal(fs_dup(1, -1), -E_INVAL);
    assert_int_equal(fs_dup_to(1, 1), 1);
}

static void only_as_opened(void **state)
{
    int fd = make("file"), in = fs_open("file", FS_READ, 0), out = fs_open("file", FS_WRITE | FS_APPEND, 0);

    (void)state;
    assert_int_equal(fs_read(out, buf, 1), -E_BADF);
    assert_int_equal(fs_write(in, buf, 1), -E_BADF);
    assert_int_equal(fs_truncate(in, 0), -E_INVAL);
    assert_int_equal(fs_write(fd, "12345", 5), 5);
    assert_int_equal(fs_write(out, "6", 1), 1);
    assert_int_equal(fs_pwrite(out, "7", 1, 0), 1);
    assert_int_equal(fs_read(in, buf, 10), 7);
    assert_memory_equal(buf, "1234567", 7);
    assert_int_equal(fs_flags(out), FS_WRITE | FS_APPEND);
    assert_int_equal(fs_append(out, false), 0);
    assert_int_equal(fs_pwrite(out, "x", 1, 0), 1);
    assert_int_equal(fs_pread(in, buf, 1, 0), 1);
    assert_int_equal(buf[0], 'x');
    assert_int_equal(fs_seek(in, -8, FS_END), -E_INVAL);
    assert_int_equal(fs_seek(in, INT64_MAX, FS_CUR), -E_INVAL);
    assert_int_equal(fs_seek(in, -7, FS_END), 0);
    assert_int_equal(fs_close(fd) | fs_close(in) | fs_close(out) | fs_unlink("file"), 0);
}

static void names_that_go_while_they_are_listed(void **state)
{
    struct fs_entry e;
    unsigned seen = 0;
    int fd;
    s64 back = 0;

    (void)state;
    assert_int_equal(fs_mkdir("dir", 0700), 0);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(buf, sizeof(buf), "dir/%u", i);
        assert_int_equal(fs_close(make(buf)), 0);
    }
    fd = fs_open("dir", FS_READ, 0);
    while (fs_readdir(fd, &e) == 1) {
        seen += e.name[0] != '.';
        snprintf(buf, sizeof(buf), "dir/%s", e.name);
        if (seen == 20)
            back = fs_seek(fd, 0, FS_CUR);
        if (seen % 2 && e.name[0] != '.')
            assert_int_equal(fs_unlink(buf), 0);
    }
    assert_int_equal(seen, 40);
    assert_int_equal(fs_seek(fd, back, FS_SET), back);
    for (seen = 0; fs_readdir(fd, &e) == 1; seen++)
        assert_in_range(e.name[0], '2', '3');
    assert_int_equal(seen, 10);
    assert_int_equal(fs_seek(fd, 0, FS_SET), 0);
    for (seen = 0; fs_readdir(fd, &e) == 1; seen++)
        if (e.name[0] != '.') {
            snprintf(buf, sizeof(buf), "dir/%s", e.name);
            assert_int_equal(fs_unlink(buf), 0);
        }
    assert_int_equal(seen, 22);
    assert_int_equal(fs_rmdir("dir"), 0);
    assert_int_equal(fs_readdir(fd, &e), 0);
    assert_int_equal(fs_path(fd, buf, sizeof(buf)), -E_NOENT);
    assert_int_equal(fs_close(fd), 0);
}

/* The name that would come next goes before it does. */
static void next_name_goes(void **state)
{
    struct fs_entry e;
    int fd;

    (void)state;
    assert_int_equal(fs_mkdir("dir", 0700), 0);
    assert_int_equal(fs_close(make("dir/a")) | fs_close(make("dir/b")) | fs_close(make("dir/c")), 0);
    fd = fs_open("dir", FS_READ, 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(fs_readdir(fd, &e), 1);
    assert_string_equal(e.name, "a");
    assert_int_equal(fs_unlink("dir/b"), 0);
    assert_int_equal(fs_readdir(fd, &e), 1);
    assert_string_equal(e.name, "c");
    assert_int_equal(fs_readdir(fd, &e), 0);
    assert_int_equal(fs_close(fd) | fs_unlink("dir/a") | fs_unlink("dir/c") | fs_rmdir("dir"), 0);
}

static void where_one_is(void **state)
{
    int fd;

    (void)state;
    assert_int_equal(fs_mkdir("a", 0700) | fs_mkdir("a/b", 0700) | fs_chdir("a/b/."), 0);
    assert_int_equal(fs_getcwd(buf, sizeof(buf)), 0);
    assert_string_equal(buf, TMP "/a/b");
    assert_int_equal(fs_getcwd(buf, 9), 0);
    assert_int_equal(fs_getcwd(buf, 8), -E_RANGE);
    assert_int_equal(fs_rename("../../a", "../../c"), 0);
    assert_int_equal(fs_getcwd(buf, sizeof(buf)), 0);
    assert_string_equal(buf, TMP "/c/b");
    fd = fs_open("..", FS_READ, 0);
    assert_int_equal(fs_path(fd, buf, sizeof(buf)), 0);
    assert_string_equal(buf, TMP "/c");
    assert_int_equal(fs_rmdir("."), -E_INVAL);
    assert_int_equal(fs_rmdir("../../c/b"), 0);
    assert_int_equal(fs_getcwd(buf, sizeof(buf)), -E_NOENT);
    assert_int_equal(fs_open("x", FS_WRITE | FS_CREATE, 0), -E_NOENT);
    assert_int_equal(fs_open("..", FS_READ, 0), -E_NOENT);
    assert_int_equal(fs_chdir("/"), 0);
    assert_int_equal(fs_getcwd(buf, sizeof(buf)), 0);
    assert_string_equal(buf, "/");
    assert_int_equal(fs_chdir("/dev/null"), -E_NOTDIR);
    assert_int_equal(fs_close(fd) | fs_rmdir(TMP "/c"), 0);
}

static void names_too_long(void **state)
{
    char path[2 * FS_PATH_MAX];

    (void)state;
    memset(path, 'n', sizeof(path));
    path[FS_NAME_MAX + 1] = 0;
    assert_int_equal(fs_mkdir(path, 0), -E_NAMETOOLONG);
    path[FS_NAME_MAX] = 0;
    assert_int_equal(fs_mkdir(path, 0), 0);
    assert_int_equal(fs_rmdir(path), 0);
    memset(path, '/', sizeof(path));
    path[FS_PATH_MAX] = 0;
    assert_int_equal(fs_chdir(path), -E_NAMETOOLONG);
    path[FS_PATH_MAX - 1] = 0;
    assert_int_equal(fs_chdir(path), 0);
    memset(path, 'n', sizeof(path));
    path[FS_LINK_MAX + 1] = 0;
    assert_int_equal(fs_symlink(path, TMP "/link"), -E_NAMETOOLONG);
    assert_int_equal(fs_symlink("", TMP "/link"), -E_NOENT);
    path[FS_LINK_MAX] = 0;
    assert_int_equal(fs_symlink(path, TMP "/link"), 0);
    assert_int_equal(fs_close(fs_open(TMP "/link", FS_WRITE | FS_CREATE, 0)),
                     0); /* what it leads to is made */
    assert_int_equal(fs_open(TMP "/link", FS_WRITE | FS_CREATE | FS_EXCL, 0), -E_EXIST);
    snprintf(buf, sizeof(buf), TMP "/%.*s", FS_LINK_MAX, path);
    assert_int_equal(fs_unlink(buf) | fs_unlink(TMP "/link"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(console, setup),
        cmocka_unit_test_setup(console_somewhere_else, setup),
        cmocka_unit_test_setup(other_devices, setup),
        cmocka_unit_test_setup(descriptors_run_out, setup),
        cmocka_unit_test_setup(wrong_descriptors, setup),
        cmocka_unit_test_setup(only_as_opened, setup),
        cmocka_unit_test_setup(names_that_go_while_they_are_listed, setup),
        cmocka_unit_test_setup(next_name_goes, setup),
        cmocka_unit_test_setup(where_one_is, setup),
        cmocka_unit_test_setup(names_too_long, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
