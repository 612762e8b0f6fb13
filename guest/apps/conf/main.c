/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: from the loader to a verdict for each row of conf.def. */
#include "abi/platform.h"
#include "boot.h"
#include "frame.h"
#include "lib/fmt.h"
#include "lib/str.h"
#include "panic.h"
#include "runner.h"

#define STATUS_OK     0
#define STATUS_FAILED 1
#define STATUS_UNABLE 2

static const struct row rows[] = {
#define CONF(clause, name, dialects, needs, text) \
    {#clause, #name, dialects, needs, text, conf_##clause##_##name},
#include "abi/conf.def"
#undef CONF
};

static u64 abort_to[5]; /* of __builtin_setjmp() */
static bool in_case;    /* … which may be gone to */

static _Noreturn void end(u32 status)
{
    out("# end\n");
    out32(PLATFORM_EXIT_PORT, status);
    for (;;) {
        cli();
        hlt();
    }
}

void case_abort(void)
{
    if (this_cpu()->id || !in_case)
        panic("CPU %u cannot go on", this_cpu()->id);
    __builtin_longjmp(abort_to, 1);
}

void panic(const char *fmt, ...)
{
    char line[160];
    va_list ap;

    va_start(ap, fmt);
    fmt_vsn(line, sizeof(line), fmt, ap);
    va_end(ap);
    out("Bail out! %s\n", line);
    end(STATUS_UNABLE);
}

/* On each CPU: what a case may have left behind. */
static void restore_here(void *unused)
{
    struct cpu *c = this_cpu();

    (void)unused;
    cli();
    c->on_event = NULL;
    c->eoi_by_case = false;
    msr_write(PV_MSR_APF_EN, 0);
    msr_write(PV_MSR_APF_VEC, 0);
    apic_up();
    c->apf = (struct apf_cpu){.slot = c->slots, .vector = VECTOR};
    sti();
    spin_us(20); /* what was on its way comes now */
    *c->slots = (struct apf_slot){0};
}

/* What the next case finds. Pages first: nobody may be kept waiting for one. */
static void restore(void)
{
    static u32 restored[CPUS_MAX];

    cli();
    pages_release();
    restore_here(NULL);
    for (unsigned i = 1; i < cpus_online; i++) {
        if (cpus[i].job_seq == restored[i])
            continue;
        cpu_start(i, restore_here, NULL);
        if (!cpu_wait(i))
            panic("CPU %u does not end its job", i);
        restored[i] = cpus[i].job_seq;
    }
    dialect = D_NONE;
}

static void run_case(const struct row *r, unsigned d)
{
    dialect = d;
    if (!__builtin_setjmp(abort_to)) {
        in_case = true;
        r->run();
    }
    in_case = false;
    restore();
}

/* Does the name begin like one of those in the word KEY=A,B,…? */
static bool listed(const char *key, const char *name)
{
    const char *at = boot_option(key);

    while (at && *at && *at != ' ') {
        size_t n = 0;

        while (at[n] && at[n] != ' ' && at[n] != ',')
            n++;
        if (n && !strncmp(name, at, n))
            return true;
        at += n + (at[n] == ',');
    }
    return false;
}

/* Those that wait for pages as often as the word `soak` says, until one fails. */
static void run_often(const struct row *r, unsigned d, const char *name)
{
    u64 times = r->needs & N_HOOK ? MAX(boot_option_number("soak", 1), 1ul) : 1;

    out("# run %s\n", name); /* what does not end is known by it */
    while (times-- && !report_bad())
        run_case(r, d);
}

static void run(const struct row *r, unsigned d)
{
    const char *lacks = host_lacks(r->needs);
    char name[NAME_MAX];

    report_name(name, r, d);
    report_begin();
    if (d && !(host.dialects & d))
        skip("the host does not speak %s", dialect_name(d));
    else if (lacks)
        skip("%s", lacks);
    else if (listed("skip", name))
        skip("not asked, by the word skip");
    else
        run_often(r, d, name);
    report_end(r, name);
}

static bool wanted(const struct row *r, unsigned d)
{
    char name[NAME_MAX];

    report_name(name, r, d);
    return !boot_option("only") || listed("only", name);
}

/* Calls f for each row and dialect that is wanted; returns how many there are. */
static unsigned for_each_row(void (*f)(const struct row *, unsigned))
{
    unsigned n = 0;

    for (const struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++) {
        for (unsigned d = r->dialects ? D_INT : D_NONE; d <= D_LEGACY; d = d ? d << 1 : D_LEGACY + 1) {
            if ((d && !(r->dialects & d)) || !wanted(r, d))
                continue;
            n++;
            if (f)
                f(r, d);
        }
    }
    return n;
}

void arch_start(u32 protocol, u32 info)
{
    boot_info_read(protocol, info);
    mmu_init();
    cpus[0].apf.slot = &(struct apf_slot){0};
    cpu_tables(&cpus[0]);
    host_read();
    time_init();
    smp_init();
    if (table_print())
        end(STATUS_OK);
    sti();
    host_check_legacy();
    out("KTAP version 1\n");
    note("conf: vcpus %u, hook 0x%x, features 0x%08x, dialects%s%s%s, booted by %s", cpus_online, host.hook,
         host.features, host.dialects & D_INT ? " int" : "", host.dialects & D_PF2 ? " pf2" : "",
         host.dialects & D_LEGACY ? " legacy" : "", boot.protocol);
    report_plan(for_each_row(NULL));
    for_each_row(run);
    end(report_failed() ? STATUS_FAILED : STATUS_OK);
}
