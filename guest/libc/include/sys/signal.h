/* SPDX-License-Identifier: BSD-2-Clause */
/* signal.h: the same as <signal.h>. */
#pragma once
#include <signal.h>
