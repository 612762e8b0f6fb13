/* SPDX-License-Identifier: BSD-2-Clause */
/* debts.c: a table of what is owed, to whom, since when. */
#include "debts.h"
#include "machine.h"
#include "swarm.h"

#define DEBTS 512u

static struct {
    enum debt what;
    unsigned vcpu;
    u32 key;
    u64 since;
} owed[DEBTS];
static unsigned count;

void debts_reset(void)
{
    count = 0;
}

static unsigned find(enum debt what, unsigned vcpu, u32 key)
{
    unsigned i = 0;

    while (i < count && (owed[i].what != what || owed[i].vcpu != vcpu || owed[i].key != key))
        i++;
    return i;
}

void debt_add(enum debt what, unsigned vcpu, u32 key, u64 since)
{
    if (find(what, vcpu, key) < count)
        return;
    check(count < DEBTS, "the table holds all debts");
    owed[count].what = what;
    owed[count].vcpu = vcpu;
    owed[count].key = key;
    owed[count++].since = since;
}

bool debt_is(enum debt what, unsigned vcpu, u32 key)
{
    return find(what, vcpu, key) < count;
}

bool debt_pay(enum debt what, unsigned vcpu, u32 key)
{
    unsigned i = find(what, vcpu, key);

    if (i == count)
        return false;
    owed[i] = owed[--count];
    return true;
}

unsigned debt_waive(enum debt what, unsigned vcpu)
{
    unsigned before = count;

    for (unsigned i = 0; i < count;)
        if (owed[i].what == what && owed[i].vcpu == vcpu)
            owed[i] = owed[--count];
        else
            i++;
    return before - count;
}

unsigned debt_count(enum debt what, unsigned vcpu)
{
    unsigned n = 0;

    for (unsigned i = 0; i < count; i++)
        n += owed[i].what == what && owed[i].vcpu == vcpu;
    return n;
}

void debts_check(void)
{
    static const char *const name[] = {"the ready event of token", "interrupt", "NMI"};

    for (unsigned i = 0; i < count; i++)
        if (machine.now > owed[i].since + swarm.patience)
            machine_violation("liveness", "vcpu %u is owed %s 0x%x since %lu ns", owed[i].vcpu,
                              name[owed[i].what], owed[i].key, machine.now - owed[i].since);
}
