/* SPDX-License-Identifier: BSD-2-Clause */
/* seen.h: how often a run met what it is there to meet: a suite that exercises nothing shows it. */
#pragma once
#include "lib/types.h"

#define SEEN(each)                                                                                           \
    each(TOLD, "events told not-present") each(READY, "ready") each(DROPPED, "dropped by disabling")         \
        each(LEFT, "left when the VM ended") each(WAKE_ALL, "wake-all events") each(HUGE_MAP, "huge leaves") \
            each(HUGE_CUT, "huge leaves cut up") each(COLLAPSE, "collapses") each(NX_SPLIT, "NX splits")     \
                each(NX_RECOVERED, "NX recoveries") each(NX_SWITCH, "NX switches") each(FETCH, "fetches")    \
                    each(EVICTION, "evictions") each(MIGRATION, "migrations")                                \
                        each(RETRY, "faults turned away") each(SLOT_RENEWED, "slots moved in place")         \
                            each(SLOT_MOVED, "elsewhere") each(SLOT_DELETED, "deleted")                      \
                                each(SLOT_BUSY, "busy slots") each(APIC_ACCESS, "APIC page accesses")        \
                                    each(APIC_RELOAD, "APIC page reloads")                                   \
                                        each(APIC_MOVE, "APIC page moves")                                   \
                                            each(FLUSH_LEFT, "flushes left to the host")                     \
                                                each(EOI_SKIPPED, "ends by word")                            \
                                                    each(CHECK, "checks of the tables")                      \
                                                        each(NPT, "npt seeds") each(EPT, "ept")              \
                                                            each(EPT_NOAD, "ept-noad") each(S2, "s2")        \
                                                                each(S2_NOAF, "s2-noaf") each(TOY, "toy")

#define SEEN_ENUM(name, text) SEEN_##name,
enum seen { SEEN(SEEN_ENUM) SEEN_KINDS };

/* Of the present run. */
extern u64 seen[SEEN_KINDS];
void seen_reset(void);
/* Print all of them, as a comment. */
void seen_print(const u64 *counts);
