/* SPDX-License-Identifier: BSD-2-Clause */
/* scan.c: leftmost matches that do not overlap, by Horspool's search; a match never contains a newline. */
#include "scan.h"
#include <string.h>

void pattern_init(struct pattern *p, const void *text, size_t len)
{
    p->text = text;
    p->len = len;
    for (size_t i = 0; i < 256; i++)
        p->skip[i] = (uint16_t)len;
    for (size_t i = 0; i + 1 < len; i++)
        p->skip[p->text[i]] = (uint16_t)(len - 1 - i);
}

/* The first match in [at, end), or NULL. */
static const uint8_t *find(const struct pattern *p, const uint8_t *at, const uint8_t *end)
{
    size_t last = p->len - 1;

    while ((size_t)(end - at) > last) {
        uint8_t c = at[last];

        if (c == p->text[last] && !memcmp(at, p->text, last))
            return at;
        at += p->skip[c];
    }
    return NULL;
}

/* The position after the first newline in [at, end), or `end`. */
static const uint8_t *after_newline(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));

    return newline ? newline + 1 : end;
}

struct count scan_lines(const struct pattern *p, const uint8_t *text, size_t size, size_t start, size_t end)
{
    const uint8_t *at = text + start, *line_end = at, *stop, *match;
    struct count n = {0, 0};

    if (start > 0) {
        at = memchr(at, '\n', end - start);
        if (!at)
            return n;
        at++;
    }
    stop = after_newline(text + end, text + size);
    while ((match = find(p, at, stop))) {
        n.occurrences++;
        if (match >= line_end) {
            n.lines++;
            line_end = after_newline(match, stop);
        }
        at = match + p->len;
    }
    return n;
}
