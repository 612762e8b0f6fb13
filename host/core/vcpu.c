/* SPDX-License-Identifier: BSD-2-Clause */
/* vcpu.c: requests, events, entry: what a vCPU's owner does between two exits. */
#include "vcpu.h"
#include "pv.h"
#include "vm.h"
#include "hw.h"
#include "port.h"
#include "abi/kvm_msr.h"

/*
 * So often in a row a request may call an entry off; then the loop polls the store, whose refusals can raise
 * requests.
 */
#define ENTRY_TRIES 8

bool vcpu_init(struct vcpu *v, struct vm *vm, unsigned id, unsigned cpu)
{
    v->vm = vm;
    v->id = id;
    v->cpu = cpu;
    v->pass = &vm->passes.cpu[cpu].count;
    v->pub.sipi = SIPI_NONE;
    v->state = VCPU_WAIT_SIPI;
    idle_set(&v->idle, 0, port_now());
    apf_init(v);
    pv_reset(v);
    if (!hw_vcpu_init(v))
        return false;
    lapic_reset(v);
    if (vcpu_load_root(v))
        return true;
    hw_vcpu_free(v);
    return false;
}

bool vcpu_load_root(struct vcpu *v)
{
    struct tdp_root *old = v->root;

    v->root = tdp_root_get(&v->vm->tdp, v->role);
    if (v->root) {
        hw_set_root(v, v->root->table);
        hw_flush(v); /* C6-34: the page may have been a root before */
    }
    if (old)
        tdp_root_put(&v->vm->tdp, old);
    return v->root;
}

void vcpu_request(struct vcpu *v, u32 req)
{
    if (req_raise(&v->pub, req))
        port_kick(v->cpu);
}

void vcpu_set_state(struct vcpu *v, enum vcpu_state s)
{
    if (v->state == VCPU_RUNNABLE && s != VCPU_RUNNABLE)
        idle_set(&v->idle, v->idle.total, port_now());
    if (v->state != VCPU_RUNNABLE && s == VCPU_RUNNABLE)
        idle_set(&v->idle, v->idle.total + (port_now() - v->idle.since), 0);
    v->state = s;
    if (s == VCPU_RUNNABLE)
        apic_page_runnable(v);
}

void vcpu_sit_out(struct vcpu *v, gfn_t gfn, enum vcpu_state s)
{
    at_store(&v->sat_out, gfn.v + 1);
    v->due |= DUE_RUN;
    vcpu_set_state(v, s);
}

static void has_run(struct vcpu *v)
{
    v->due &= ~DUE_RUN;
    at_store(&v->sat_out, 0);
}

static void take_init(struct vcpu *v)
{
    at_store(&v->pub.init, 0);
    has_run(v); /* and never will again, as it was */
    hw_init(v);
    lapic_init(v);
    apf_reset(v);
    pv_reset(v);
    vcpu_set_state(v, v->id ? VCPU_WAIT_SIPI : VCPU_RUNNABLE);
}

/* A SIPI counts only after INIT; otherwise it is lost (SDM vol. 3, 8.4). */
static void take_sipi(struct vcpu *v)
{
    u32 vector = at_xchg(&v->pub.sipi, SIPI_NONE);

    if (v->state != VCPU_WAIT_SIPI || vector == SIPI_NONE)
        return;
    hw_start_sipi(v, (u8)vector);
    vcpu_set_state(v, VCPU_RUNNABLE);
}

/*
 * Would a HLT end now? An artificial halt ends by the same events (A0-8), but for a kick, of which the guest takes no
 * notice: it would meet the page again and again. What is injected already is a #PF (A1-15).
 */
static bool halt_ends(struct vcpu *v)
{
    return hw_event_pending(v) || (v->kicked && v->state == VCPU_HALTED) ||
           (at_load(&v->pub.nmi) && hw_nmi_open(v)) || (hw_if(v) && lapic_pending(v) >= 0);
}

/* Let INIT, SIPI, NMI and interrupts act on a vCPU that does not run. A fault being sat out is not interrupted. */
void vcpu_events(struct vcpu *v)
{
    if (v->state == VCPU_WAIT_PAGE)
        return;
    if (at_load(&v->pub.init))
        take_init(v);
    if (at_load(&v->pub.sipi) != SIPI_NONE)
        take_sipi(v);
    if ((v->state != VCPU_HALTED && v->state != VCPU_APF_HALTED) || !halt_ends(v))
        return;
    if (v->state == VCPU_HALTED)
        v->kicked = false;
    vcpu_set_state(v, VCPU_RUNNABLE);
}

