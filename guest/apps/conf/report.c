/* SPDX-License-Identifier: BSD-2-Clause */
/* report.c: verdicts as KTAP on the console. */
#include "karch.h"
#include "lib/fmt.h"
#include "lib/str.h"
#include "runner.h"

#define LINE_MAX   320
#define REASON_MAX 160

static struct {
    unsigned number, failed;
    bool bad; /* this one has failed */
    char skip[REASON_MAX];
} report;

static void print(const char *before, const char *fmt, va_list ap)
{
    char line[LINE_MAX];
    size_t n;

    karch_con_write(before, strlen(before));
    n = fmt_vsn(line, sizeof(line), fmt, ap);
    karch_con_write(line, MIN(n, sizeof(line) - 1));
}

#define PRINT(before, fmt)      \
    do {                        \
        va_list ap;             \
        va_start(ap, fmt);      \
        print(before, fmt, ap); \
        va_end(ap);             \
    } while (0)

void out(const char *fmt, ...)
{
    PRINT("", fmt);
}

void note(const char *fmt, ...)
{
    PRINT("# ", fmt);
    out("\n");
}

void fail(const char *fmt, ...)
{
    if (report.bad)
        return;
    report.bad = true;
    PRINT("# expected: ", fmt);
    out("\n");
}

bool expect(bool claim, const char *fmt, ...)
{
    if (!claim && !report.bad) {
        report.bad = true;
        PRINT("# expected: ", fmt);
        out("\n");
    }
    return claim;
}

bool expect_eq(const char *what, u64 seen, u64 expected)
{
    return expect(seen == expected, "%s 0x%lx; seen: 0x%lx", what, expected, seen);
}

void skip(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fmt_vsn(report.skip, sizeof(report.skip), fmt, ap);
    va_end(ap);
}

void report_plan(unsigned n)
{
    out("1..%u\n", n);
}

void report_name(char *to, const struct row *r, unsigned d)
{
    fmt_sn(to, NAME_MAX, "%s.%s%s%s", r->clause, r->name, d ? "/" : "", d ? dialect_name(d) : "");
    for (char *p = to; *p && *p != '.'; p++)
        if (*p == '_')
            *p = '-';
}

void report_begin(void)
{
    report.bad = false;
    report.skip[0] = 0;
}

void report_end(const struct row *r, const char *name)
{
    bool skipped = report.skip[0] && !report.bad;

    report.failed += report.bad;
    out("%sok %u %s %s%s%s\n", report.bad ? "not " : "", ++report.number, name, r->text,
        skipped ? " # SKIP " : "", skipped ? report.skip : "");
}

bool report_bad(void)
{
    return report.bad;
}

unsigned report_failed(void)
{
    return report.failed;
}
