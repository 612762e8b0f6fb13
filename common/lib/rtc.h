/* SPDX-License-Identifier: BSD-2-Clause */
/* rtc.h: the date from a PC's real-time clock (MC146818: Motorola's data sheet, and the century of ACPI's FADT). */
#pragma once
#include "types.h"

#define RTC_INDEX 0x70 /* port: which register; bit 7 would switch NMIs off */
#define RTC_DATA  0x71

/* Reads register `reg`. */
typedef u8 (*rtc_register)(u8 reg);

/* Seconds since 1970; 0 if there is no such clock, or it makes no sense. Waits for at most about 2 ms. */
u64 rtc_seconds(rtc_register get);
