/* SPDX-License-Identifier: BSD-2-Clause */
/* oracle.h: how many of a trace's accesses would hit, had the host seen each one and been able to afford it. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct trace {
    const char *name;
    unsigned pages; /* all numbers in `at` are below */
    size_t length;
    uint32_t *at;
};

size_t oracle_lru(const struct trace *t, unsigned frames);
size_t oracle_fifo(const struct trace *t, unsigned frames);
size_t oracle_random(const struct trace *t, unsigned frames);
/* Belady's: drop what is needed last. The most there can be. */
size_t oracle_opt(const struct trace *t, unsigned frames);
