/* SPDX-License-Identifier: BSD-2-Clause */
/* rows.h: text that grows: the rows of a query as `sqlite3 -list` prints them, `|` between columns, a line for each. */
#pragma once
#include "guest.h"

#define ROWS_MAX MiB /* bytes of all rows that one run may give */

struct rows {
    char *text;
    size_t length, room;
    u64 count;
};

/* false if memory is out. */
bool rows_append(struct rows *r, const char *text, size_t n);
bool rows_same(const struct rows *a, const struct rows *b);
void rows_free(struct rows *r);

/*
 * To the console, each line with the mark `sql| `. A backslash and what is no printable byte are written as \xHH; a
 * line that goes on in the next ends with a backslash of its own.
 */
void rows_print(const struct rows *r);
