/* SPDX-License-Identifier: BSD-2-Clause */
/* script.c: open a database, split SQL into statements, run one of them and keep its rows. */
#include "script.h"
#include <stdio.h>
#include <string.h>

#define BUSY_MS   60000 /* how long a writer waits for another */
#define PARAMETER ":n"

static bool fail(struct connection *c, const char *why)
{
    snprintf(c->message, sizeof(c->message), "%s", why);
    return false;
}

static bool fail_sqlite(struct connection *c)
{
    return fail(c, c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(SQLITE_NOMEM));
}

bool connection_open(struct connection *c, const char *path)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;

    *c = (struct connection){0};
    if (sqlite3_open_v2(path, &c->db, flags, NULL) != SQLITE_OK)
        return fail_sqlite(c);
    sqlite3_busy_timeout(c->db, BUSY_MS);
    return true;
}

void connection_close(struct connection *c)
{
    for (unsigned i = 0; i < STATEMENTS_MAX; i++)
        sqlite3_finalize(c->statement[i]);
    sqlite3_close(c->db);
}

bool script_split(struct script *s, struct connection *c, const char *sql)
{
    *s = (struct script){0};
    while (*sql) {
        sqlite3_stmt *statement;
        const char *rest;

        if (sqlite3_prepare_v2(c->db, sql, -1, &statement, &rest) != SQLITE_OK)
            return fail_sqlite(c);
        if (statement) { /* else it is a comment, or blanks */
            if (s->count == STATEMENTS_MAX) {
                sqlite3_finalize(statement);
                return fail(c, "too many statements");
            }
            s->numbered |= sqlite3_bind_parameter_index(statement, PARAMETER) > 0;
            s->text[s->count] = sql;
            s->bytes[s->count++] = (int)(rest - sql);
            sqlite3_finalize(statement);
        }
        sql = rest;
    }
    return s->count || fail(c, "there is no statement in the SQL");
}

static bool add_row(sqlite3_stmt *statement, struct rows *out)
{
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        const char *text = (const char *)sqlite3_column_text(statement, i);

        if ((i && !rows_append(out, "|", 1)) || !rows_append(out, text, text ? strlen(text) : 0))
            return false;
    }
    out->count++;
    return rows_append(out, "\n", 1);
}

/* Runs a compiled statement to its end. */
static bool run(struct connection *c, sqlite3_stmt *statement, struct rows *out)
{
    int step;

    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        if (!add_row(statement, out))
            return fail(c, "out of memory for the rows");
        if (out->length > ROWS_MAX)
            return fail(c, "more than 1 MiB of rows");
    }
    return step == SQLITE_DONE || fail_sqlite(c);
}

bool script_run(struct connection *c, const struct script *s, unsigned statement, unsigned n,
                struct rows *out)
{
    sqlite3_stmt **compiled = &c->statement[statement];
    int parameter;

    if (!*compiled && sqlite3_prepare_v3(c->db, s->text[statement], s->bytes[statement],
                                         SQLITE_PREPARE_PERSISTENT, compiled, NULL) != SQLITE_OK)
        return fail_sqlite(c);
    parameter = sqlite3_bind_parameter_index(*compiled, PARAMETER);
    if (parameter)
        sqlite3_bind_int64(*compiled, parameter, n);
    if (!run(c, *compiled, out))
        return false;
    sqlite3_reset(*compiled);
    return true;
}

bool script_once(struct connection *c, const char *sql, struct rows *out)
{
    while (*sql) {
        sqlite3_stmt *statement;
        bool ok;

        if (sqlite3_prepare_v2(c->db, sql, -1, &statement, &sql) != SQLITE_OK)
            return fail_sqlite(c);
        ok = !statement || run(c, statement, out);
        sqlite3_finalize(statement);
        if (!ok)
            return false;
    }
    return true;
}
