/* SPDX-License-Identifier: BSD-2-Clause */
/* ipi.h: interrupt several CPUs. */
#pragma once
#include "karch.h"

/* Interrupts off. Bit n of `to` is cpus[n]; the caller is not among them. What was stored before is visible to them. */
void ipi_send(u32 to, enum kirq irq);
