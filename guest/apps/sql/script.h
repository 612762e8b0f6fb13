/* SPDX-License-Identifier: BSD-2-Clause */
/* script.h: SQL as statements that can be run one by one, and connections that run them. */
#pragma once
#include "rows.h"
#include <sqlite3.h>

#define STATEMENTS_MAX 64
#define MESSAGE_MAX    256

/* `:n` in a statement is the number of the run. */
struct script {
    const char *text[STATEMENTS_MAX]; /* within the SQL it was split from */
    int bytes[STATEMENTS_MAX];
    unsigned count;
    bool numbered; /* has :n in it */
};

struct connection {
    sqlite3 *db;
    sqlite3_stmt *statement[STATEMENTS_MAX]; /* compiled at first use */
    char message[MESSAGE_MAX];               /* why something failed: SQLite's own words */
};

/* path: a file, or a URI as https://sqlite.org/uri.html has it. false: see message; close it all the same. */
bool connection_open(struct connection *c, const char *path);
void connection_close(struct connection *c);

/* Each statement is compiled, so whatever it needs exists already. false: see c->message. */
bool script_split(struct script *s, struct connection *c, const char *sql);
/* Adds the rows of one statement of the script to *out. */
bool script_run(struct connection *c, const struct script *s, unsigned statement, unsigned n,
                struct rows *out);
/* All of the SQL in its order, each statement compiled when its turn comes. */
bool script_once(struct connection *c, const char *sql, struct rows *out);
