/* SPDX-License-Identifier: BSD-2-Clause */
/* save.c: ends the VM and makes another one of what was saved of it, in the order of A3-61; memory just stays. */
#include "vmm.h"
#include "abi/kvm_msr.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define MSRS_MAX     512
#define MSR_TSC      0x10
#define MSR_DEADLINE 0x6e0 /* only with a local APIC that is in its mode */

struct one_msr {
    struct kvm_msrs head;
    struct kvm_msr_entry entry;
};

struct saved {
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    struct kvm_xcrs xcrs;
    struct kvm_xsave xsave;
    struct kvm_debugregs debug;
    struct kvm_vcpu_events events;
    struct kvm_mp_state state;
    struct kvm_lapic_state apic;
    u64 tsc_offset;
    bool has_tsc_offset;
    u32 msrs;
    struct kvm_msr_entry msr[MSRS_MAX];
};

static struct kvm_msr_list *msr_list(struct vmm *m)
{
    struct kvm_msr_list *list = calloc(1, sizeof(*list) + MSRS_MAX * sizeof(u32));

    if (!list)
        stop("out of memory");
    list->nmsrs = MSRS_MAX;
    set_or_stop(m->kvm, KVM_GET_MSR_INDEX_LIST, list, "the list of MSRs");
    return list;
}

/* One at a time: what this VM may not use, KVM does not show. */
static void save_msrs(int fd, const struct kvm_msr_list *list, struct saved *s)
{
    s->msrs = 0;
    for (u32 i = 0; i < list->nmsrs; i++) {
        struct one_msr one = {.head.nmsrs = 1, .entry.index = list->indices[i]};

        if (ioctl(fd, KVM_GET_MSRS, &one) == 1)
            s->msr[s->msrs++] = one.entry;
    }
}

/*
 * KVM takes a written TSC that is within a second of what it expects for an attempt to write that, so the offset is
 * better, and exact; kernels before 5.16 do not have it.
 */
static struct kvm_device_attr tsc_offset_of(struct saved *s)
{
    return (struct kvm_device_attr){
        .group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET, .addr = (u64)(uintptr_t)&s->tsc_offset};
}

static void save_vcpu(struct vcpu *v, const struct kvm_msr_list *list, struct saved *s)
{
    struct kvm_device_attr offset = tsc_offset_of(s);

    set_or_stop(v->fd, KVM_GET_MP_STATE, &s->state, "to save a vCPU's activity");
    set_or_stop(v->fd, KVM_GET_REGS, &s->regs, "to save registers");
    set_or_stop(v->fd, KVM_GET_SREGS, &s->sregs, "to save system registers");
    set_or_stop(v->fd, KVM_GET_XCRS, &s->xcrs, "to save XCR0");
    set_or_stop(v->fd, KVM_GET_XSAVE, &s->xsave, "to save vector registers");
    set_or_stop(v->fd, KVM_GET_DEBUGREGS, &s->debug, "to save debug registers");
    set_or_stop(v->fd, KVM_GET_VCPU_EVENTS, &s->events, "to save pending events");
    if (v->vmm->options.apic)
        set_or_stop(v->fd, KVM_GET_LAPIC, &s->apic, "to save a local APIC");
    s->has_tsc_offset = ioctl(v->fd, KVM_GET_DEVICE_ATTR, &offset) == 0;
    save_msrs(v->fd, list, s);
}

/* Some cannot be written, others not with these values: what they read as follows from the rest. */
static void restore_msr(int fd, const struct saved *s, u32 index)
{
    for (u32 i = 0; i < s->msrs; i++)
        if (s->msr[i].index == index) {
            struct one_msr one = {.head.nmsrs = 1, .entry = s->msr[i]};

            ioctl(fd, KVM_SET_MSRS, &one);
        }
}

/* Those that have their own place in restore_vcpu(). */
static bool is_special(const struct saved *s, u32 index)
{
    return index == PV_MSR_APF_EN || index == PV_MSR_APF_VEC || index == PV_MSR_APF_ACK ||
           index == MSR_DEADLINE || (index == MSR_TSC && s->has_tsc_offset);
}

static void restore_msrs(int fd, const struct saved *s)
{
    for (u32 i = 0; i < s->msrs; i++)
        if (!is_special(s, s->msr[i].index))
            restore_msr(fd, s, s->msr[i].index);
}

static void restore_apf(int fd, const struct saved *s)
{
    restore_msr(fd, s, PV_MSR_APF_VEC);
    restore_msr(fd, s, PV_MSR_APF_EN);
}

static void restore_vcpu(struct vcpu *v, struct saved *s, bool apf_before_apic)
{
    struct kvm_device_attr offset = tsc_offset_of(s);

    set_or_stop(v->fd, KVM_SET_SREGS, &s->sregs, "saved system registers");
    if (s->has_tsc_offset)
        set_or_stop(v->fd, KVM_SET_DEVICE_ATTR, &offset, "a saved time-stamp counter");
    restore_msrs(v->fd, s);
    set_or_stop(v->fd, KVM_SET_XCRS, &s->xcrs, "the saved XCR0");
    set_or_stop(v->fd, KVM_SET_XSAVE, &s->xsave, "saved vector registers");
    set_or_stop(v->fd, KVM_SET_REGS, &s->regs, "saved registers");
    set_or_stop(v->fd, KVM_SET_DEBUGREGS, &s->debug, "saved debug registers");
    if (apf_before_apic)
        restore_apf(v->fd, s);
    if (v->vmm->options.apic)
        set_or_stop(v->fd, KVM_SET_LAPIC, &s->apic, "a saved local APIC");
    restore_msr(v->fd, s, MSR_DEADLINE);
    if (!apf_before_apic)
        restore_apf(v->fd, s);
    set_or_stop(v->fd, KVM_SET_MP_STATE, &s->state, "a vCPU's saved activity");
    set_or_stop(v->fd, KVM_SET_VCPU_EVENTS, &s->events, "saved pending events");
}

/*
 * Pages come back only when everything is saved, so that nobody learns of it; and before the VM ends, since KVM waits
 * for its own work.
 */
void save_and_restore(struct vcpu *self, bool apf_before_apic)
{
    struct vmm *m = self->vmm;
    struct saved *s = calloc(m->options.vcpus, sizeof(*s));
    struct kvm_msr_list *list = msr_list(m);
    struct kvm_clock_data clock;

    if (!s)
        stop("out of memory");
    vcpus_pause(self);
    set_or_stop(m->fd, KVM_GET_CLOCK, &clock, "to save the clock");
    for (unsigned i = 0; i < m->options.vcpus; i++)
        save_vcpu(&m->vcpu[i], list, &s[i]);
    missing_end_all();
    m->exits_before = count_exits(m);
    machine_destroy(m);
    machine_make(m);
    clock.flags = 0;
    set_or_stop(m->fd, KVM_SET_CLOCK, &clock, "the saved clock");
    for (unsigned i = 0; i < m->options.vcpus; i++)
        restore_vcpu(&m->vcpu[i], &s[i], apf_before_apic);
    vcpus_resume(self);
    free(list);
    free(s);
}
