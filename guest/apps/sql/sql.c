/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sql.c: SQL on a database file by several connections at once, without and with asynchronous page faults.
 *
 *     sql db=FILE sql=SQL [times=N] [connections=1,4,16] [apf=both|on|off] [before=SQL] [after=SQL]
 *
 * db, sql, before and after are percent-encoded. SQL with `:n` in it is run `times` times, with n = 0, 1, …; the
 * connections take the statements from one list, and the rows are printed in its order. `before` is run before each
 * phase, `after` after the last, both by one connection; the latter's rows are printed. Ends with 0, with STATUS_SQL
 * if SQLite refused, with STATUS_USAGE if there is nothing to do.
 */
#include "options.h"
#include "phase.h"
#include <stdio.h>

#define STATUS_SQL   1
#define STATUS_USAGE 2
#define PHASES_MAX   (2 * COUNTS_MAX)

static struct task task;
static struct script script;

static int fail(int status, const char *why)
{
    printf("sql: %s\n", why);
    return status;
}

/* `before` or `after`, and perhaps a look at the SQL itself. */
static bool run_once(const char *sql, struct rows *out, const char *then_split)
{
    static struct connection c;
    bool ok = connection_open(&c, task.database) && script_once(&c, sql, out) &&
              (!then_split || script_split(&script, &c, then_split));

    if (!ok)
        snprintf(task.message, sizeof(task.message), "%s", c.message);
    connection_close(&c);
    return ok;
}

/* Starts with nothing of the modules in memory, where the host lets us say so. */
static bool run_phase(struct phase *ph, const struct options *o, unsigned connections, bool apf)
{
    struct rows none = {0};
    bool ok = run_once(o->before, &none, NULL);

    rows_free(&none);
    if (!ok)
        return false;
    *ph = (struct phase){.connections = connections, .apf = apf};
    pvapf_enable(apf);
    for (unsigned i = 0; i < module_count(); i++) {
        u64 bytes;
        const void *data = module_data(i, &bytes);

        host_evict(data, bytes);
    }
    return phase_run(ph, &task);
}

static bool run_all(const struct options *o, struct phase *phase, unsigned *n)
{
    for (unsigned i = 0; i < o->counts; i++) {
        if (o->off && !run_phase(&phase[(*n)++], o, o->connections[i], false))
            return false;
        if (o->on && !run_phase(&phase[(*n)++], o, o->connections[i], true))
            return false;
    }
    return true;
}

static bool prepare(const struct options *o)
{
    struct rows none = {0};
    bool ok = run_once(o->before, &none, o->sql);

    rows_free(&none);
    return ok;
}

int main(int argc, char **argv)
{
    static struct phase phase[PHASES_MAX];
    struct rows after = {0};
    struct options o;
    const char *wrong = options_read(&o, argc, argv);
    unsigned phases = 0;

    if (wrong)
        return fail(STATUS_USAGE, wrong);
    task.database = o.database;
    task.script = &script;
    printf("sql: SQLite %s, %s, %u vCPUs, asynchronous page faults: %s\n", sqlite3_libversion(), o.database,
           cpu_count(), pvapf_dialect_name());
    if (pvapf_dialect() == APF_ABSENT) { /* then there is only one way to wait */
        o.off = true;
        o.on = false;
    }
    if (!prepare(&o))
        return fail(STATUS_SQL, task.message);
    task.jobs = script.count * (script.numbered ? o.times : 1);
    if (task.jobs > JOBS_MAX)
        return fail(STATUS_USAGE, "that is more than 4096 queries");
    if (!run_all(&o, phase, &phases))
        return fail(STATUS_SQL, task.message);
    for (unsigned i = 0; i < task.jobs; i++)
        rows_print(&task.rows[i]);
    if (!run_once(o.after, &after, NULL))
        return fail(STATUS_SQL, task.message);
    rows_print(&after);
    phase_table(phase, phases, task.jobs);
    return 0;
}
