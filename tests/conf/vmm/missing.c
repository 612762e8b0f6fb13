/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * missing.c: pages that KVM finds absent and waits for, as long as the guest wishes; by userfaultfd in "minor" mode.
 *
 * A page goes missing when the mapping that KVM uses forgets it. The file below keeps its contents, and userfaultfd
 * tells of the first access; the page comes back when the mapping may know it again. Only missing pages are
 * registered, so no other fault is any concern of ours. (userfaultfd(2), ioctl_userfaultfd(2))
 *
 * One thread does all of this, at the others' request. It alone has the userfaultfd, in a table of files of its own:
 * when the process is killed it closes with this thread, and that ends all waits. In a common table it would stay open
 * for as long as a vCPU lives that sits out a fault inside KVM, and this vCPU waits for it.
 */
#include "vmm.h"
#include "abi/kvm_hypercall.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MISSING_MAX 4096
#define HOLD_NS \
    2000000000ull /* nobody waits longer: a vCPU that sits a fault out cannot say DONE, nor be ended */
#define TOUCH_NS 10000000ull /* from an event that the guest sees to the fault that we see, at most */
#define NEVER    (~0ull)
#define NS_PER_S 1000000000ull

struct page {
    u64 gfn;
    int state;  /* HOOK_IS_MISSING, HOOK_IS_AWAITED */
    u32 us;     /* how long it is awaited, HOOK_HOLD = until told */
    u64 end_ns; /* when it comes back, NEVER = not known yet */
};

/* The thread's own. */
static struct page missing[MISSING_MAX];
static unsigned count;
static int faults; /* the userfaultfd */

/* What the thread is asked for: one question at a time. */
enum question { NOTHING, TAKE, END, END_ALL, STATE };

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all that follows */
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static enum question question;
static u64 about_gfn;
static u32 about_us;
static int result;
static int bell; /* an eventfd: there is a question */
static bool possible;

static u64 now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * NS_PER_S + (u64)t.tv_nsec;
}

/* It must see faults of the kernel's, so not UFFD_USER_MODE_ONLY. NULL, or why there is none. */
static const char *open_faults(void)
{
    struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_MINOR_SHMEM};
    int device;

    faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    if (faults < 0 && (device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC)) >= 0) {
        faults = ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
        close(device);
    }
    if (faults < 0)
        return strerror(errno);
    return ioctl(faults, UFFDIO_API, &api) ? "no minor faults of shared memory" : NULL;
}

static struct uffdio_range range(struct vmm *m, u64 gfn)
{
    return (struct uffdio_range){.start = (u64)(uintptr_t)(m->guest + (gfn << PAGE_SHIFT)), .len = PAGE_SIZE};
}

static struct page *find(u64 gfn)
{
    for (unsigned i = 0; i < count; i++)
        if (missing[i].gfn == gfn)
            return &missing[i];
    return NULL;
}

/* The mapping knows the page again, and whoever waits for it goes on. */
static void bring_back(struct vmm *m, struct page *p)
{
    struct uffdio_continue known = {.range = range(m, p->gfn)};
    struct uffdio_range r = known.range;

    if (ioctl(faults, UFFDIO_CONTINUE, &known) && errno != EEXIST)
        stop("page 0x%llx cannot come back: %s", (unsigned long long)p->gfn, strerror(errno));
    if (ioctl(faults, UFFDIO_UNREGISTER, &r))
        stop("page 0x%llx stays registered: %s", (unsigned long long)p->gfn, strerror(errno));
    *p = missing[--count];
}

static void end_due(struct vmm *m)
{
    u64 now = now_ns();

    for (unsigned i = 0; i < count;) {
        if (missing[i].end_ns <= now)
            bring_back(m, &missing[i]);
        else
            i++;
    }
}

static u64 next_end(void)
{
    u64 end = NEVER;

    for (unsigned i = 0; i < count; i++)
        end = MIN(end, missing[i].end_ns);
    return end;
}

/* A second fault on a page that is awaited changes nothing. A DONE may have come first. */
static void touched(struct vmm *m, u64 address)
{
    struct page *p = find((address - (u64)(uintptr_t)m->guest) >> PAGE_SHIFT);

    if (!p || p->state == HOOK_IS_AWAITED)
        return;
    p->state = HOOK_IS_AWAITED;
    p->end_ns = MIN(p->end_ns, now_ns() + (p->us == HOOK_HOLD ? HOLD_NS : p->us * 1000ull));
}

static void read_faults(struct vmm *m)
{
    struct uffd_msg message;

    while (read(faults, &message, sizeof(message)) == sizeof(message))
        if (message.event == UFFD_EVENT_PAGEFAULT)
            touched(m, message.arg.pagefault.address);
}

/* False when time is up. */
static bool wait_until(u64 end_ns, struct pollfd *from, nfds_t n)
{
    u64 now = now_ns(), left = end_ns > now ? end_ns - now : 0;
    struct timespec limit = {.tv_sec = (time_t)(left / NS_PER_S), .tv_nsec = (long)(left % NS_PER_S)};

    return ppoll(from, n, end_ns == NEVER ? NULL : &limit, NULL) > 0;
}

