/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf.h: what a case of the conformance image may use.
 *
 * A case is a function without arguments that common/abi/conf.def lists. It runs on CPU 0 at CPL 0 with
 * interrupts on, APF off, the slot zero, no page missing, no event logged, and leaves all that to the harness to
 * restore, on each CPU that it gave a job. The first failure is what is reported; the case goes on, unless it
 * returns. All waits are bounded. Linux sits out a WRMSR of EN = 0, and an INIT, until all outstanding reads have
 * ended: before either, a case gives the pages that are waited for back in a while, by done() with a delay.
 */
#pragma once
#include "abi/kvm_apf.h"
#include "abi/kvm_cpuid.h"
#include "abi/kvm_msr.h"
#include "abi/testhook.h"
#include "cpu.h"
#include "lib/atomic.h"
#include "lib/types.h"
#include "msr.h"

/* ---- Rows of conf.def ----------------------------------------------------------------------- */

enum { D_NONE, D_INT = 1, D_PF2 = 2, D_LEGACY = 4 };

enum {
    N_NONE,
    N_HOOK = 0x1,    /* pages go missing at will: HOOK_MISS, HOOK_DONE, HOOK_STATE */
    N_FAIL = 0x2,    /* HOOK_FAIL */
    N_WINDOW = 0x4,  /* HOOK_WINDOW, HOOK_PROTECT, HOOK_HOLE */
    N_ROM = 0x8,     /* HOOK_ROM */
    N_COUNT = 0x10,  /* HOOK_COUNT */
    N_SAVE = 0x20,   /* HOOK_SAVE */
    N_CPUS2 = 0x40,  /* two CPUs */
    N_CLOCK = 0x100, /* these: the KVM feature */
    N_STEAL = 0x200,
    N_EOI = 0x400,
    N_IPI = 0x800,
    N_POLL = 0x1000,
    N_YIELD = 0x2000,
    N_KICK = 0x4000,
    N_FLUSH = 0x8000,
    N_OURS = 0x10000,      /* the leaf of abi/faultline.h */
    N_DUAL = 0x20000,      /* its personality is dual */
    N_HIDDEN = 0x40000,    /* the host announces no APF at all */
    N_KVM = 0x80000,       /* KVM's leaves */
    N_NO_APIC = 0x200000,  /* no local APIC; all other rows need one */
    N_ENFORCED = 0x400000, /* MSRs obey CPUID: no word enforce=0 */
    N_OPEN = 0x800000,     /* they do not: the word enforce=0 */
    N_NOT_DUAL = 0x1000000,
};

/* The cases themselves. */
#define CONF(clause, name, dialects, needs, text) void conf_##clause##_##name(void);
#include "abi/conf.def"
#undef CONF

/* ---- Verdicts (report.c) -------------------------------------------------------------------- */

/* The case has failed, because of this. */
void fail(const char *fmt, ...) printf_like(1, 2);
/* The case cannot be tried here, because of this; it ends with `return` after it. */
void skip(const char *fmt, ...) printf_like(1, 2);
/* Fail unless; true if it holds. */
bool expect(bool claim, const char *fmt, ...) printf_like(2, 3);
bool expect_eq(const char *what, u64 seen, u64 expected);
/* A line of comment. */
void note(const char *fmt, ...) printf_like(1, 2);

/* ---- Time (time.c): by the TSC, whose rate the host tells or is guessed --------------------- */

u64 time_us(void);
/* By the hypervisor's timing leaf; 0: it has none. */
u32 time_leaf_khz(void);
/* Interrupts stay as they are. No exits. */
void spin_us(u64 us);

/* ---- Hosts (host.c) ------------------------------------------------------------------------- */

extern struct host {
    u32 kvm_base;      /* leaf of the signature; 0: no KVM leaves */
    u32 features;      /* EAX of leaf kvm_base + 1 */
    bool ours;         /* abi/faultline.h's leaf is there */
    u32 personality;   /* … and says that */
    unsigned dialects; /* D_…: those that can be spoken */
    u32 hook;          /* HOOK_PORT_CAPS; 0: no hook */
} host;

static inline bool host_has(unsigned feature)
{
    return host.features & BIT(feature);
}

/* INT and PF2 at once (A5-5). */
bool host_is_dual(void);

