/* SPDX-License-Identifier: BSD-2-Clause */
/* fpu.h: a vCPU's FPU registers go into the CPU and come out of it, as FXSAVE images. */
#pragma once
#include "cpu.h"

/* x87 registers all empty in both images, under the same control and status: FCW, FSW, FTW (SDM vol. 1, table 10-2). */
static inline bool fpu_same_x87(const u8 *a, const u8 *b)
{
    return !a[4] && !b[4] && *(const u32 *)a == *(const u32 *)b;
}

/*
 * `now` is what the registers still equal, NULL if that is not known. x87 stays as it is where that makes no
 * difference: in QEMU an FXRSTOR has a price (docs/emulators.md).
 */
static inline void fpu_load(const u8 *now, const u8 *image)
{
    if (now && fpu_same_x87(now, image))
        sse_load(image);
    else
        fxrstor(image);
}

#define FX_MXCSR      24 /* its place in the image */
#define MXCSR_DEFINED 0xffffu

/* Loading it does not fault: no reserved bit of MXCSR is set. */
static inline bool fpu_restorable(const u8 *image)
{
    return !(*(const u32 *)(image + FX_MXCSR) & ~MXCSR_DEFINED);
}

/* The state at reset: FNINIT, and MXCSR with all exceptions masked. The rest of the image is 0. */
static inline void fpu_reset(u8 *image)
{
    *(u16 *)image = 0x037f;
    *(u32 *)(image + FX_MXCSR) = 0x1f80;
}