/* The read of the page makes sure that the file has it: one that it has not is no minor fault. */
static int take(struct vmm *m, u64 gfn, u32 us)
{
    struct uffdio_register registration = {.range = range(m, gfn), .mode = UFFDIO_REGISTER_MODE_MINOR};
    u8 *p = memory_at(m, gfn << PAGE_SHIFT);

    if (!p)
        return -PV_EFAULT;
    if (us > HOOK_DELAY_MAX && us != HOOK_HOLD)
        return -PV_EINVAL;
    if (find(gfn))
        return -PV_EBUSY;
    if (count == MISSING_MAX)
        return -PV_ENOMEM;
    (void)*(volatile u8 *)p;
    if (ioctl(faults, UFFDIO_REGISTER, &registration))
        stop("page 0x%llx cannot be watched: %s", (unsigned long long)gfn, strerror(errno));
    missing[count++] = (struct page){.gfn = gfn, .state = HOOK_IS_MISSING, .us = us, .end_ns = NEVER};
    if (madvise(m->guest + (gfn << PAGE_SHIFT), PAGE_SIZE, MADV_DONTNEED))
        stop("page 0x%llx cannot go: %s", (unsigned long long)gfn, strerror(errno));
    return 0;
}

static int end(struct vmm *m, u64 gfn, u32 us)
{
    struct page *p = find(gfn);

    if (!p)
        return -PV_ENOENT;
    if (us > HOOK_DELAY_MAX)
        return -PV_EINVAL;
    p->us = HOOK_HOLD;
    p->end_ns = now_ns() + us * 1000ull;
    if (!us)
        bring_back(m, p);
    return 0;
}

/* KVM may tell the guest of a fault a little before it makes it. */
static int state(struct vmm *m, u64 gfn)
{
    struct pollfd fault = {.fd = faults, .events = POLLIN};
    u64 end_ns = now_ns() + TOUCH_NS;
    const struct page *p = find(gfn);

    while (p && p->state == HOOK_IS_MISSING && wait_until(end_ns, &fault, 1))
        read_faults(m);
    return p ? p->state : HOOK_IS_PRESENT;
}

static int answer(struct vmm *m, enum question q, u64 gfn, u32 us)
{
    switch (q) {
    case NOTHING:
        break;
    case TAKE:
        return take(m, gfn, us);
    case END:
        return end(m, gfn, us);
    case STATE:
        return state(m, gfn);
    case END_ALL:
        while (count)
            bring_back(m, &missing[count - 1]);
    }
    return 0;
}

static void answer_question(struct vmm *m)
{
    pthread_mutex_lock(&lock);
    if (question != NOTHING) {
        result = answer(m, question, about_gfn, about_us);
        question = NOTHING;
        pthread_cond_broadcast(&answered);
    }
    pthread_mutex_unlock(&lock);
}

static void *serve(void *argument)
{
    struct vmm *m = argument;
    const char *why_not = unshare(CLONE_FILES) ? strerror(errno) : open_faults();
    struct pollfd from[] = {{.fd = faults, .events = POLLIN}, {.fd = bell, .events = POLLIN}};
    u64 rings;

    possible = !why_not;
    if (why_not)
        fprintf(stderr, "conf-vmm: no page can go missing: userfaultfd: %s\n", why_not);
    answer_question(m);
    while (possible) {
        wait_until(next_end(), from, ARRAY_SIZE(from));
        read_faults(m);
        end_due(m);
        if (from[1].revents && read(bell, &rings, sizeof(rings)) == sizeof(rings))
            answer_question(m);
    }
    return NULL;
}

static int ask(enum question q, u64 gfn, u32 us)
{
    const u64 one = 1;
    int r;

    pthread_mutex_lock(&one_at_a_time);
    pthread_mutex_lock(&lock);
    question = q;
    about_gfn = gfn;
    about_us = us;
    if (write(bell, &one, sizeof(one)) != sizeof(one))
        stop("eventfd: %s", strerror(errno));
    while (question != NOTHING)
        pthread_cond_wait(&answered, &lock);
    r = result;
    pthread_mutex_unlock(&lock);
    pthread_mutex_unlock(&one_at_a_time);
    return r;
}

/* The thread's table of files must not have any of KVM's. */
void missing_open(struct vmm *m)
{
    pthread_t thread;

    bell = eventfd(0, EFD_CLOEXEC);
    pthread_mutex_lock(&lock);
    question = STATE;
    if (bell < 0 || pthread_create(&thread, NULL, serve, m))
        unable("no thread for missing pages");
    while (question != NOTHING)
        pthread_cond_wait(&answered, &lock);
    pthread_mutex_unlock(&lock);
}

bool missing_possible(void)
{
    return possible;
}

int missing_take(u64 gfn, u32 us)
{
    return possible ? ask(TAKE, gfn, us) : -PV_ENOSYS;
}

int missing_end(u64 gfn, u32 us)
{
    return possible ? ask(END, gfn, us) : -PV_ENOENT;
}

int missing_state(u64 gfn)
{
    return possible ? ask(STATE, gfn, 0) : HOOK_IS_PRESENT;
}

void missing_end_all(void)
{
    if (possible)
        ask(END_ALL, 0, 0);
}
