/* SPDX-License-Identifier: BSD-2-Clause */
/* nvme_reg.h: the part of the NVM Express 1.4 register and queue layouts that the driver uses. */
#pragma once
#include "lib/types.h"

#define NVME_CLASS 0x010802 /* mass storage, non-volatile memory, NVM Express */

#define NVME_CAP       0x00
#define NVME_CC        0x14
#define NVME_CSTS      0x1c
#define NVME_AQA       0x24
#define NVME_ASQ       0x28
#define NVME_ACQ       0x30
#define NVME_DOORBELLS 0x1000

#define CAP_MQES(cap)     ((u32)((cap)&0xffff) + 1)
#define CAP_TIMEOUT_NS(c) (((c) >> 24 & 0xff) * 500000000ull)
#define CAP_STRIDE(cap)   (4u << ((cap) >> 32 & 0xf))
#define CAP_MPSMIN(cap)   ((cap) >> 48 & 0xf) /* smallest page: 4 KiB << this */

#define CC_ENABLE      1u
#define CC_ENTRY_SIZES (6u << 16 | 4u << 20) /* 64 and 16 bytes */
#define CSTS_READY     1u
#define CSTS_FATAL     2u

enum nvme_admin_op {
    NVME_CREATE_SQ = 0x01,
    NVME_CREATE_CQ = 0x05,
    NVME_IDENTIFY = 0x06,
    NVME_SET_FEATURES = 0x09,
};

enum nvme_io_op {
    NVME_WRITE = 0x01,
    NVME_READ = 0x02,
};

#define NVME_IDENTIFY_NAMESPACE 0
#define NVME_FEATURE_QUEUES     7
#define NVME_QUEUE_CONTIGUOUS   1u
#define NVME_QUEUE_INTERRUPTS   2u
#define NVME_NAMESPACE          1 /* the first; disks of one namespace are all we use */

struct nvme_command {
    u8 opcode, flags;
    u16 id;
    u32 nsid;
    u64 reserved, metadata;
    u64 prp1, prp2;
    u32 dw10, dw11, dw12, dw13, dw14, dw15;
};

struct nvme_completion {
    u32 result, reserved;
    u16 sq_head, sq_id;
    u16 id;
    u16 status; /* bit 0: phase; 15:1 status */
};

struct nvme_namespace {
    u64 blocks;
    u8 unused[18];
    u8 format; /* bits 3:0: index of the format in use */
    u8 unused2[101];
    u32 formats[16]; /* bits 15:0 metadata bytes, 23:16 log2 of the block size */
};

_Static_assert(sizeof(struct nvme_command) == 64, "NVMe submission entry");
_Static_assert(sizeof(struct nvme_completion) == 16, "NVMe completion entry");
_Static_assert(offsetof(struct nvme_namespace, format) == 26, "NVMe identify namespace");
_Static_assert(offsetof(struct nvme_namespace, formats) == 128, "NVMe identify namespace");
