/* SPDX-License-Identifier: BSD-2-Clause */
/* options.h: the words of the command line. */
#pragma once
#include <stdbool.h>

#define COUNTS_MAX 8

struct options {
    char *database, *sql, *before, *after; /* decoded in place; before and after may be empty */
    unsigned times;
    unsigned connections[COUNTS_MAX], counts;
    bool off, on; /* which phases */
};

/* What is wrong with the words, NULL if nothing is. */
const char *options_read(struct options *o, int argc, char **argv);
