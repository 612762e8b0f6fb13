/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_loop.c: a halted vCPU wakes for an interrupt, whatever its CPU is doing meanwhile (B7-21, H-A-10).
 *
 * One CPU runs the real loop; another one raises an interrupt. The CPU sleeps, or runs the guest of a vCPU that never
 * exits by itself, until it is interrupted or its timer, if the loop has set it, expires.
 */
#include "loop.c"
#include "vcpu.c"
#include "mc.h"

#define CPU    1u
#define VECTOR 32
#define WORD   (VECTOR / 32)

static struct vm vm;
static struct vcpu vcpus[2];
static struct vcpu *const sleeper = &vcpus[0];
static u32 interrupt;  /* of the CPU; latched */
static u64 now, timer; /* ns */

/* The machine. */
unsigned port_cpu(void)
{
    return CPU;
}

u64 port_now(void)
{
    return now;
}

void port_timer(u64 deadline)
{
    timer = deadline;
}

void port_kick(unsigned cpu)
{
    mc_check(cpu == CPU, "the wrong CPU is kicked");
    at_or(&interrupt, 1);
}

/* If the timer was set it fires as soon as there is nothing else. */
static void until_interrupted(void)
{
    while (timer == TIME_NEVER && !at_load(&interrupt))
        at_relax();
    if (!at_xchg(&interrupt, 0))
        now = timer;
}

void port_idle(void)
{
    until_interrupted();
}

/* The sleeper has nothing to do but to say that it runs. */
void hw_run(struct vcpu *v, struct exit *e)
{
    mc_check(v->state == VCPU_RUNNABLE, "a vCPU runs that should not");
    if (v == sleeper)
        at_store(&vm.state, VM_STOPPED);
    else
        until_interrupted();
    e->kind = EXIT_INTR;
}

void hw_settle(struct vcpu *v, struct exit *e)
{
    (void)v;
    (void)e;
}

void hw_again(struct vcpu *v)
{
    (void)v;
}

void hw_load(struct vcpu *v)
{
    (void)v;
}

void hw_put(struct vcpu *v)
{
    (void)v;
}

void hw_set_root(struct vcpu *v, hpa_t root)
{
    (void)v, (void)root;
}

struct tdp_root *tdp_root_get(struct tdp *t, u32 role)
{
    (void)t, (void)role;
    return NULL;
}

void tdp_root_put(struct tdp *t, struct tdp_root *r)
{
    (void)t, (void)r;
}

u64 precopy_work(struct vm *of, u64 at)
{
    (void)of, (void)at;
    return TIME_NEVER;
}

u64 save_work(struct vm *of, u64 at)
{
    (void)of, (void)at;
    return TIME_NEVER;
}

void vm_kill(struct vm *of, struct vcpu *v, enum vm_status status, const char *fmt, ...)
{
    (void)of, (void)v, (void)status, (void)fmt;
}

void hw_flush(struct vcpu *v)
{
    (void)v;
}

void hw_log_writes(struct vcpu *v, bool on)
{
    (void)v, (void)on;
}

bool hw_virt_intr(const struct vcpu *v)
{
    (void)v;
    return false;
}

int lapic_waiting(const struct vcpu *v)
{
    return lapic_pending(v);
}

bool lapic_admits(const struct vcpu *v, u8 vector)
{
    (void)v;
    return vector == VECTOR;
}

void apf_deliver(struct vcpu *v)
{
    (void)v;
}

void hw_exit_on_spin(struct vcpu *v, bool on)
{
    (void)v;
    (void)on;
}

void hw_init(struct vcpu *v)
{
    (void)v;
}

void hw_start_sipi(struct vcpu *v, u8 vector)
{
    (void)v;
    (void)vector;
}

bool hw_if(const struct vcpu *v)
{
    (void)v;
    return true;
}

bool hw_intr_open(const struct vcpu *v)
{
    (void)v;
    return true;
}

bool hw_nmi_open(const struct vcpu *v)
{
    (void)v;
    return true;
}

bool hw_event_pending(const struct vcpu *v)
{
    (void)v;
    return false;
}

void hw_inject_nmi(struct vcpu *v)
{
    (void)v;
}

void hw_inject_irq(struct vcpu *v, u8 vector)
{
    (void)v;
    (void)vector;
}

void hw_irq_window(struct vcpu *v, u8 vector)
{
    (void)v;
    (void)vector;
}

