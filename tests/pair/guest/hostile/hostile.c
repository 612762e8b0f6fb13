/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile.c: a guest that misbehaves in the way it is told: `hostile MODE [ROUNDS]`. The host must live and say how
 * it ended.
 */
#include "hostile.h"
#include "karch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

u8 spare_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static unsigned bad;
static u64 rounds;

void expect(bool ok, const char *what)
{
    if (ok)
        return;
    printf("hostile: not so: %s\n", what);
    bad++;
}

int verdict(void)
{
    return bad ? STATUS_BAD : 0;
}

u64 rounds_or(u64 usual)
{
    return rounds ? rounds : usual;
}

u64 random_next(u64 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

u64 random_u64(void)
{
    static u64 state = 88172645463325252ull;

    return random_next(&state);
}

void spin_ns(u64 ns)
{
    u64 end = time_ns() + ns;

    while (time_ns() < end)
        ;
}

u64 module_sum(void)
{
    u64 bytes, sum = 0;
    const u64 *p = module_data(0, &bytes);

    for (u64 i = 0; p && i < bytes / sizeof(*p); i++)
        sum += p[i];
    return sum;
}

static const struct mode *find(const char *name)
{
    static const struct mode *const tables[] = {insn_modes,   apf_modes,  apic_modes,
                                                memory_modes, hook_modes, xapic_modes};

    for (unsigned t = 0; t < ARRAY_SIZE(tables); t++)
        for (const struct mode *m = tables[t]; m->name; m++)
            if (!strcmp(m->name, name))
                return m;
    return NULL;
}

int main(int argc, char **argv)
{
    const struct mode *m = argc > 1 ? find(argv[1]) : NULL;

    if (!m) {
        printf("hostile: which mode?\n");
        return STATUS_BAD;
    }
    rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    printf("hostile: %s\n", m->name);
    return m->run();
}
