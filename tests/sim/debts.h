/* SPDX-License-Identifier: BSD-2-Clause */
/* debts.h: what the host owes its guests: each event that was announced or asked for must come, and in time. */
#pragma once
#include "lib/types.h"

enum debt { DEBT_TOKEN, DEBT_IRQ, DEBT_NMI };

void debts_reset(void);
/* From `since` (ns) on the vCPU is owed `what`; if it is already, that stands. */
void debt_add(enum debt what, unsigned vcpu, u32 key, u64 since);
bool debt_is(enum debt what, unsigned vcpu, u32 key);
/* It has come. False: it was not owed. */
bool debt_pay(enum debt what, unsigned vcpu, u32 key);
/* All debts of this kind to this vCPU are waived. How many these were. */
unsigned debt_waive(enum debt what, unsigned vcpu);
unsigned debt_count(enum debt what, unsigned vcpu);
/* Is one too old? */
void debts_check(void);
