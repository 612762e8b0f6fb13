/* SPDX-License-Identifier: BSD-2-Clause */
/* retry.h: how often invalidations turn a vCPU's fault away, and what is done for one that starves (SPEC B4-7). */
#pragma once

struct vcpu;

/* So often in a row; then new brackets hold off (inv_enter()) until the fault has ended. */
#define RETRY_PATIENCE 64

/* The fault met an invalidation and is to happen again (B3-6). Owner only. */
void retry_count(struct vcpu *v);
/* The fault has ended in some other way. Owner only. */
void retry_end(struct vcpu *v);
