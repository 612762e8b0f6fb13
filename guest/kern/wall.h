/* SPDX-License-Identifier: BSD-2-Clause */
/* wall.h: the date, as the kernel sees it; programs have wall_start_ns(). */
#pragma once

void wall_init(void); /* once, before any other */
