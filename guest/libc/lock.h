/* SPDX-License-Identifier: BSD-2-Clause */
/* lock.h: what both libraries call a lock. */
#pragma once
#include "guest.h"

struct __lock {
    struct mutex mutex;
};
