/* SPDX-License-Identifier: BSD-2-Clause */
/* signals.c: signals that a thread sends to itself. */
#include "posix.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t caught, depth, worst;
static volatile int code;
static jmp_buf back;

static void note(int signal)
{
    caught = caught * 100 + signal;
}

/* What it blocks comes when it is over. */
static void again(int signal)
{
    depth++;
    worst = depth > worst ? depth : worst;
    if (caught++ < 2)
        raise(signal);
    depth--;
}

static void with_info(int signal, siginfo_t *info, void *context)
{
    caught = signal;
    code = info->si_signo == signal && !context ? info->si_code : -1;
}

static void jump(int signal)
{
    longjmp(back, signal);
}

/* The mask is inherited, and from then on the thread's own. */
static void *in_thread(void *arg)
{
    sigset_t set;

    pthread_sigmask(SIG_BLOCK, NULL, &set);
    ok(sigismember(&set, SIGUSR2) && !sigismember(&set, SIGTERM));
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    raise(SIGUSR2);
    return arg;
}

static void handlers(void)
{
    struct sigaction a = {.sa_handler = again}, old;

    ok(signal(SIGUSR1, note) == SIG_DFL);
    ok(raise(SIGUSR1) == 0 && caught == SIGUSR1);
    ok(kill(getpid(), SIGUSR1) == 0 && caught == 100 * SIGUSR1 + SIGUSR1);
    ok(pthread_kill(pthread_self(), 0) == 0 && kill(getpid(), 0) == 0);
    ok(kill(77, SIGUSR1) == -1 && errno == ESRCH);
    ok(raise(NSIG) == -1 && errno == EINVAL);
    ok(signal(SIGKILL, note) == SIG_ERR && errno == EINVAL);
    ok(signal(SIGUSR1, SIG_IGN) == note && raise(SIGUSR1) == 0);
    ok(raise(SIGCHLD) == 0); /* ignored by default */
    caught = 0;
    ok(sigaction(SIGUSR1, &a, &old) == 0 && old.sa_handler == SIG_IGN);
    raise(SIGUSR1);
    ok(caught == 3 && worst == 1);
    a.sa_flags = SA_NODEFER;
    caught = worst = 0;
    sigaction(SIGUSR1, &a, NULL);
    raise(SIGUSR1);
    ok(caught == 3 && worst == 3);
    a = (struct sigaction){.sa_sigaction = with_info, .sa_flags = SA_SIGINFO | SA_RESETHAND};
    sigaction(SIGUSR1, &a, NULL);
    raise(SIGUSR1);
    ok(caught == SIGUSR1 && code == SI_USER);
    sigaction(SIGUSR1, NULL, &old);
    ok(old.sa_handler == SIG_DFL);
}

static void masks(void)
{
    sigset_t set, old, now;
    int signal_number = 0;

    caught = 0;
    signal(SIGUSR2, note);
    ok(sigemptyset(&set) == 0 && sigaddset(&set, SIGUSR2) == 0 && sigaddset(&set, NSIG) == -1);
    ok(sigprocmask(SIG_BLOCK, &set, &old) == 0 && !sigismember(&old, SIGUSR2));
    raise(SIGUSR2);
    raise(SIGUSR2);
    ok(caught == 0 && sigpending(&now) == 0 && sigismember(&now, SIGUSR2) == 1);
    ok(sigprocmask(SIG_SETMASK, &old, NULL) == 0 && caught == SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR2);
    ok(sigwait(&set, &signal_number) == 0 && signal_number == SIGUSR2);
    ok(sigwait(&set, &signal_number) == ENOSYS);
    ok(sigprocmask(17, &set, NULL) == -1 && errno == EINVAL);
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    sigprocmask(SIG_BLOCK, NULL, &now);
    ok(!sigismember(&now, SIGKILL) && sigismember(&now, SIGTERM));
    sigprocmask(SIG_SETMASK, &old, NULL);
    caught = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    end(begin(in_thread, NULL));
    ok(caught == SIGUSR2);
    raise(SIGUSR2);
    ok(caught == SIGUSR2);
    sigprocmask(SIG_SETMASK, &old, NULL);
    ok(caught == 100 * SIGUSR2 + SIGUSR2);
}

void test_signals(void)
{
    int value;

    handlers();
    masks();
    signal(SIGTERM, jump);
    value = setjmp(back);
    if (!value)
        raise(SIGTERM);
    ok(value == SIGTERM);
}
