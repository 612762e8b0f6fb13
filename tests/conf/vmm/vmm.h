/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmm.h: a small virtual machine monitor on Linux's /dev/kvm: one VM with memory, vCPUs, a UART, an exit port and the
 * test hook of abi/testhook.h.
 *
 * main.c calls memory.c, boot.c, machine.c and vcpu.c in this order; vcpu.c → port.c → hook.c → {memory, missing,
 * count, save}.c. Source: Linux, Documentation/virt/kvm/api.rst and admin-guide/mm/userfaultfd.rst.
 */
#pragma once
#include "lib/types.h"
#include "abi/testhook.h"
#include <linux/kvm.h>
#include <pthread.h>

#define VCPUS_MAX    16
#define MEM_MIN      (4 * MiB)
#define MEM_MAX      (3 * GiB) /* devices of a PC begin above */
#define COMMAND_LINE 1024

/* Exit statuses besides the guest's own, which end at STATUS_GUEST_MAX. */
#define STATUS_GUEST_MAX 123
#define STATUS_STOPPED   124 /* the guest crashed, or did what cannot go on */
#define STATUS_UNABLE    125 /* could not run */

/* Where memory that is not plain RAM lies; RAM goes on behind it if there is so much. */
#define HOLE_BASE   0x30000000ul
#define HOLE_END    0x30200000ul
#define ROM_BASE    HOLE_BASE
#define WINDOW_BASE 0x30100000ul
#define WINDOW_END  (WINDOW_BASE + HOOK_WINDOW_MAX * PAGE_SIZE)

/* Low memory that the VMM fills: start information, its memory map, command line, ACPI tables; reserved in that map. */
#define LOW_BASE 0x9f000ul
#define LOW_END  0x100000ul

struct options {
    unsigned vcpus;
    u64 mem;      /* bytes of RAM */
    u32 features; /* of KVM_CPUID_FEATURES that the guest may see, if KVM offers them */
    bool enforce; /* and these only may be used */
    bool apic;    /* KVM's local APICs */
    bool msrtable;
    const char *image;
    char words[COMMAND_LINE]; /* the guest's command line */
};

struct vcpu {
    struct vmm *vmm;
    unsigned id; /* APIC id as well */
    int fd, stats;
    struct kvm_run *run;
    pthread_t thread;
};

enum window_page { WINDOW_RAM, WINDOW_PROTECTED, WINDOW_ABSENT };

struct vmm {
    struct options options;
    int kvm, fd; /* /dev/kvm; the VM */
    size_t run_bytes;
    struct kvm_cpuid2 *cpuid; /* what KVM supports */
    u32 features_offered, features_seen;
    u32 entry; /* of the image */
    u64 bytes; /* of the two mappings, each from gpa 0 on */
    u8 *guest; /* what KVM maps; pages can go missing here */
    u8 *kept;  /* the same memory, always there */
    enum window_page window[HOOK_WINDOW_MAX];
    struct vcpu vcpu[VCPUS_MAX];
    u64 exits_before; /* those of the VMs before the last HOOK_SAVE */
};

/* main.c: the two ways to give up. */
_Noreturn void unable(const char *why, ...) printf_like(1, 2); /* STATUS_UNABLE */
_Noreturn void stop(const char *why, ...) printf_like(1, 2);   /* STATUS_STOPPED */
_Noreturn void leave(unsigned status);                         /* flushes the console */

/* boot.c, acpi.c: fill memory with a PVH image and what it is told; an address in low memory each. */
void boot_load(struct vmm *m);
u64 acpi_write(struct vmm *m, u64 gpa);

/* memory.c: made once; the slots once for each VM. */
void memory_open(struct vmm *m);
void memory_add_slots(struct vmm *m);
/* The memory at gpa as the VMM sees it, NULL where the guest has none; bytes must not leave the page. */
u8 *memory_at(struct vmm *m, u64 gpa);
bool memory_may_write(struct vmm *m, u64 gpa);
void memory_window_set(struct vmm *m, unsigned page, enum window_page kind);

/* machine.c: a VM with its vCPUs, in the state after reset; and its end, for which nobody may be in it. */
void machine_open(struct vmm *m);
void machine_make(struct vmm *m);
void machine_destroy(struct vmm *m);
void machine_boot(struct vmm *m); /* vCPU 0 at the entry of a PVH image */
void set_or_stop(int fd, unsigned long request, void *argument, const char *what);

/* vcpu.c: a thread for each. */
_Noreturn void vcpus_run(struct vmm *m);
/* All but this one, the caller's, stand still between two instructions, and so does this one; ends waits if needed. */
void vcpus_pause(struct vcpu *self);
void vcpus_resume(struct vcpu *self);

/* port.c: IN and OUT of v->run. */
void port_access(struct vcpu *v);

/* hook.c */
u32 hook_in(struct vmm *m, u16 port);
void hook_out(struct vcpu *v, u16 port, u32 value);

/* missing.c: pages that go away and come back. Results as those of HOOK_MISS, HOOK_DONE and HOOK_STATE. */
void missing_open(struct vmm *m); /* before any file of KVM's */
bool missing_possible(void);
int missing_take(u64 gfn, u32 us);
int missing_end(u64 gfn, u32 us);
int missing_state(u64 gfn);
void missing_end_all(void);

/* count.c: HOOK_COUNT. */
int count_read(struct vmm *m, u32 which);
u64 count_exits(struct vmm *m);

/* save.c: HOOK_SAVE. */
void save_and_restore(struct vcpu *self, bool apf_before_apic);
