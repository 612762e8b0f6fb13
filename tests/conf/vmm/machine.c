/* SPDX-License-Identifier: BSD-2-Clause */
/* machine.c: /dev/kvm, the VM, its vCPUs, and what CPUID tells them. */
#include "vmm.h"
#include "abi/kvm_cpuid.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CPUID_ENTRIES_MAX 256
#define CPUID1_APIC       (1u << 9)  /* EDX */
#define CPUID1_X2APIC     (1u << 21) /* ECX */
#define CPUID1_DEADLINE   (1u << 24) /* ECX */
#define IOAPIC_PINS       24         /* of an I/O APIC that would be ours; there is none */
#define TSS_ADDRESS       0xfffbd000ul
#define APIC_BASE_ENABLE  0x800
#define CR0_PE            1ul
#define CR0_ET            0x10ul

void set_or_stop(int fd, unsigned long request, void *argument, const char *what)
{
    if (ioctl(fd, request, argument) < 0)
        stop("KVM refuses %s: %s", what, strerror(errno));
}

static void need(struct vmm *m, int capability, const char *name)
{
    if (ioctl(m->kvm, KVM_CHECK_EXTENSION, capability) <= 0)
        unable("/dev/kvm: this kernel's KVM is too old or too small: no %s", name);
}

static void read_cpuid(struct vmm *m)
{
    m->cpuid = calloc(1, sizeof(*m->cpuid) + CPUID_ENTRIES_MAX * sizeof(m->cpuid->entries[0]));
    if (!m->cpuid)
        unable("out of memory");
    m->cpuid->nent = CPUID_ENTRIES_MAX;
    if (ioctl(m->kvm, KVM_GET_SUPPORTED_CPUID, m->cpuid) < 0)
        unable("/dev/kvm: KVM_GET_SUPPORTED_CPUID: %s", strerror(errno));
    for (u32 i = 0; i < m->cpuid->nent; i++)
        if (m->cpuid->entries[i].function == KVM_CPUID_FEATURES)
            m->features_offered = m->cpuid->entries[i].eax;
    m->features_seen = m->features_offered & m->options.features;
}

