/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pv_eoi.h: ends of interrupts without an exit, by a bit in a word of the guest's memory (A7-7).
 *
 * The bit is set for a stay in guest mode, and only where the end of the interrupt changes nothing else: it is the only
 * one in service and none is requested. After the stay the bit is taken back: if the guest has cleared it, the
 * interrupt has ended. So between two stays the in-service register is exact. Owner only.
 */
#pragma once
#include "exit.h"

struct vcpu;

/* PV_MSR_EOI. To be switched on it needs memory. */
enum outcome pv_eoi_msr(struct vcpu *v, struct exit *e);
/*
 * Switched on: accept an interrupt, and leave its end to the word if that may be. False: the end of another one is, and
 * the request that came with this one has called the entry off.
 */
bool pv_eoi_accept(struct vcpu *v, u8 vector) must_check;
/* DUE_EOI: set the bit if the interrupt's end may be left to it; a word that is not resident is done without. */
void pv_eoi_arm(struct vcpu *v);
/*
 * DUE_EOI_LOOK: take the bit back, and end the interrupt if the guest did. False: the word's page has been taken away
 * meanwhile; the vCPU has been put to sleep until it is there, and what it exited for is to happen again.
 */
bool pv_eoi_settle(struct vcpu *v) must_check;
/* INIT and reset. */
void pv_eoi_reset(struct vcpu *v);
