/* SPDX-License-Identifier: BSD-2-Clause */
/* platform.h: the two devices every guest of ours may count on (architecture D6). Usable from assembly. */
#pragma once

#define PLATFORM_UART_PORT 0x3f8 /* 16550 */
/* isa-debug-exit: a 32-bit write of v ends the VM with status v; QEMU's own exit code is v<<1|1. */
#define PLATFORM_EXIT_PORT 0xf4