void hw_irq_window_off(struct vcpu *v)
{
    (void)v;
}

/* The rest of the host: nothing to do, and an APIC with one word of requests. */
unsigned store_poll(void)
{
    return 0;
}

unsigned epoch_collect(struct epoch *e)
{
    (void)e;
    return 0;
}

bool pager_reclaim(struct vm *of)
{
    (void)of;
    return false;
}

void watchdog_look(struct vm *of, u64 now)
{
    (void)of;
    (void)now;
}

u64 nx_work(struct vm *of, u64 at)
{
    (void)of, (void)at;
    return TIME_NEVER;
}

u64 apic_move_work(struct vm *of, u64 now)
{
    (void)of, (void)now;
    return TIME_NEVER;
}

u64 hook_work(struct vm *of, u64 now)
{
    (void)of;
    (void)now;
    return TIME_NEVER;
}

void exit_handle(struct vcpu *v, struct exit *e)
{
    (void)v;
    (void)e;
}

void apf_service(struct vcpu *v)
{
    (void)v;
}

void apic_page_service(struct vcpu *v)
{
    (void)v;
}

void apic_page_runnable(struct vcpu *v)
{
    (void)v;
}

void apf_reset(struct vcpu *v)
{
    (void)v;
}

/* None of the paravirtual areas is switched on. */
void pv_reset(struct vcpu *v)
{
    (void)v;
}

bool pv_eoi_accept(struct vcpu *v, u8 vector)
{
    (void)v, (void)vector;
    return false;
}

void pv_eoi_arm(struct vcpu *v)
{
    (void)v;
}

bool pv_eoi_settle(struct vcpu *v)
{
    (void)v;
    return false;
}

void pv_steal_begin(struct vcpu *v, u64 from)
{
    (void)v, (void)from;
}

bool pv_steal_end(struct vcpu *v, u64 at)
{
    (void)v, (void)at;
    return false;
}

void lapic_init(struct vcpu *v)
{
    (void)v;
}

void lapic_poll(struct vcpu *v, u64 now)
{
    (void)v;
    (void)now;
}

u64 lapic_deadline(const struct vcpu *v)
{
    (void)v;
    return TIME_NEVER;
}

int lapic_pending(const struct vcpu *v)
{
    return at_load(&v->pub.irr[WORD]) ? VECTOR : -1;
}

void lapic_accept(struct vcpu *v, u8 vector)
{
    (void)vector;
    at_and(&v->pub.irr[WORD], 0);
}

static void cpu_thread(void *unused)
{
    (void)unused;
    loop_run(&vm);
}

static void sender_thread(void *unused)
{
    (void)unused;
    at_or(&sleeper->pub.irr[WORD], 1);
    vcpu_request(sleeper, REQ_EVENT);
}

static void start(unsigned count)
{
    vm = (struct vm){.state = VM_RUNNING, .vcpu = {&vcpus[0], &vcpus[1]}, .vcpus = count};
    interrupt = 0;
    now = 0;
    timer = TIME_NEVER;
    for (unsigned i = 0; i < count; i++)
        vcpus[i] = (struct vcpu){.pub = {.sipi = SIPI_NONE},
                                 .vm = &vm,
                                 .id = i,
                                 .cpu = CPU,
                                 .pass = &vm.passes.cpu[CPU].count,
                                 .state = VCPU_RUNNABLE};
    sleeper->state = VCPU_HALTED;
    mc_thread("cpu", cpu_thread, NULL);
    mc_thread("sender", sender_thread, NULL);
}

static void setup_alone(void)
{
    start(1);
}

static void setup_shared(void)
{
    start(2);
}

int main(void)
{
    const struct mc_model alone = {.setup = setup_alone}, shared = {.setup = setup_shared};

    mc_holds("B7-21: a halted vCPU wakes while its CPU sleeps", &alone, NULL);
    mc_holds("B7-21: a halted vCPU wakes while its CPU runs another one", &shared, NULL);
    mc_fails("B7-21: no interrupt sent", &alone, MC_MUTANTS({"port_kick", MC_OR, 1, MC_DROP}), "deadlock");
    mc_fails("B7-23: no barrier before the last look at the requests", &alone,
             MC_MUTANTS({"req_go", MC_FENCE, 1, MC_DROP}), "deadlock");
    return mc_end();
}
