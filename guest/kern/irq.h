/* SPDX-License-Identifier: BSD-2-Clause */
/* irq.h: what the machine's interrupt entries call. */
#pragma once

/* What the machine calls for each interrupt, interrupts off, after it told its controller that it is handled. */
void irq_timer(void);
void irq_resched(void);
void irq_call(void);
void irq_apf(void);
void irq_stop(void); /* comes back if no CPU has panicked; irq_exit() is not for this one */
/* … and after each of them, before it goes back to what was interrupted: another thread may be due. */
void irq_exit(void);
