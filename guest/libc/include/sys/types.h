/* SPDX-License-Identifier: BSD-2-Clause */
/* types.h: the C library's, and those of <pthread.h>, which picolibc has not. */
#pragma once
#include_next <sys/types.h>
#include <sys/_pthreadtypes.h>
