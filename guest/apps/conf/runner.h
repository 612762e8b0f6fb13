/* SPDX-License-Identifier: BSD-2-Clause */
/* runner.h: what the harness' own files share, and cases have no use for. */
#pragma once
#include "conf.h"

struct row {
    const char *clause, *name; /* clause: `_` for `-` */
    unsigned dialects;
    u32 needs;
    const char *text;
    void (*run)(void);
};

/* report.c */
void out(const char *fmt, ...) printf_like(1, 2);
void report_plan(unsigned n);
/* How the row's name is printed, at most NAME_MAX bytes: the clause, the case, the dialect. */
#define NAME_MAX 64
void report_name(char *to, const struct row *r, unsigned dialect);
void report_begin(void);
void report_end(const struct row *r, const char *name);
/* Has this row failed? */
bool report_bad(void);
/* How many have failed so far. */
unsigned report_failed(void);

/* host.c */
void host_read(void);
void host_check_legacy(void);
/* NULL, or what the host lacks. */
const char *host_lacks(u32 needs);
const char *dialect_name(unsigned d);

/* table.c: instead of the cases; false: the command line asks for no table. */
bool table_print(void);

/* time.c, apic.c, page.c, smp.c */
void time_init(void);
void apic_init(struct cpu *c);
bool apic_there(void);
void pages_release(void);
void smp_init(void);

/* arch/x86_64/guest/boot_info.c: fills `boot`. */
void boot_info_read(u32 protocol, u32 info);

/* The first C code of each CPU; called by arch/x86_64/guest/head.S. */
_Noreturn void arch_start(u32 protocol, u32 info);
_Noreturn void arch_ap_start(struct cpu *c);