void machine_open(struct vmm *m)
{
    int version;

    m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (m->kvm < 0)
        unable("/dev/kvm: %s", strerror(errno));
    version = ioctl(m->kvm, KVM_GET_API_VERSION, 0);
    if (version != KVM_API_VERSION)
        unable("/dev/kvm: API version %d, not %d", version, KVM_API_VERSION);
    need(m, KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY");
    need(m, KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM");
    need(m, KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT");
    if (m->options.apic)
        need(m, KVM_CAP_SPLIT_IRQCHIP, "KVM_CAP_SPLIT_IRQCHIP");
    if (m->options.enforce)
        need(m, KVM_CAP_ENFORCE_PV_FEATURE_CPUID, "KVM_CAP_ENFORCE_PV_FEATURE_CPUID");
    m->run_bytes = (size_t)ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    read_cpuid(m);
}

static void set_cpuid(struct vcpu *v)
{
    static const u32 leaf1_apic = CPUID1_X2APIC | CPUID1_DEADLINE;
    struct vmm *m = v->vmm;

    for (u32 i = 0; i < m->cpuid->nent; i++) {
        struct kvm_cpuid_entry2 *e = &m->cpuid->entries[i];

        if (e->function == 1) {
            e->ebx = (e->ebx & 0x0000ffff) | v->id << 24 | m->options.vcpus << 16;
            e->ecx =
                (e->ecx & ~leaf1_apic) | (m->options.apic ? leaf1_apic : 0) | 1u << CPUID1_ECX_HYPERVISOR;
            e->edx = (e->edx & ~CPUID1_APIC) | (m->options.apic ? CPUID1_APIC : 0);
        } else if (e->function == 0xb || e->function == 0x1f) {
            e->edx = v->id;
        } else if (e->function == 0x8000001e) {
            e->eax = v->id;
        } else if (e->function == KVM_CPUID_FEATURES) {
            e->eax = m->features_seen;
        }
    }
    set_or_stop(v->fd, KVM_SET_CPUID2, m->cpuid, "the CPUID");
}

static void make_vcpu(struct vmm *m, unsigned id)
{
    struct vcpu *v = &m->vcpu[id];
    struct kvm_enable_cap enforce = {.cap = KVM_CAP_ENFORCE_PV_FEATURE_CPUID, .args = {1}};

    v->vmm = m;
    v->id = id;
    v->fd = ioctl(m->fd, KVM_CREATE_VCPU, id);
    if (v->fd < 0)
        unable("KVM makes no vCPU %u: %s", id, strerror(errno));
    v->run = mmap(NULL, m->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
    if (v->run == MAP_FAILED)
        unable("KVM shows no state of vCPU %u: %s", id, strerror(errno));
    v->stats = ioctl(v->fd, KVM_GET_STATS_FD, 0);
    set_cpuid(v);
    if (m->options.enforce)
        set_or_stop(v->fd, KVM_ENABLE_CAP, &enforce, "to enforce the features of CPUID");
}

void machine_make(struct vmm *m)
{
    struct kvm_enable_cap split = {.cap = KVM_CAP_SPLIT_IRQCHIP, .args = {IOAPIC_PINS}};
    struct kvm_enable_cap payload = {.cap = KVM_CAP_EXCEPTION_PAYLOAD, .args = {1}};

    m->fd = ioctl(m->kvm, KVM_CREATE_VM, 0);
    if (m->fd < 0)
        unable("KVM makes no VM: %s", strerror(errno));
    if (ioctl(m->kvm, KVM_CHECK_EXTENSION, KVM_CAP_SET_TSS_ADDR) > 0 &&
        ioctl(m->fd, KVM_SET_TSS_ADDR, TSS_ADDRESS) < 0)
        unable("KVM refuses an address for its TSS: %s", strerror(errno));
    if (m->options.apic)
        set_or_stop(m->fd, KVM_ENABLE_CAP, &split, "local APICs");
    if (ioctl(m->kvm, KVM_CHECK_EXTENSION, KVM_CAP_EXCEPTION_PAYLOAD) > 0)
        set_or_stop(m->fd, KVM_ENABLE_CAP, &payload, "exceptions with payload");
    memory_add_slots(m);
    for (unsigned i = 0; i < m->options.vcpus; i++)
        make_vcpu(m, i);
}

void machine_destroy(struct vmm *m)
{
    for (unsigned i = 0; i < m->options.vcpus; i++) {
        struct vcpu *v = &m->vcpu[i];

        munmap(v->run, m->run_bytes);
        if (v->stats >= 0)
            close(v->stats);
        close(v->fd);
    }
    close(m->fd);
}

/* PVH: 32 bits, flat segments, no paging, interrupts off, EBX = start information. */
void machine_boot(struct vmm *m)
{
    int fd = m->vcpu[0].fd;
    struct kvm_regs regs = {.rip = m->entry, .rbx = LOW_BASE, .rflags = 2};
    struct kvm_segment data = {
        .limit = ~0u, .selector = 0x10, .type = 3, .present = 1, .db = 1, .s = 1, .g = 1};
    struct kvm_segment code = data;
    struct kvm_segment task = {.limit = 0x67, .type = 11, .present = 1};
    struct kvm_sregs sregs;

    code.selector = 8;
    code.type = 11;
    set_or_stop(fd, KVM_GET_SREGS, &sregs, "to show registers");
    sregs.cs = code;
    sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
    sregs.tr = task;
    sregs.cr0 = CR0_PE | CR0_ET;
    sregs.cr4 = 0;
    if (!m->options.apic)
        sregs.apic_base &= ~(u64)APIC_BASE_ENABLE; /* CPUID follows it, whatever we say there */
    set_or_stop(fd, KVM_SET_SREGS, &sregs, "the state at the entry");
    set_or_stop(fd, KVM_SET_REGS, &regs, "the registers at the entry");
}
