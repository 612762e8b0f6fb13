/* SPDX-License-Identifier: BSD-2-Clause */
/* process.c: how the program was started, what it knows of its system, and that there is no other process. */
#include "posix.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* The words are those of the pair case: argv0=posix "two words" 'a\b' it\'s "q\"q" env.COLOUR='light blue' x=%20 */
static void arguments(int argc, char **argv)
{
    ok(!strcmp(argv[0], "posix"));
    ok(argc > 5 && !argv[argc]);
    ok(!strcmp(argv[1], "two words"));
    ok(!strcmp(argv[2], "a\\b"));
    ok(!strcmp(argv[3], "it's"));
    ok(!strcmp(argv[4], "q\"q"));
    ok(!strcmp(argv[5], "x=%20"));
}

static void environment(void)
{
    ok(getenv("COLOUR") && !strcmp(getenv("COLOUR"), "light blue"));
    ok(!getenv("COLOU") && !getenv("x"));
    ok(environ[0] && !environ[1]);
    ok(setenv("COLOUR", "red", 0) == 0 && !strcmp(getenv("COLOUR"), "light blue"));
    ok(setenv("COLOUR", "a much longer value", 1) == 0 && !strcmp(getenv("COLOUR"), "a much longer value"));
    ok(setenv("SECOND", "2", 0) == 0 && !strcmp(getenv("SECOND"), "2"));
    ok(unsetenv("COLOUR") == 0 && !getenv("COLOUR") && getenv("SECOND"));
    ok(setenv("a=b", "", 1) == -1);
}

static void system_facts(void)
{
    struct utsname u;
    char name[32];

    ok(sysconf(_SC_PAGESIZE) == 4096 && getpagesize() == 4096);
    ok(sysconf(_SC_NPROCESSORS_ONLN) == 2);
    ok(sysconf(_SC_PHYS_PAGES) > 1000 && sysconf(_SC_AVPHYS_PAGES) > 0);
    ok(sysconf(_SC_AVPHYS_PAGES) < sysconf(_SC_PHYS_PAGES));
    ok(sysconf(_SC_OPEN_MAX) >= 20 && sysconf(_SC_CLK_TCK) == 100);
    errno = 0;
    ok(sysconf(_SC_VERSION) == -1 && errno == 0);
    ok(sysconf(9999) == -1 && errno == EINVAL);
    ok(gethostname(name, sizeof(name)) == 0 && !strcmp(name, "faultline"));
    ok(gethostname(name, 3) == -1 && errno == ENAMETOOLONG);
    ok(uname(&u) == 0 && !strcmp(u.machine, "x86_64") && !strcmp(u.nodename, name));
}

static void random_bytes(void)
{
    unsigned char a[32] = {0}, b[32] = {0};

    ok(getrandom(a, sizeof(a), 0) == sizeof(a) && getentropy(b, sizeof(b)) == 0);
    ok(memcmp(a, b, sizeof(a)) != 0);
    ok(getentropy(a, 257) == -1 && errno == EIO);
    ok(getrandom(a, 1, 1u << 20) == -1 && errno == EINVAL);
    ok(arc4random() != arc4random() || arc4random() != arc4random());
    ok(arc4random_uniform(10) < 10 && arc4random_uniform(1) == 0);
}

static void alone(void)
{
    char *none[] = {NULL};

    ok(getpid() == 1 && getppid() == 0 && getuid() == 0 && geteuid() == 0 && getgid() == 0 && getegid() == 0);
    ok(system(NULL) == 0);
    ok(system("ls") == -1 && errno == ENOSYS);
    ok(fork() == -1 && errno == ENOSYS);
    ok(execv("/bin/ls", none) == -1 && errno == ENOSYS);
    ok(wait(NULL) == -1 && errno == ECHILD);
}

void test_process(int argc, char **argv)
{
    arguments(argc, argv);
    environment();
    system_facts();
    random_bytes();
    alone();
}
