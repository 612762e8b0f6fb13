/* SPDX-License-Identifier: BSD-2-Clause */
/* hw_vcpu.h: the hardware state of a vCPU on the machine that does not exist. */
#pragma once
#include "tlb.h"
#include "vcpu.h"

#define HW_VCPUS VCPU_MAX

enum model_event_kind { EVENT_NONE, EVENT_PF, EVENT_GP, EVENT_UD, EVENT_NMI, EVENT_IRQ };

struct model_event {
    enum model_event_kind kind;
    u32 error; /* EVENT_PF */
    u64 cr2;
    u8 vector; /* EVENT_IRQ */
};

struct hw_vcpu {
    unsigned cpl;
    bool paging, intr_flag, shadow, nmi_open;
    u8 tpr;
    struct model_event pending; /* for the next entry */
    int window;                 /* vector of hw_irq_window(), -1 = off */
    bool exit_on_spin;

    hpa_t root;
    bool flush;  /* at the next entry */
    u64 flushed; /* the flush generation that the last flush honoured */
    u64 flushes; /* so far */
    struct tlb tlb;
    hpa_t apic_page; /* 0: none was ever set */
    u64 apic_loads;  /* how often it was set */
};

/* The i-th vCPU there is, or NULL. */
struct vcpu *hw_vcpu_at(unsigned i);
/* It drops all translations before its guest runs again. */
bool hw_will_flush(const struct vcpu *v);

/*
 * The guest's instruction reaches gpa: where its byte is in this process, or NULL and an exit. The pointer is good
 * until the next scheduling point.
 */
void *hw_reach(struct vcpu *v, gpa_t gpa, u32 access, struct exit *e);
