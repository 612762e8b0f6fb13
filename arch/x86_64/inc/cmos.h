/* SPDX-License-Identifier: BSD-2-Clause */
/* cmos.h: a register of the real-time clock, as rtc_seconds() asks for it. */
#pragma once
#include "cpu.h"
#include "lib/rtc.h"

static inline u8 cmos_read(u8 reg)
{
    out8(RTC_INDEX, reg);
    return in8(RTC_DATA);
}
