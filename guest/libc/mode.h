/* SPDX-License-Identifier: BSD-2-Clause */
/* mode.h: the permission bits of files. */
#pragma once
#include <sys/stat.h>

#define MODE_BITS 07777u

/* What umask() leaves of the bits that a program asks for. */
mode_t libc_mode(mode_t asked);
