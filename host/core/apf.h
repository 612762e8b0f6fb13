/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apf.h: asynchronous page faults of one vCPU: tell the guest, and tell it again when the page is there (A0-A3).
 *
 * Everything here belongs to the vCPU's owner. Other CPUs reach it only through tickets on vcpu_pub.done (ticket.h).
 */
#pragma once
#include "exit.h"
#include "gfnset.h"
#include "ticket.h"
#include "abi/kvm_apf.h"

struct vcpu;

/* Which slot rules are in force; chosen when EN is written (A5-5). */
enum apf_dialect { APF_OFF, APF_LEGACY, APF_PF2, APF_INT };

struct apf_item {
    gfn_t gfn;
    u32 token;
    bool injected; /* the guest was told not-present, so it must be told ready (A0-11) */
};

#define APF_WAKE_ALL APF_PER_VCPU /* index of the wake-all pseudo-item */

struct apf {
    u64 en, vec; /* the MSRs as last accepted */
    enum apf_dialect dialect;
    u32 sequence;   /* of the last token: 1 … 0x3fff */
    u32 generation; /* tickets of older generations are no longer ours (D2) */
    u64 used;       /* bit i: item[i] is outstanding */
    struct apf_item item[APF_PER_VCPU];
    struct gfnset waiting;     /* gfn -> item */
    u8 done[APF_PER_VCPU + 1]; /* finished, not yet reported, oldest first: ring of item numbers */
    unsigned done_head, done_count;
    bool wake_all;    /* the pseudo-item is in the ring */
    bool want_window; /* a #PF-carried ready waits for IF = 1 (A1-13) */
    bool unwritable;  /* a ready record could not be written, for want of memory that can be (A0-34) */
    bool want_slot;   /* delivery waits for the slot's page; its ticket is out */
    bool remind;      /* just restored: an event in the slot may have lost its interrupt (A3-63) */
    struct ticket_pool tickets;
};

void apf_init(struct vcpu *v);
/* INIT and reset: MSRs zero, everything outstanding dropped (A3-50). */
void apf_reset(struct vcpu *v);

enum apf_try {
    APF_TOLD, /* not-present is queued for the next entry: go on running the guest */
    APF_HALT, /* artificial halt */
    APF_SYNC, /* the vCPU must sit the fault out */
};
/*
 * May the guest be told that gfn is absent? On APF_TOLD, and on APF_HALT with *ticket set, an item exists and *ticket
 * must be handed to the pager next, before anything else can fail (A0-10). APF_SYNC: *ticket is the synchronous one.
 * APF_HALT with *ticket NULL: the gfn is already waited for (A0-7).
 */
enum apf_try apf_try(struct vcpu *v, gfn_t gfn, struct ticket **ticket);

/* The done list has tickets: take them, end halts, deliver what can be delivered. */
void apf_service(struct vcpu *v);
/*
 * Report finished items while the guest can take them. To be called when something that gates delivery has changed:
 * LAPIC enabled, window open, CR0.PG, slot page there.
 */
void apf_deliver(struct vcpu *v);

/* PV_MSR_APF_EN, _VEC, _ACK; the CPUID check is pv_msr.c's. #GP implies no change (A0-36). */
enum outcome apf_msr(struct vcpu *v, struct exit *e);

/* Can these be the values of EN and VEC? What was an APF slot's page need not be memory any more. */
bool apf_restorable(const struct vcpu *v, u64 en, u64 vec) must_check off_path;
/* They are. Of a new vCPU (A3-61). */
void apf_restore(struct vcpu *v, u64 en, u64 vec) off_path;

/* The rest is between apf.c, apf_deliver.c and apf_msr.c. */

/* Forget all items and finished events; tickets that are still out belong to an old generation from now on. */
void apf_drop(struct vcpu *v);
/* Queue the wake-all event unless it is queued already (A3-30). */
void apf_queue_wake_all(struct vcpu *v);
/* Free an item that was reported or need not be. */
void apf_item_free(struct apf *a, unsigned i);
/* Write the not-present marker into the slot; false: it cannot be written now (A0-33). */
bool apf_mark_not_present(struct vcpu *v, u32 token);
/* PF2 with interrupt delivery: the previous event of either kind has been consumed (A2-10). */
bool apf_slot_free(struct vcpu *v);
