/* SPDX-License-Identifier: BSD-2-Clause */
/* smp.c: the other CPUs: found by trying to start them, they wait for jobs. */
#include "apic.h"
#include "frame.h"
#include "lib/str.h"
#include "runner.h"

#define AP_PAGE     0x8000  /* where head.S' code for them goes; arch/x86_64/guest/arch.h has the same */
#define START_US    300000  /* for a CPU to be found … */
#define RESTART_US  2000000 /* … and one that is there; its INIT may have to wait for a page */
#define STACK_BYTES 16384

extern u8 ap_code[], ap_code_end[]; /* head.S */
extern void *ap_sp;
extern struct cpu *ap_percpu;

unsigned cpus_online = 1;

static u8 stacks[CPUS_MAX][STACK_BYTES] __attribute__((aligned(16)));
static struct apf_slot slots[CPUS_MAX][PAGE_SIZE / APF_SLOT_SIZE] __attribute__((aligned(4096)));

static struct event logs[CPUS_MAX][EVENTS_MAX];

static void set_up(struct cpu *c)
{
    c->log = logs[c->id];
    c->slots = c->apf.slot = slots[c->id];
    c->apf.vector = VECTOR;
    cpu_tables(c);
    apic_init(c);
}

void arch_ap_start(struct cpu *c)
{
    set_up(c);
    at_store_rel(&c->online, 1);
    for (;;) {
        u32 seq = at_load_acq(&c->job_seq);

        if (seq == c->job_done) {
            sti_hlt(); /* it takes nothing from the CPU under test */
            cli();
            continue;
        }
        sti();
        c->job(c->job_arg);
        cli();
        at_store_rel(&c->job_done, seq);
    }
}

static bool start(struct cpu *c, u32 us)
{
    u64 end = time_us() + us;

    at_store(&c->online, 0);
    at_store(&c->job_done, at_load(&c->job_seq));
    memcpy((void *)AP_PAGE, ap_code, (size_t)(ap_code_end - ap_code));
    ap_sp = stacks[c->id] + STACK_BYTES;
    ap_percpu = c;
    apic_ipi(c->apic_id, APIC_ICR_ASSERT | APIC_ICR_INIT);
    spin_us(200);
    apic_ipi(c->apic_id, APIC_ICR_ASSERT | APIC_ICR_STARTUP | AP_PAGE >> 12);
    for (; !at_load_acq(&c->online); at_relax())
        if (time_us() > end)
            return false;
    return true;
}

/* Local APIC ids count from 0 on every host that this image is for. */
void smp_init(void)
{
    set_up(&cpus[0]);
    while (apic_there() && cpus_online < CPUS_MAX) {
        struct cpu *c = &cpus[cpus_online];

        c->id = c->apic_id = cpus_online;
        if (!start(c, START_US))
            break;
        cpus_online++;
    }
}

bool cpu_reset(unsigned cpu)
{
    return expect(start(&cpus[cpu], RESTART_US), "CPU %u comes up after INIT and SIPI", cpu);
}

void cpu_start(unsigned cpu, void (*fn)(void *), void *arg)
{
    struct cpu *c = &cpus[cpu];

    c->job = fn;
    c->job_arg = arg;
    at_store_rel(&c->job_seq, c->job_seq + 1);
    apic_ipi(c->apic_id, APIC_ICR_ASSERT | APIC_ICR_FIXED | WAKE);
}

bool cpu_wait(unsigned cpu)
{
    struct cpu *c = &cpus[cpu];
    u64 end = time_us() + 10ull * SOON;

    while (at_load_acq(&c->job_done) != c->job_seq)
        if (time_us() > end)
            return expect(false, "CPU %u ends what it was given", cpu);
    return true;
}
