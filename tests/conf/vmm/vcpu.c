/* SPDX-License-Identifier: BSD-2-Clause */
/* vcpu.c: a thread runs each vCPU and answers its exits; all of them can be made to stand still. */
#include "vmm.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#define KICK        SIGUSR1
#define PATIENCE_NS 50000000 /* for vCPUs that wait inside KVM for a missing page */
#define NS_PER_S    1000000000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool pausing;    /* under lock, as the next */
static unsigned parked; /* vCPUs that stand still, without the one that asked for it */

/* Plain memory comes here only while a slot is on its way, which memory.c cannot avoid. */
static void mmio(struct vcpu *v)
{
    struct kvm_run *r = v->run;
    u8 *p = memory_at(v->vmm, r->mmio.phys_addr);

    if (r->mmio.is_write) {
        if (p && memory_may_write(v->vmm, r->mmio.phys_addr))
            memcpy(p, r->mmio.data, r->mmio.len);
    } else if (p) {
        memcpy(r->mmio.data, p, r->mmio.len);
    } else {
        memset(r->mmio.data, 0xff, r->mmio.len);
    }
}

static void handle_exit(struct vcpu *v)
{
    struct kvm_run *r = v->run;
    struct kvm_regs regs = {0};

    switch (r->exit_reason) {
    case KVM_EXIT_IO:
        port_access(v);
        return;
    case KVM_EXIT_MMIO:
        mmio(v);
        return;
    case KVM_EXIT_INTR:
    case KVM_EXIT_IRQ_WINDOW_OPEN:
    case KVM_EXIT_IOAPIC_EOI:
        return;
    case KVM_EXIT_HLT:
        stop("the guest halted, and without local APICs nothing wakes it");
    case KVM_EXIT_SHUTDOWN:
        stop("triple fault on vCPU %u", v->id);
    }
    ioctl(v->fd, KVM_GET_REGS, &regs);
    stop("vCPU %u stopped at rip 0x%llx: KVM's exit %u, detail %u", v->id, regs.rip, r->exit_reason,
         r->exit_reason == KVM_EXIT_INTERNAL_ERROR ? r->internal.suberror : 0);
}

/* KVM has completed what the last exit began when immediate_exit makes it return EINTR. */
static void complete(struct vcpu *v)
{
    v->run->immediate_exit = 1;
    while (ioctl(v->fd, KVM_RUN, 0) == 0)
        handle_exit(v);
    if (errno != EINTR && errno != EAGAIN)
        stop("vCPU %u does not stand still: %s", v->id, strerror(errno));
    v->run->immediate_exit = 0;
}

static void park(struct vcpu *v)
{
    pthread_mutex_lock(&lock);
    if (pausing) {
        complete(v);
        parked++;
        pthread_cond_broadcast(&changed);
        while (pausing)
            pthread_cond_wait(&changed, &lock);
        parked--;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
}

static void *loop(void *argument)
{
    struct vcpu *v = argument;

    for (;;) {
        if (ioctl(v->fd, KVM_RUN, 0) == 0)
            handle_exit(v);
        else if (errno == EINTR)
            park(v);
        else if (errno != EAGAIN)
            stop("vCPU %u cannot run: %s (KVM's exit %u)", v->id, strerror(errno), v->run->exit_reason);
    }
    return NULL;
}

static void kicked(int signal)
{
    (void)signal;
}

void vcpus_run(struct vmm *m)
{
    struct sigaction on_kick = {.sa_handler = kicked};

    sigaction(KICK, &on_kick, NULL);
    m->vcpu[0].thread = pthread_self();
    for (unsigned i = 1; i < m->options.vcpus; i++) {
        int e = pthread_create(&m->vcpu[i].thread, NULL, loop, &m->vcpu[i]);

        if (e)
            unable("no thread for vCPU %u: %s", i, strerror(e));
    }
    loop(&m->vcpu[0]);
    __builtin_unreachable();
}

/* False when time is up. The lock is held. */
static bool wait_for_parked(unsigned n, const struct timespec *until)
{
    while (parked < n)
        if (until ? pthread_cond_timedwait(&changed, &lock, until) : pthread_cond_wait(&changed, &lock))
            return false;
    return true;
}

static struct timespec from_now(long ns)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += ns;
    t.tv_sec += t.tv_nsec / NS_PER_S;
    t.tv_nsec %= NS_PER_S;
    return t;
}

/*
 * immediate_exit keeps a vCPU from entering KVM after it was kicked and before it has noticed. One that sits out a
 * fault inside KVM stands still only after that, so the waits end if patience does.
 */
void vcpus_pause(struct vcpu *self)
{
    struct vmm *m = self->vmm;
    const struct timespec until = from_now(PATIENCE_NS);

    pthread_mutex_lock(&lock);
    pausing = true;
    for (unsigned i = 0; i < m->options.vcpus; i++) {
        m->vcpu[i].run->immediate_exit = 1;
        if (i != self->id)
            pthread_kill(m->vcpu[i].thread, KICK);
    }
    if (!wait_for_parked(m->options.vcpus - 1, &until)) {
        missing_end_all();
        wait_for_parked(m->options.vcpus - 1, NULL);
    }
    pthread_mutex_unlock(&lock);
    complete(self);
}

void vcpus_resume(struct vcpu *self)
{
    (void)self;
    pthread_mutex_lock(&lock);
    pausing = false;
    pthread_cond_broadcast(&changed);
    while (parked)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}
