/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pv_steal.h: what a vCPU is told of the CPU it does not get: how long, and whether it runs now (A7-6, A7-9).
 *
 * Stolen is the time that a vCPU is runnable while its CPU runs another one. When that begins, its area says preempted;
 * before the vCPU runs again the byte is exchanged with 0, and a flush that others asked for in it meanwhile is done.
 * Owner only.
 */
#pragma once
#include "exit.h"

struct vcpu;

struct pv_stolen {
    u64 msr;     /* PV_MSR_STEAL as last accepted */
    u64 since;   /* ns; when the present theft began, 0 = none */
    u64 owed;    /* ns that the area does not have yet */
    bool marked; /* the area says preempted: others may leave their flushes to us */
    bool wanted; /* the area's page is being brought in; its ticket is out */
};

/* PV_MSR_STEAL. To be switched on it needs memory; the area is written at once. */
enum outcome pv_steal_msr(struct vcpu *v, struct exit *e);
/* The vCPU could run, and its CPU runs another one from now on. May be said again while that lasts. */
void pv_steal_begin(struct vcpu *v, u64 now);
/*
 * It is to run: the theft ends. False: it may not run yet, because somebody may ask for a flush in a byte that
 * cannot be reached now; it has been put to sleep until it can be.
 */
bool pv_steal_end(struct vcpu *v, u64 now) must_check;
/* The page that was wanted is there, or the wait for it has ended otherwise. */
void pv_steal_there(struct vcpu *v);
/* INIT and reset. */
void pv_steal_reset(struct vcpu *v);
