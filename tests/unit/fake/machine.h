/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h: the machine under the core in a unit test: port.h (fake/port.c) and hw.h (fake/hw.c), in its hands.
 *
 * Time stands still unless the test moves it. Frames come from malloc, so that the address sanitizer sees their
 * misuse. fake_setup() and fake_teardown() fit cmocka's; the latter fails the test if memory is lost.
 */
#pragma once
#include "exit.h"
#include "port.h"

struct vcpu;

#define FAKE_CONSOLE 65536

struct fake_machine {
    u64 now;        /* ns */
    u64 tick;       /* that pass whenever somebody looks at the clock */
    u64 wall_start; /* the date, in ns, at which now was 0; 0 = the machine knows none */
    u64 tsc_khz;    /* the counter is now scaled, plus tsc_extra */
    u64 tsc_extra;
    unsigned cpus;
    unsigned kicks[CPU_MAX];
    u64 timer[CPU_MAX];
    unsigned idles;
    void (*kick)(unsigned cpu); /* what happens at a kick; NULL: it is counted */
    void (*idle)(void); /* what happens while a CPU sleeps; NULL: time passes until its timer is due */

    unsigned frames; /* allocated and not freed, a block's each counted; likewise bytes of port_zalloc() */
    size_t zalloced;
    unsigned allocations; /* attempts of every kind */
    unsigned fail_at;     /* the number of the attempt that fails, from 1; 0 = none */
    bool scattered;       /* no frames lie side by side: there are no blocks */

    char console[FAKE_CONSOLE]; /* all that was written, as a string */
    size_t console_length;
    unsigned console_writes;
    const char *input; /* what will be typed; NULL = nothing */

    bool nx_needed;     /* hw_nx_needed() */
    bool may_virt_apic; /* hw_may_virt_apic() */
};
extern struct fake_machine fake;

/* The CPU that the calling thread plays. */
extern _Thread_local unsigned fake_cpu;

int fake_setup(void **state);
int fake_teardown(void **state);
/* The n-th allocation from now fails. */
void fake_fail_allocation(unsigned n);
/* Forget what was written to the console. */
void fake_console_clear(void);

/* ---- The virtualisation extension: struct hw_vcpu is v->hw ---- */

enum fake_event { FAKE_NO_EVENT, FAKE_PF, FAKE_GP, FAKE_UD, FAKE_NMI, FAKE_IRQ };

struct fake_injection {
    enum fake_event event;
    u32 error; /* FAKE_PF */
    u64 cr2;
    u8 vector; /* FAKE_IRQ */
};

#define FAKE_LOG      256
#define FAKE_HW_MAGIC 0x454b4146u /* what hw_save() begins with */

struct hw_vcpu {
    /* The guest's state, for the test to set. A new vCPU has paging and interrupts on, at CPL 0. */
    unsigned cpl;
    bool paging, intr_open, intr_flag, nmi_open;
    u8 tpr;

    struct fake_injection pending;       /* for the next entry */
    struct fake_injection log[FAKE_LOG]; /* all that was ever injected */
    unsigned injected;
    int window; /* vector of hw_irq_window(), -1 = off */
    bool flush; /* hw_flush() since the last entry */
    bool exit_on_spin;
    bool log_writes; /* the test tells dirty_logged() what the guest writes */
    unsigned flushes, entries, loads, puts, reports, inits;
    hpa_t root;
    bool virt_apic;        /* for the test to set */
    hpa_t apic_page;       /* hw_apic_page() */
    unsigned apic_pages;   /* … how often */
    u32 entry, start_info; /* hw_start_pvh() */
    u64 tsc_offset;        /* hw_set_tsc_offset() */
    int sipi;              /* vector of hw_start_sipi(), -1 = none */
    struct exit completed; /* the last one, valid if completions */
    unsigned completions;
    struct exit decoded; /* what hw_mmio() makes of a fault, for the test to set; EXIT_INTR: nothing */
    unsigned faults_decoded;
    unsigned repeats; /* exits of which nothing came */
};

/* Plays the guest: called by hw_run() after the pending event has been taken. Must fill the exit in. */
extern void (*fake_guest)(struct vcpu *v, struct exit *e);
/* Width of guest physical addresses that CPUID reports. */
#define FAKE_MAXPHYADDR 40
