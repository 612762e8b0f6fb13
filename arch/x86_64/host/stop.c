/* SPDX-License-Identifier: BSD-2-Clause */
/* stop.c: let one CPU speak last, then leave by the exit port. */
#include "stop.h"
#include "abi/platform.h"
#include "cpu.h"
#include "lib/atomic.h"
#include "serial.h"
#include "smp.h"
#include "vm.h"
#include "xapic.h"

#define BOCHS_SHUTDOWN_PORT 0x8900 /* Bochs's unmapped device: ends the emulator on the word "Shutdown" */

static u32 claimed; /* CPU id + 1 */

static _Noreturn void halt(void)
{
    for (;;) {
        cli();
        hlt();
    }
}

void stop_claim(void)
{
    u32 me = this_cpu()->id + 1, nobody = 0;

    if (at_cas(&claimed, &nobody, me)) {
        xapic_nmi_others(); /* they come here through their NMI report */
        return;
    }
    if (nobody == me)
        stop_panic();
    halt();
}

bool stop_claimed(void)
{
    return at_load(&claimed);
}

void stop_panic(void)
{
    stop_machine(VM_STATUS_PANIC);
}

void stop_machine(u32 status)
{
    serial_drain();
    out32(PLATFORM_EXIT_PORT, status);
    for (const char *c = "Shutdown"; *c; c++)
        out8(BOCHS_SHUTDOWN_PORT, (u8)*c);
    halt();
}