/* A gpa beyond all memory that the loader told of, page-aligned, below 2^45. */
u64 host_hole(void);

/* RDMSR and WRMSR; false: #GP. */
bool msr_read(u32 msr, u64 *value);
bool msr_write(u32 msr, u64 value);
/* The same where #GP is a failure of the case. */
u64 msr_get(u32 msr);
void msr_set(u32 msr, u64 value);
/* KVM's convention, by VMMCALL or VMCALL; at CPL 0. */
bool calls_by_vmmcall(void);
s64 hypercall(u64 nr, u64 a0, u64 a1, u64 a2, u64 a3);

/* ---- Pages (page.c): test material, each filled with its number, of 4 KiB ------------------- */

#define PAGES      160
#define PAGE_WORDS (PAGE_SIZE / sizeof(u64))

/* The next page that this case has not had yet. */
u64 *page_new(void);
/* What each of its words must hold unless the case wrote it. */
u64 page_value(const u64 *page);
/* From here on all that it had may be given to it again. */
void pages_again(void);
u32 page_frame(const void *page);

/* Not HOOK_HOLD: a host that tells nothing would wait for ever, with the CPU that was to say DONE. */
#define HELD HOOK_DELAY_MAX

/* The test hook (abi/testhook.h); any CPU. Negative: its error. */
s32 hook(u32 command, u32 frame, u32 value);
/* MISS, DONE and STATE of a page; an error is a failure of the case. us: of delay, or HELD: until done(). */
void miss(const void *page, u32 us);
void done(const void *page, u32 us);
s32 page_state(const void *page);

/* ---- Events (event.c) ----------------------------------------------------------------------- */

enum event_kind { EV_ABSENT, EV_READY, EV_IRQ, EV_NMI, EV_EXCEPTION };

/* What came, and what the slot held when it did. EV_READY: the vector of this CPU's APF, or LEGACY's #PF. */
struct event {
    enum event_kind kind;
    u8 vector;
    u32 word0, token; /* slot */
    u64 error, cr2;
    u64 rip, rflags;
    u16 cs;
    u64 tsc;
    u32 id; /* the token that the event names: in CR2, or in the slot */
};

#define EVENTS_MAX 512

struct apf_cpu {
    struct apf_slot *slot;
    u8 vector;        /* of ready */
    unsigned dialect; /* D_… in force, 0 = off: a #PF is then no event */
    bool keep_marker; /* the #PF handler leaves word0 alone */
    bool keep_ready;  /* the interrupt handler does not free the slot and does not acknowledge */
};

struct cpu {
    struct cpu *self; /* found by GS */
    unsigned id;
    u32 apic_id;
    struct apf_slot
        *slots; /* a page of them; apf.slot is the first, unless the case takes and clears another */
    struct apf_cpu apf;
    struct event *log; /* the last EVENTS_MAX */
    u32 logged;        /* so many have come, written by this CPU alone */
    u64 user_rsp, told_rip;
    bool eoi_by_case; /* the handler leaves the end of interrupt to the case */
    void (*job)(void *);
    void *job_arg;
    u32 job_seq, job_done, online;
    void (*on_event)(struct event *e); /* called by the handler, interrupts off */
} __attribute__((aligned(64)));

#define CPUS_MAX 8
extern struct cpu cpus[CPUS_MAX];
extern unsigned cpus_online;

struct cpu *this_cpu(void);

/* How many events this CPU has seen: a point to count from. */
u32 events_now(void);
unsigned events_since(u32 from, enum event_kind kind);
/* The n-th (0 …) of that kind since; NULL. */
struct event *event_since(u32 from, enum event_kind kind, unsigned n);
/* Waits with interrupts on, running, until there are n of that kind since; NULL: it took longer than us. */
struct event *event_wait(u32 from, enum event_kind kind, unsigned n, u64 us);
/* The same asleep in HLT, of which each interrupt wakes; a timer is set. */
struct event *event_halt(u32 from, enum event_kind kind, unsigned n, u64 us);

#define SOON  1000000u /* us in which what must come has to come */
#define QUIET 3000u    /* us in which what must not come would have come */
/* Lets QUIET us pass with interrupts on; a failure if any APF event came since. */
void expect_quiet(u32 from);

