/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * testhook.h: a device by which a guest under test makes its own pages go missing, so that page faults come when the
 * test wants them.
 *
 * Five 32-bit I/O ports, one set for a VM. The guest writes PAGE and VALUE, then COMMAND; reading COMMAND gives the
 * result: 0 or more, or a negated PV_E* of kvm_hypercall.h. Guests with several CPUs take a lock around the four. A
 * host without the device reads all ones at ID. Usable from assembly.
 *
 * Of all commands: PV_EINVAL: VALUE is out of its range, or the page is not one of the window where it must be.
 * PV_EFAULT: there is no memory at PAGE. PV_ENOSYS: the command does not work here.
 */
#pragma once

#define HOOK_PORT_ID      0x5e0 /* in: HOOK_ID */
#define HOOK_PORT_CAPS    0x5e4 /* in: HOOK_CAP(c) for each command c that works here */
#define HOOK_PORT_PAGE    0x5e8 /* out: a guest frame number */
#define HOOK_PORT_VALUE   0x5ec /* out */
#define HOOK_PORT_COMMAND 0x5f0 /* out: HOOK_…; in: the result of the last one */
#define HOOK_PORT_END     0x5f4

#define HOOK_ID         0x6b6f6f48 /* "Hook" */
#define HOOK_CAP(c)     (1 << (c))
#define HOOK_HOLD       0xffffffff
#define HOOK_DELAY_MAX  1000000 /* us */
#define HOOK_WINDOW_MAX 16

/*
 * MISS: the page is taken away with its contents kept. The next access, of the guest or of the host for it, finds it
 * absent, and the host starts to wait for it: VALUE us long from then on (at most HOOK_DELAY_MAX), or until DONE
 * (HOOK_HOLD). Who else accesses it waits for the same end. After that it is a page like any other.
 * PV_EBUSY: it is missing already. PV_ENOMEM: as many are as can be; 64 can, and more if the guest has the memory.
 */
#define HOOK_MISS 1
/*
 * VALUE us from now (0: at once; at most HOOK_DELAY_MAX) the page is missing no more, be it waited for or not; until
 * then all is as before. Replaces an earlier delay. PV_ENOENT: it is not missing.
 */
#define HOOK_DONE 2
/*
 * As DONE, but the host's attempt to get the page fails, once: those who wait are told, the page stays absent, and the
 * next access succeeds by an attempt that takes no time and of which the guest is not told (A3-95). Such a page counts
 * as present.
 */
#define HOOK_FAIL 3
/* Result: HOOK_IS_… of the page. */
#define HOOK_STATE      4
#define HOOK_IS_PRESENT 0 /* not missing */
#define HOOK_IS_MISSING 1 /* … and not touched yet */
#define HOOK_IS_AWAITED 2 /* … and the host waits for it */
/*
 * Result: the first of VALUE (at most HOOK_WINDOW_MAX) frames of memory for the next two; the same ones each time. They
 * need not be in the memory map.
 */
#define HOOK_WINDOW 5
/*
 * A page of the window: VALUE 1 = nobody can write to it, neither the guest, which is stopped if it tries, nor the host
 * for it; 0 = anybody can again. PV_EBUSY: the page is missing. PV_EEXIST: the guest has moved other memory there.
 */
#define HOOK_PROTECT 6
/*
 * A page of the window: VALUE 1 = there is no memory, 0 = there is again, with what it held. A guest that accesses it
 * meanwhile may be stopped. PV_EBUSY: the page is missing. PV_EEXIST: the guest has moved other memory to where the
 * page is to be, or to where it is kept.
 */
#define HOOK_HOLE 7
/* Result: the frame of a page that this guest can read but never write, being stopped if it tries. PV_ENOENT: none. */
#define HOOK_ROM 8
/* Result: a counter since the VM's start, modulo 2^31; VALUE = HOOK_COUNT_…. */
#define HOOK_COUNT             9
#define HOOK_COUNT_EXITS       0 /* of all vCPUs, from guest mode */
#define HOOK_COUNT_BUSY_US     1 /* time in which vCPUs were not halted and did not wait, sum over all */
#define HOOK_COUNT_NOT_PRESENT 2 /* events injected */
#define HOOK_COUNT_READY       3 /* events reported, wake-all among them */
#define HOOK_COUNT_HALTS       4 /* artificial halts */
#define HOOK_COUNT_SYNC        5 /* faults that a vCPU had to sit out; a MISS of an absent page may count, too */
/*
 * The VM is saved and goes on, with the instruction behind this one, as a new VM made of what was saved: registers,
 * local APICs, APF registers, memory; outstanding work is lost (A3-60, A3-61). Pages that were missing are not any
 * more. Result: 1. VALUE: HOOK_SAVE_…
 */
#define HOOK_SAVE            10
#define HOOK_SAVE_APF_BEFORE 1 /* restores the APF registers before the local APIC, and not after (A3-62) */
