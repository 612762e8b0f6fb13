/* SPDX-License-Identifier: BSD-2-Clause */
/* port_hyp.c: what the core asks of its machine (port.h), on bare metal. */
#include "port.h"
#include "apic.h"
#include "backend.h"
#include "clock.h"
#include "con.h"
#include "cpu.h"
#include "frames.h"
#include "lib/atomic.h"
#include "lib/str.h"
#include "percpu.h"
#include "smp.h"
#include "stop.h"
#include "trap.h"
#include "serial.h"
#include "wall.h"
#include "xapic.h"

/*
 * Waiting for the console is bounded: the CPU that holds it may have been stopped by another one's panic, and that
 * report must come out.
 */
#define CONSOLE_TRIES 10000000u

static u32 console_busy;

u64 port_now(void)
{
    return clock_ns();
}

u64 port_wall(void)
{
    return wall_ns();
}

u64 port_tsc_khz(void)
{
    return clock_tsc_khz();
}

u64 port_tsc(void)
{
    return rdtsc();
}

unsigned port_cpu(void)
{
    return this_cpu()->id;
}

unsigned port_cpu_count(void)
{
    return percpu_count();
}

void port_kick(unsigned cpu)
{
    xapic_ipi(percpu_apic_id(cpu), VEC_KICK | APIC_ICR_ASSERT);
    if (hw_kick_nmi())
        xapic_ipi(percpu_apic_id(cpu), APIC_ICR_NMI | APIC_ICR_ASSERT);
}

void port_timer(u64 deadline)
{
    clock_set(deadline);
}

/*
 * The only place where the host itself opens interrupts. One that became pending before is taken right behind the HLT,
 * by the shadow of STI; one taken while a guest ran left `woken`.
 */
void port_idle(void)
{
    struct cpu *c = this_cpu();

    if (!c->woken)
        sti_hlt();
    cli();
    c->woken = false;
}

bool port_frame_alloc(hpa_t *out)
{
    return frames_alloc(out);
}

void port_frame_free(hpa_t frame)
{
    frames_release(frame);
}

bool port_block_alloc(hpa_t *out)
{
    return frames_alloc_block(out);
}

void port_block_free(hpa_t block)
{
    frames_release_run(block, BLOCK_PAGES);
}

/* Physical memory is mapped at its own address (pmap.c). */
void *port_map(hpa_t at)
{
    return (void *)(uintptr_t)at.v;
}

hpa_t port_hpa(const void *p)
{
    return (hpa_t){(uintptr_t)p};
}

void *port_zalloc(size_t bytes)
{
    hpa_t run;

    if (!frames_alloc_run((bytes + PAGE_MASK) >> PAGE_SHIFT, &run))
        return NULL;
    return memset(port_map(run), 0, ROUND_UP(bytes, PAGE_SIZE));
}

void port_zfree(void *p, size_t bytes)
{
    if (p)
        frames_release_run(port_hpa(p), (bytes + PAGE_MASK) >> PAGE_SHIFT);
}

void port_console_write(const char *s, size_t n)
{
    u32 idle = 0;

    for (unsigned i = 0; i < CONSOLE_TRIES && !at_cas(&console_busy, &idle, 1); i++) {
        idle = 0;
        at_relax();
    }
    serial_write(s, n);
    at_store_rel(&console_busy, 0);
}

int port_console_read(void)
{
    return serial_read();
}

void port_panic(const char *invariant, const char *file, int line)
{
    stop_claim();
    con_host("panic: not so: %s (%s:%d, cpu %u)", invariant, file, line, port_cpu());
    stop_panic();
}
