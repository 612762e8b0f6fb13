/* SPDX-License-Identifier: BSD-2-Clause */
/* port.c: what the core asks of its machine (port.h), but for memory: time, interrupts, sleep, the console. */
#include "machine.h"
#include "sim_atomic.h"

#define TSC_KHZ       2500000ull
#define WALL_START_NS 1700000000000000000ull

u64 port_now(void)
{
    sim_point();
    return machine.now;
}

u64 port_wall(void)
{
    return WALL_START_NS + machine.now;
}

u64 port_tsc_khz(void)
{
    return TSC_KHZ;
}

u64 port_tsc(void)
{
    sim_point();
    return machine.now * TSC_KHZ / 1000000;
}

/* Before and after the run somebody plays CPU 0. */
unsigned port_cpu(void)
{
    return machine.running ? machine_cpu(machine.running) : 0;
}

unsigned port_cpu_count(void)
{
    return machine.config.cpus;
}

void port_kick(unsigned cpu)
{
    check(cpu < machine.config.cpus, "a CPU that exists is kicked");
    sim_point();
    machine_interrupt(cpu, rng_below(&machine.rng, machine.config.kick_delay + 1));
}

void port_timer(u64 deadline)
{
    sim_point();
    if (machine.running)
        machine.running->timer = deadline;
}

void port_idle(void)
{
    struct model_cpu *c = machine.running;

    if (!c->woken && !machine_interrupted(c)) {
        c->state = MODEL_SLEEPS;
        sim_relax();
        c->state = MODEL_RUNS;
    }
    machine_acknowledge(c);
    c->woken = false;
}

void port_console_write(const char *s, size_t n)
{
    player_console(s, n);
}

int port_console_read(void)
{
    return -1;
}

void port_panic(const char *invariant, const char *file, int line)
{
    machine_violation("check", "not so: %s (%s:%d, cpu %u)", invariant, file, line, port_cpu());
}
