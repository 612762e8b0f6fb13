/* SPDX-License-Identifier: BSD-2-Clause */
/* trace.c: a ring of lines that are put together only when they are printed. */
#include "trace.h"
#include "machine.h"

#define LINES 40u

static struct line {
    u64 point, now;
    unsigned cpu;
    const char *fmt;
    u64 arg[3];
} ring[LINES];
static u64 count, hash;

void trace_reset(void)
{
    count = 0;
    hash = 0xcbf29ce484222325ull;
}

static void mix(u64 word)
{
    hash = (hash ^ word) * 0x100000001b3ull;
    hash ^= hash >> 29;
}

void trace(const char *fmt, u64 a, u64 b, u64 c)
{
    struct line *l = &ring[count++ % LINES];

    *l = (struct line){
        .point = machine.point, .now = machine.now, .cpu = port_cpu(), .fmt = fmt, .arg = {a, b, c}};
    mix(l->point ^ l->now << 20 ^ (u64)l->cpu << 60);
    mix(a ^ b << 21 ^ c << 42);
}

__attribute__((format(printf, 2, 0))) static void print_line(FILE *to, const char *fmt, const struct line *l)
{
    fprintf(to, "# %9lu %10lu ns cpu %u: ", l->point, l->now, l->cpu);
    fprintf(to, fmt, l->arg[0], l->arg[1], l->arg[2]);
    fputc('\n', to);
}

void trace_print(FILE *to)
{
    for (u64 i = count > LINES ? count - LINES : 0; i < count; i++)
        print_line(to, ring[i % LINES].fmt, &ring[i % LINES]);
}

u64 trace_hash(void)
{
    return hash;
}
