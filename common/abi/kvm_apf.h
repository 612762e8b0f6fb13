/* SPDX-License-Identifier: BSD-2-Clause */
/* kvm_apf.h: the 64-byte slot through which host and guest exchange asynchronous page faults (A0.2, A1-A3). */
#pragma once
#include <stdint.h>
#include "layout.h"

#define APF_SLOT_SIZE       64
#define APF_PER_VCPU        64          /* outstanding not-present events per vCPU (A0-6) */
#define APF_TOKEN_WAKE_ALL  0xffffffffu /* A0-21 */
#define APF_TOKEN_SEQ_SHIFT 12          /* bits 11:0 vCPU id, 31:12 sequence (A0-20) */

/* word0 in the INT dialect */
#define APF_FLAG_NOT_PRESENT 0x1

/* word0 in the LEGACY and PF2 dialects */
#define APF_REASON_NONE        0
#define APF_REASON_NOT_PRESENT 1
#define APF_REASON_READY       2

/*
 * One per vCPU, 64-byte aligned, in guest RAM; the host writes only word0 and token (A0-31).
 *
 *           word0                token
 *   LEGACY  reason 0/1/2         unused (CR2 carries the token of both events)
 *   PF2     reason 0/1/2         token of the event that reason names
 *   INT     flags bit 0          token of a page-ready event, 0 = slot free
 */
struct apf_slot {
    uint32_t word0;
    uint32_t token;
    uint8_t pad[56];
} __attribute__((aligned(APF_SLOT_SIZE)));

ABI_ASSERT(sizeof(struct apf_slot) == 64, "A8-1: slot is 64 bytes");
ABI_ASSERT(__alignof__(struct apf_slot) == 64, "A8-1: slot is 64-byte aligned");
ABI_ASSERT(__builtin_offsetof(struct apf_slot, token) == 4, "A8-1: token at 4");
