/* SPDX-License-Identifier: BSD-2-Clause */
/* scan.h: count a fixed string in lines of text, piece by piece, as `grep -aoF` and `grep -acF` would as a whole. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define PATTERN_MAX 1024

struct pattern {
    const uint8_t *text;
    size_t len;
    uint16_t skip[256]; /* how far to move on when this byte lies under the pattern's last */
};

struct count {
    uint64_t occurrences, lines;
};

/* len: 1 … PATTERN_MAX, without a newline. text must live on. */
void pattern_init(struct pattern *p, const void *text, size_t len);

/*
 * Counts in the lines that a newline in [start, end) of the text precedes, and in the first line if start is 0; each to
 * its end even if that lies beyond. So pieces that cover the text add up to the whole, wherever they meet. No piece
 * looks at what lies before it: threads that work on neighbouring pieces would start by waiting for the same page.
 * 0 <= start < end <= size.
 */
struct count scan_lines(const struct pattern *p, const uint8_t *text, size_t size, size_t start, size_t end);
