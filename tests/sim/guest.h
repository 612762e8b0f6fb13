/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest.h: a scripted guest: tasks that work on memory, handlers of events, all of it instruction by instruction.
 *
 * An instruction that left the guest without being committed is executed again: each context (task, handler, start-up
 * script) keeps its own until player_complete() or success.
 *
 *   guest.c       tasks and what they do          guest_run.c   how an instruction is executed
 *   guest_apf.c   handlers of #PF and interrupts
 *   guest_owner.c hypercalls that move memory     guest_pv.c   steal time, PV EOI
 */
#pragma once
#include "hw_vcpu.h"
#include "machine.h"
#include "vm.h"

#define TASKS_MAX  6u
#define SCRIPT_MAX 24u

#define VECTOR_APF   0xf3u
#define VECTOR_IPI   0x61u
#define VECTOR_SELF  0x62u
#define VECTOR_TIMER 0x75u

enum insn_kind {
    INSN_NONE,
    INSN_ACCESS,     /* memory: page, access */
    INSN_CLEAR_SLOT, /* memory: both words of the own APF slot */
    INSN_WRMSR,      /* nr, arg[0] */
    INSN_CALL,       /* hypercall: nr, arg */
    INSN_HLT,
    INSN_PAUSE,
    INSN_FLUSH, /* memory: vCPU nr is to flush before it runs again, if it is preempted */
    INSN_OUT,   /* ends the VM */
};

struct insn {
    enum insn_kind kind;
    unsigned page;
    u32 access; /* ACCESS_* */
    u32 nr;
    u64 arg[2];
    bool of_module; /* afterwards the module may be elsewhere, or gone */
    bool fails;     /* #GP is what must come of it */
};

struct task {
    struct insn insn;
    u32 token;                /* what it is parked on, 0 = it can run */
    unsigned cpl, base, left; /* first page of its working set; accesses until that moves */
};

/* Where the handler of an event is; OPEN: none runs. */
enum phase { OPEN, PF_READ, IRQ_READ, ACK, EOI, IRET };

struct guest {
    struct task task[TASKS_MAX];
    unsigned current;                /* task */
    struct insn idle, handler, mend; /* contexts */
    struct insn script[SCRIPT_MAX];
    unsigned script_at, script_count;
    struct insn *issued; /* what left the guest last */

    enum phase phase;
    struct model_event event;
    unsigned event_cpl;

    unsigned closed, raised; /* instructions left with IF = 0, or with CR8 high */
    bool in_module;          /* it is executing an access to the module, which may not move now */
    bool lapic_on, apf_on, eoi_on, done;
    u64 flushes_owed;
    u64 operations;
    u64 last_run;  /* ns */
    u64 last_rest; /* ns: when it was last seen to wait for an event of its own */
};
extern struct guest guest[VCPU_MAX];

void guests_reset(void);
static inline struct guest *guest_of(const struct vcpu *v)
{
    return &guest[v->id];
}

/* Execute one instruction; true: it leaves the guest by *e. A memory access that succeeds is over. */
bool insn_execute(struct vcpu *v, struct insn *i, struct exit *e);

/* Some task can run. */
bool guest_ready(const struct guest *g);
/* Append to the script, which runs before anything else. */
void guest_wrmsr(struct guest *g, u32 msr, u64 value);
/* Turn APF off and on again: all that is parked must be tried again. */
void guest_apf_on(struct vcpu *v);
void guest_apf_toggle(struct vcpu *v);

/*
 * guest_owner.c: an instruction that has the host do something to memory, or INSN_NONE; what the host said; may the
 * module be used now; is it there at all; bring it back if not (after an exit).
 */
void owner_reset(void);
struct insn owner_errand(struct vcpu *v);
void owner_called(const struct insn *i, u64 ret);
bool owner_module_in_place(void);
bool owner_has_module(void);
void owner_mend(struct vm *vm);

/* guest_pv.c: switch on what the seed has; execute INSN_FLUSH; has what was left to the host been done? */
void guest_pv_on(struct vcpu *v);
bool guest_leaves_flush(struct vcpu *v, struct insn *i, struct exit *e);
void guest_check_flushed(const struct vcpu *v);
enum eoi { EOI_DONE, EOI_LEAVES, EOI_BY_REGISTER };
/* End the interrupt by the word. EOI_LEAVES: an exit has to be handled first. */
enum eoi guest_end_by_word(struct vcpu *v, struct exit *e);

/* guest_apf.c */
gpa_t guest_slot(const struct vcpu *v);
void guest_wake_all(struct guest *g);
/* One instruction of the handler that runs; true: it leaves the guest. */
bool handler_step(struct vcpu *v, struct exit *e);
/* The handler's instruction was committed. */
void handler_complete(struct vcpu *v);
