/* SPDX-License-Identifier: BSD-2-Clause */
/* fault.h: the way of a guest's page fault through the host (architecture 5). */
#pragma once
#include "exit.h"

struct vcpu;

/* The guest touched gpa and the TDP tables did not allow it. Owner only; ends the VM if there is no memory at gpa. */
void fault_handle(struct vcpu *v, gpa_t gpa, u32 access);

/* Map gfn if its page is resident, so that the access which waited for it need not fault again (A0-4). */
void fault_prefetch(struct vcpu *v, gfn_t gfn);
