/* SPDX-License-Identifier: BSD-2-Clause */
/* port.c: port.h for unit tests: time by hand, kicks and console recorded, memory that is counted and runs out. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "fake/machine.h"
#include "lib/atomic.h"

struct fake_machine fake;
_Thread_local unsigned fake_cpu;

int fake_setup(void **state)
{
    (void)state;
    fake = (struct fake_machine){.now = 1000000, .tsc_khz = 2000000, .cpus = 1};
    for (unsigned i = 0; i < CPU_MAX; i++)
        fake.timer[i] = TIME_NEVER;
    fake_cpu = 0;
    fake_guest = NULL;
    return 0;
}

int fake_teardown(void **state)
{
    (void)state;
    if (fake.frames)
        print_error("%u frames were not freed\n", fake.frames);
    if (fake.zalloced)
        print_error("%zu bytes of port_zalloc() were not freed\n", fake.zalloced);
    return fake.frames || fake.zalloced ? -1 : 0;
}

void fake_fail_allocation(unsigned n)
{
    fake.fail_at = n ? fake.allocations + n : 0;
}

void fake_console_clear(void)
{
    fake.console_length = fake.console_writes = 0;
    fake.console[0] = 0;
}

u64 port_now(void)
{
    if (fake.tick)
        at_add(&fake.now, fake.tick);
    return at_load(&fake.now);
}

u64 port_wall(void)
{
    return fake.wall_start ? fake.wall_start + at_load(&fake.now) : 0;
}

u64 port_tsc_khz(void)
{
    return fake.tsc_khz;
}

u64 port_tsc(void)
{
    return (u64)((unsigned __int128)port_now() * fake.tsc_khz / 1000000) + fake.tsc_extra;
}

unsigned port_cpu(void)
{
    return fake_cpu;
}

unsigned port_cpu_count(void)
{
    return fake.cpus;
}

void port_kick(unsigned cpu)
{
    check(cpu < fake.cpus, "a CPU that exists is kicked");
    at_add(&fake.kicks[cpu], 1);
    if (fake.kick)
        fake.kick(cpu);
}

void port_timer(u64 deadline)
{
    fake.timer[fake_cpu] = deadline;
}

void port_idle(void)
{
    at_add(&fake.idles, 1);
    if (fake.idle)
        fake.idle();
    else if (fake.timer[fake_cpu] != TIME_NEVER)
        at_store(&fake.now, MAX(port_now(), fake.timer[fake_cpu]));
}

static bool allocation_fails(void)
{
    return at_add(&fake.allocations, 1) == fake.fail_at;
}

/* Host physical addresses are addresses of this process. */
bool port_frame_alloc(hpa_t *out)
{
    void *p = allocation_fails() ? NULL : aligned_alloc(PAGE_SIZE, PAGE_SIZE);

    if (!p)
        return false;
    memset(p, 0xa5, PAGE_SIZE); /* contents undefined: whoever counts on zeroes is found out */
    at_add(&fake.frames, 1);
    *out = port_hpa(p);
    return true;
}

void port_frame_free(hpa_t frame)
{
    check(frame.v && !(frame.v & PAGE_MASK), "a frame is freed by its address");
    at_sub(&fake.frames, 1);
    free(port_map(frame));
}

bool port_block_alloc(hpa_t *out)
{
    void *p = allocation_fails() || fake.scattered ? NULL : aligned_alloc(BLOCK_BYTES, BLOCK_BYTES);

    if (!p)
        return false;
    memset(p, 0xa5, BLOCK_BYTES);
    at_add(&fake.frames, BLOCK_PAGES);
    *out = port_hpa(p);
    return true;
}

void port_block_free(hpa_t block)
{
    check(block.v && !(block.v & (BLOCK_BYTES - 1)), "a block is freed by its address");
    at_sub(&fake.frames, BLOCK_PAGES);
    free(port_map(block));
}

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
    size_t size = ROUND_UP(bytes, PAGE_SIZE);
    void *p = allocation_fails() ? NULL : aligned_alloc(PAGE_SIZE, size);

    if (!p)
        return NULL;
    memset(p, 0, size);
    at_add(&fake.zalloced, bytes);
    return p;
}

void port_zfree(void *p, size_t bytes)
{
    if (!p)
        return;
    at_sub(&fake.zalloced, bytes);
    free(p);
}

void port_console_write(const char *s, size_t n)
{
    check(fake.console_length + n < FAKE_CONSOLE, "the test's console holds all output");
    memcpy(fake.console + fake.console_length, s, n);
    fake.console_length += n;
    fake.console[fake.console_length] = 0;
    fake.console_writes++;
}

int port_console_read(void)
{
    return fake.input && *fake.input ? (u8)*fake.input++ : -1;
}

/* Caught by cmocka's expect_assert_failure(), or the end of the test. */
void port_panic(const char *invariant, const char *file, int line)
{
    mock_assert(0, invariant, file, line);
    abort();
}
