/* SPDX-License-Identifier: BSD-2-Clause */
/* count.c: what KVM counts of its vCPUs, and their CPU time. It shows no program how many APF events there were. */
#include "vmm.h"
#include "abi/kvm_hypercall.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NAME_MAX_BYTES 128
#define COUNT_MASK     0x7fffffff

static bool read_at(int fd, u32 offset, void *to, size_t bytes)
{
    return pread(fd, to, bytes, (off_t)offset) == (ssize_t)bytes;
}

/* The statistic of that name, 0 if there is none. */
static u64 statistic(int fd, const char *name)
{
    struct kvm_stats_header h;
    struct kvm_stats_desc d;
    char text[NAME_MAX_BYTES];
    u64 value = 0;

    if (!read_at(fd, 0, &h, sizeof(h)) || h.name_size > sizeof(text))
        return 0;
    for (u32 i = 0; i < h.num_desc; i++) {
        u32 at = h.desc_offset + i * (u32)(sizeof(d) + h.name_size);

        if (!read_at(fd, at, &d, sizeof(d)) || !read_at(fd, at + (u32)sizeof(d), text, h.name_size))
            return 0;
        if (!strncmp(text, name, h.name_size))
            return read_at(fd, h.data_offset + d.offset, &value, sizeof(value)) ? value : 0;
    }
    return 0;
}

u64 count_exits(struct vmm *m)
{
    u64 exits = m->exits_before;

    for (unsigned i = 0; i < m->options.vcpus; i++)
        if (m->vcpu[i].stats >= 0)
            exits += statistic(m->vcpu[i].stats, "exits");
    return exits;
}

static u64 busy_us(struct vmm *m)
{
    u64 us = 0;

    for (unsigned i = 0; i < m->options.vcpus; i++) {
        struct timespec t;
        clockid_t clock;

        if (!pthread_getcpuclockid(m->vcpu[i].thread, &clock) && !clock_gettime(clock, &t))
            us += (u64)t.tv_sec * 1000000 + (u64)t.tv_nsec / 1000;
    }
    return us;
}

int count_read(struct vmm *m, u32 which)
{
    if (which == HOOK_COUNT_BUSY_US)
        return (int)(busy_us(m) & COUNT_MASK);
    if (which == HOOK_COUNT_EXITS && m->vcpu[0].stats >= 0)
        return (int)(count_exits(m) & COUNT_MASK);
    return which > HOOK_COUNT_SYNC ? -PV_EINVAL : -PV_EOPNOTSUPP;
}