/* ---- APF (apf.c), of the calling CPU -------------------------------------------------------- */

#define VECTOR 0xf3
extern unsigned dialect; /* D_… this row runs in */

/* EN bits that this dialect wants beside the address, delivery at CPL 0 included. */
u64 en_bits(void);
/* Registers of this dialect with these bits; the slot as it is. Tells the handlers. */
void apf_write(u64 bits);
/* Slot zero, on, and the wake-all event taken; false (and a failure): it did not come. */
bool apf_start(void);
bool apf_start_with(u64 bits);
/* The next ready is wake-all and comes soon; NULL and a failure if not. */
struct event *expect_wake_all(u32 from);
/* The same, and then nothing more for QUIET. */
struct event *expect_one_wake_all(u32 from);
/* EN = 0. */
void apf_stop(void);
/* Clears what reports ready, and acknowledges: what the handler does unless keep_ready. */
void ready_free(void);
void ready_ack(void);
/* Does the slot report ready now? And soon, without an interrupt taken? */
bool slot_reports(void);
bool slot_reports_soon(void);

/* ---- Accesses (touch.c) --------------------------------------------------------------------- */

enum touch { READ, WRITE, EXECUTE };
/*
 * One access to the page, at CPL 0 (or 3, see `cpl` below). False: a not-present event came instead; the access
 * was not made and is given up. WRITE writes what is there; EXECUTE calls a RET at its start, which the case
 * has put there.
 */
bool touch(void *at, enum touch how);
bool touch_at(unsigned cpl, void *at, enum touch how);
/* Where such an access is, as the event's RIP has it; and how the page's address looks at touch()'s CPL. */
u64 touch_rip(enum touch how);
u64 touch_rip_at(unsigned cpl, enum touch how);
u64 touch_address(const void *at);
/* READ at CPL 0 with the trap flag set, once; READ at CPL 3 with interrupts on, whatever they are here. */
void touch_stepping(void *at);
void touch_user_open(void *at);
/* A hypercall at CPL 3, without arguments; RAX. */
u64 touch_user_call(u64 nr);
/* The stack on which interrupts from CPL 3 are delivered: up to there; NULL = the usual one. */
void cpu_user_stack(void *top);
/* CPL at which touch() works: 0, or 3 with the word cpl=3, for hosts that tell nothing at CPL 0. */
unsigned touch_cpl(void);
/*
 * touch(READ), and the event, of which all that holds for each is checked; NULL and a failure if none came.
 */
struct event *touch_absent(void *page);
/* A new page that is missing until DONE, touched: its token. NULL and a failure: no event came. */
u64 *page_told(u32 *id);
/* The n-th ready event since `from` comes, and names this token. */
bool expect_ready(u32 from, unsigned n, u32 id);
/*
 * A page goes missing, is touched, comes, and is reported: what holds for each such pair is checked. False: a
 * failure. With APF on.
 */
bool full_cycle(void);
/* Reads the page whole, as often as need be, and fails unless it holds page_value(). Waits in place. */
void expect_contents(const u64 *page);

/* ---- Local APIC (apic.c) -------------------------------------------------------------------- */

u32 apic_read(u32 reg);
void apic_write(u32 reg, u32 value);
void apic_ipi(u32 to_apic_id, u32 low);
void apic_eoi(void);
void apic_timer_us(u32 us);              /* one EV_IRQ with vector TIMER; 0 = none */
void apic_software(bool on);             /* SVR bit 8 */
void apic_up(void);                      /* on in both ways, registers as after reset */
bool apic_bit(u32 first_reg, u8 vector); /* of ISR, TMR, IRR */
#define TIMER    0xf0
#define WAKE     0xf1 /* of a CPU that waits for a job; no event */
#define SPURIOUS 0xff

/* ---- Other CPUs (smp.c) --------------------------------------------------------------------- */

/*
 * Runs fn(arg) there; cpu_wait() returns when it has, false (and a failure) after 10 times SOON. Jobs start with
 * interrupts on.
 */
void cpu_start(unsigned cpu, void (*fn)(void *), void *arg);
bool cpu_wait(unsigned cpu);
/* INIT, and up again. False: it did not come. */
bool cpu_reset(unsigned cpu);