void vcpu_service(struct vcpu *v)
{
    u32 req = req_take(&v->pub);

    if (at_load(&v->vm->state) == VM_STOPPED) {
        vcpu_set_state(v, VCPU_STOPPED);
        return;
    }
    if (req == REQ_EVENT) { /* by far the most frequent */
        vcpu_events(v);
        return;
    }
    if ((req & REQ_ROOT) && !vcpu_load_root(v)) { /* B7-24: roots first */
        vm_kill(v->vm, v, VM_STATUS_MACHINE, "no memory left for page tables");
        vcpu_set_state(v, VCPU_STOPPED);
        return;
    }
    if (req & REQ_FLUSH) {
        v->flush_seen = at_load(&v->vm->flush_generation);
        hw_flush(v);
    }
    if (req & REQ_LOG)
        hw_log_writes(v, at_load(&v->vm->tdp.log) == TDP_LOG_HARDWARE);
    if (req & REQ_APIC_PAGE) /* before what it may make runnable, and APF ready (B7-24) */
        apic_page_service(v);
    if (req & REQ_DONE)
        apf_service(v);
    if (req & REQ_KICK)
        v->kicked = true;
    vcpu_events(v);
}

static bool accept(struct vcpu *v, u8 vector)
{
    if (v->eoi_msr & PV_EOI_ON)
        return pv_eoi_accept(v, vector);
    lapic_accept(v, vector);
    return true;
}

/* Queue what is to be delivered at this entry, or ask to be told when it can be. */
static void inject(struct vcpu *v)
{
    int vector = hw_virt_intr(v) ? -1 : lapic_waiting(v);
    bool busy = hw_event_pending(v);

    if (at_load(&v->pub.nmi) && !busy && hw_nmi_open(v)) {
        at_store(&v->pub.nmi, 0);
        hw_inject_nmi(v);
        busy = true;
    }
    if (vector >= 0 && !busy && hw_intr_open(v) && lapic_admits(v, (u8)vector) && accept(v, (u8)vector)) {
        hw_inject_irq(v, (u8)vector);
        vector = lapic_waiting(v);
    }
    /* A window also for what the task priority holds back: the guest lowers it without an exit. */
    if (v->apf.want_window)
        hw_irq_window(v, 0xff);
    else if (vector >= 0)
        hw_irq_window(v, (u8)vector);
    else
        hw_irq_window_off(v);
}

/* What the last stay, or the CPU's other vCPUs, left to do before this one may run. False: it may not yet. */
static off_path bool pay(struct vcpu *v)
{
    if (v->state != VCPU_RUNNABLE || ((v->due & DUE_EOI_LOOK) && !pv_eoi_settle(v)))
        return false;
    if (v->due & DUE_EOI)
        pv_eoi_arm(v);
    return !(v->due & DUE_STEAL) || pv_steal_end(v, port_now());
}

/* It has run, unless what it sat out comes first: nobody has mapped the page yet. Is there more to settle? */
static off_path bool more_than_run(struct vcpu *v, const struct exit *e)
{
    if (e->kind != EXIT_TDP || gpa_gfn(e->tdp.gpa).v + 1 != v->sat_out)
        has_run(v);
    return v->due & DUE_EOI_LOOK;
}

/* May the exit be handled? If not it happens again, but for the last kinds, which end the VM. */
static bool settled(struct vcpu *v, const struct exit *e)
{
    if ((v->due & DUE_RUN) && !more_than_run(v, e))
        return true;
    if (!pv_eoi_settle(v)) {
        if (e->kind >= EXIT_SHUTDOWN)
            return true;
        hw_again(v);
        return false;
    }
    if (v->due)
        (void)req_raise(&v->pub, REQ_EVENT); /* so that pay() is called */
    return true;
}

/* Apart from the loop: what an exit runs through is optimised as a whole, to an end to how large that may become. */
__attribute__((noinline)) bool vcpu_run(struct vcpu *v, u64 due)
{
    struct exit e;

    if (v->due && !pay(v))
        return false;
    for (unsigned refused = 0; refused < ENTRY_TRIES;) {
        if (at_load(&v->pub.requests)) {
            if (hold_on(&v->vm->hold)) /* its last exit may have begun it, and is not over (save.h) */
                return false;
            vcpu_service(v);
            if (v->due && !pay(v))
                return false;
        }
        if (v->state != VCPU_RUNNABLE || !vm_may_run(v->vm))
            return false;
        port_timer(MIN(due, lapic_deadline(v))); /* the guest may have set its timer in the last exit */
        inject(v);
        if (!req_go(&v->pub, MODE_IN_GUEST)) {
            refused++;
            continue;
        }
        refused = 0;
        pass_leave(v->pass);
        hw_run(v, &e);
        req_back(&v->pub);
        pass_enter(v->pass);
        hw_settle(v, &e);
        if (v->due && !settled(v, &e))
            return false;
        exit_handle(v, &e);
        if (e.kind == EXIT_INTR || e.kind == EXIT_SPIN)
            return e.kind == EXIT_SPIN;
    }
    return false;
}
