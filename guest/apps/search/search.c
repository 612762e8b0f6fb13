/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * search.c: search the boot module for a fixed string, without and with asynchronous page faults.
 *
 *     search pattern=PERCENT-ENCODED [threads=N] [apf=both|on|off]
 *
 * Ends with 0, with STATUS_DISAGREE if the two searches differ, with STATUS_USAGE if there is nothing to search.
 */
#include "phase.h"
#include "lib/percent.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_DISAGREE 1
#define STATUS_USAGE    2
#define THREADS_DEFAULT 16
#define THREADS_MAX     (MAX_THREADS - 1) /* main() is one */

struct options {
    uint8_t pattern[PATTERN_MAX];
    size_t pattern_len;
    unsigned threads;
    bool off, on;
};

static int fail(const char *why)
{
    printf("search: %s\n", why);
    return STATUS_USAGE;
}

static void read_options(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "pattern=", 8))
            o->pattern_len = percent_decode(o->pattern, PATTERN_MAX, argv[i] + 8);
        else if (!strncmp(argv[i], "threads=", 8))
            o->threads = (unsigned)strtoul(argv[i] + 8, NULL, 10);
        else if (!strcmp(argv[i], "apf=on"))
            o->off = false;
        else if (!strcmp(argv[i], "apf=off"))
            o->on = false;
    }
}

/* Starts with nothing of the text in memory, where the host lets us say so. */
static bool run(struct phase *ph, const struct options *o, bool on, const void *text, u64 size)
{
    struct pattern p;

    *ph = (struct phase){.name = on ? "on" : "off"};
    pattern_init(&p, o->pattern, o->pattern_len);
    pvapf_enable(on);
    host_evict(text, size);
    if (!phase_run(ph, &p, text, size, o->threads))
        return false;
    printf("search: apf %s: %lu occurrences, %lu matching lines\n", ph->name, ph->count.occurrences,
           ph->count.lines);
    return true;
}

static int search(const struct options *o, const void *text, u64 size)
{
    static struct phase phase[2];
    unsigned n = 0;

    if (o->off && !run(&phase[n++], o, false, text, size))
        return fail("not enough memory for so many threads");
    if (o->on && !run(&phase[n++], o, true, text, size))
        return fail("not enough memory for so many threads");
    phase_table(phase, n);
    if (n == 2 && memcmp(&phase[0].count, &phase[1].count, sizeof(phase[0].count)) != 0) {
        printf("search: the two searches disagree\n");
        return STATUS_DISAGREE;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct options o = {.threads = THREADS_DEFAULT, .off = true, .on = true};
    const void *text;
    u64 size;

    read_options(&o, argc, argv);
    text = module_data(0, &size);
    if (!text)
        return fail("no boot module to search");
    if (!o.pattern_len)
        return fail("the pattern is empty: say pattern=TEXT");
    if (memchr(o.pattern, '\n', o.pattern_len))
        return fail("the pattern must not contain a newline");
    if (o.threads < 1 || o.threads > THREADS_MAX)
        return fail("threads must be 1 to 255");
    printf("search: %lu bytes, %u threads on %u vCPUs, asynchronous page faults: %s\n", size, o.threads,
           cpu_count(), pvapf_dialect_name());
    if (pvapf_dialect() == APF_ABSENT) { /* then there is only one way to search */
        o.off = true;
        o.on = false;
    }
    return search(&o, text, size);
}
