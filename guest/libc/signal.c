/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.c: signals: each is sent by the thread that gets it, so its handler is a function that is called.
 *
 * A blocked one stays pending for its thread until that lets it through. A fault of the CPU comes by os_fault().
 */
#include "guest.h"
#include "os.h"
#include "pthread_exit.h"
#include "result.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BIT_OF(signal) (1ul << (signal))
#define CANNOT_BLOCK   (BIT_OF(SIGKILL) | BIT_OF(SIGSTOP))
/* What is ignored unless somebody handles it. Nothing stops a program here: those that would are ignored too. */
#define HARMLESS                                                                               \
    (BIT_OF(SIGCHLD) | BIT_OF(SIGURG) | BIT_OF(SIGWINCH) | BIT_OF(SIGCONT) | BIT_OF(SIGSTOP) | \
     BIT_OF(SIGTSTP) | BIT_OF(SIGTTIN) | BIT_OF(SIGTTOU))

static struct mutex guard;
static struct sigaction actions[NSIG]; /* under the guard */
static _Thread_local sigset_t blocked, pending;

static bool valid(int signal)
{
    return signal > 0 && signal < NSIG;
}

static struct sigaction action_of(int signal)
{
    struct sigaction a;

    mutex_lock(&guard);
    a = actions[signal];
    if (a.sa_flags & SA_RESETHAND)
        actions[signal] = (struct sigaction){.sa_handler = SIG_DFL};
    mutex_unlock(&guard);
    return a;
}

static _Noreturn void killed(int signal)
{
    char why[64];

    snprintf(why, sizeof(why), "signal %d: %s", signal, strsignal(signal));
    os_abort(why);
}

static void send_pending(void);

static void handle(int signal, siginfo_t *info)
{
    struct sigaction a = action_of(signal);
    sigset_t before = blocked;

    if (a.sa_handler == SIG_IGN || (a.sa_handler == SIG_DFL && HARMLESS & BIT_OF(signal)))
        return;
    if (a.sa_handler == SIG_DFL)
        killed(signal);
    /* Most handlers of a fault jump away, by a longjmp() that unblocks nothing. */
    if (info->si_code == SI_KERNEL)
        a.sa_flags |= SA_NODEFER;
    blocked |= a.sa_mask | (a.sa_flags & SA_NODEFER ? 0 : BIT_OF(signal));
    if (a.sa_flags & SA_SIGINFO)
        a.sa_sigaction(signal, info, NULL);
    else
        a.sa_handler(signal);
    blocked = before;
    send_pending();
}

static void send(int signal)
{
    siginfo_t info = {.si_signo = signal, .si_code = SI_USER, .si_pid = getpid()};

    if (blocked & BIT_OF(signal))
        pending |= BIT_OF(signal);
    else
        handle(signal, &info);
}

static void send_pending(void)
{
    for (int signal = 1; signal < NSIG; signal++)
        if (pending & ~blocked & BIT_OF(signal)) {
            pending &= ~BIT_OF(signal);
            send(signal);
        }
}

bool os_fault(int signal, void *address)
{
    siginfo_t info = {.si_signo = signal, .si_code = SI_KERNEL, .si_addr = address};
    bool handled;

    mutex_lock(&guard);
    handled = actions[signal].sa_handler != SIG_DFL && actions[signal].sa_handler != SIG_IGN;
    mutex_unlock(&guard);
    if (!handled ||
        blocked & BIT_OF(signal)) /* to be ignored or blocked is no way out of a fault (XSH 2.4.3) */
        return false;
    handle(signal, &info);
    return true;
}

int raise(int signal)
{
    if (!valid(signal))
        return libc_failed(EINVAL);
    send(signal);
    return 0;
}

int kill(pid_t process, int signal)
{
    if (signal && !valid(signal))
        return libc_failed(EINVAL);
    if (process > 0 && process != getpid())
        return libc_failed(ESRCH);
    if (signal)
        send(signal);
    return 0;
}

int killpg(pid_t group, int signal)
{
    return kill(group, signal);
}

int pthread_kill(pthread_t t, int signal)
{
    int error = pthread_is(t);

    if (error || !signal)
        return error;
    if (!valid(signal))
        return EINVAL;
    if (!pthread_equal(t, pthread_self()))
        return ENOSYS;
    send(signal);
    return 0;
}

int sigaction(int signal, const struct sigaction *new, struct sigaction *old)
{
    struct sigaction set = {0}, was;

    if (!valid(signal) || (new &&CANNOT_BLOCK &BIT_OF(signal)))
        return libc_failed(EINVAL);
    if (new)
        set = *new;
    mutex_lock(&guard);
    was = actions[signal];
    if (new)
        actions[signal] = set;
    mutex_unlock(&guard);
    if (old)
        *old = was;
    return 0;
}

_sig_func_ptr signal(int signal, _sig_func_ptr handler)
{
    struct sigaction new = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;

    return sigaction(signal, &new, &old) ? SIG_ERR : old.sa_handler;
}

int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t before = blocked;

    if (set) {
        switch (how) {
        case SIG_SETMASK:
            blocked = *set;
            break;
        case SIG_BLOCK:
            blocked |= *set;
            break;
        case SIG_UNBLOCK:
            blocked &= ~*set;
            break;
        default:
            return EINVAL;
        }
        blocked &= ~CANNOT_BLOCK;
        send_pending();
    }
    if (old)
        *old = before;
    return 0;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    int error = pthread_sigmask(how, set, old);

    return error ? libc_failed(error) : 0;
}

int sigpending(sigset_t *set)
{
    *set = pending;
    return 0;
}

/* Whatever the thread has not sent to itself by now will not come. */
int sigwait(const sigset_t *set, int *signal)
{
    for (int s = 1; s < NSIG; s++)
        if (*set & pending & BIT_OF(s)) {
            pending &= ~BIT_OF(s);
            *signal = s;
            return 0;
        }
    return ENOSYS;
}

int sigsuspend(const sigset_t *set)
{
    (void)set;
    return libc_failed(ENOSYS);
}

int sigaltstack(const stack_t *new, stack_t *old)
{
    (void)new;
    (void)old;
    return libc_failed(ENOSYS);
}

/* Nothing is interrupted by a signal. */
int siginterrupt(int signal, int interrupt)
{
    (void)interrupt;
    return valid(signal) ? 0 : libc_failed(EINVAL);
}
