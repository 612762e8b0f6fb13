/* SPDX-License-Identifier: BSD-2-Clause */
/* rows.c: keep rows as text, compare them, print them so that the console loses nothing. */
#include "rows.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 256
#define LINE_MAX   200 /* the host's console breaks lines of more than 256 bytes */
#define ESCAPE_MAX 5   /* with the terminating NUL */

bool rows_append(struct rows *r, const char *text, size_t n)
{
    if (r->length + n > r->room) {
        size_t room = MAX(r->length + n, MAX(2 * r->room, (size_t)ROOM_FIRST));
        char *more = realloc(r->text, room);

        if (!more)
            return false;
        r->text = more;
        r->room = room;
    }
    if (n)
        memcpy(r->text + r->length, text, n);
    r->length += n;
    return true;
}

bool rows_same(const struct rows *a, const struct rows *b)
{
    return a->length == b->length && (!a->length || !memcmp(a->text, b->text, a->length));
}

void rows_free(struct rows *r)
{
    free(r->text);
    *r = (struct rows){0};
}

/* Prints one line's worth of the text up to a newline; returns what follows. */
static const char *print_line(const char *at, const char *end)
{
    char line[LINE_MAX + ESCAPE_MAX];
    size_t n = 0;

    while (at < end && *at != '\n' && n < LINE_MAX) {
        unsigned char c = (unsigned char)*at++;

        if (c < ' ' || c == '\\' || c == 0x7f)
            n += (size_t)snprintf(line + n, ESCAPE_MAX, "\\x%02x", c);
        else
            line[n++] = (char)c;
    }
    if (at < end && *at != '\n') {
        printf("sql| %.*s\\\n", (int)n, line);
        return at;
    }
    printf("sql| %.*s\n", (int)n, line);
    return at + 1;
}

void rows_print(const struct rows *r)
{
    const char *end = r->text + r->length;

    for (const char *at = r->text; at < end;)
        at = print_line(at, end);
}
