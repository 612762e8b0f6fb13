/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * args.h: read a command line of key=value words by a table of what is known.
 *
 * Words are separated by blanks; a word `--` ends them, and what follows it belongs to somebody else. A word may be
 * enclosed in double quotes, as GRUB does with those that contain blanks. A key given twice has its last value.
 */
#pragma once
#include "lib/types.h"

#define ARG_TEXTS_MAX   4
#define ARG_ERROR_BYTES 200

enum arg_kind {
    ARG_NUMBER,   /* 17, 0x11 */
    ARG_SIZE,     /* 24M, 1G, 4096: bytes */
    ARG_DURATION, /* 5s, 20ms, 7us, 100ns: ns; a bare number is not one */
    ARG_CHOICE,   /* one of names: its index */
    ARG_TEXT,     /* anything; may be given several times */
};

/* A piece of the command line, not terminated. */
struct arg_text {
    const char *at;
    size_t len;
};

struct arg_texts {
    struct arg_text text[ARG_TEXTS_MAX];
    unsigned count;
};

struct arg_def {
    const char *key;
    enum arg_kind kind;
    u64 min, max;             /* NUMBER, SIZE, DURATION */
    const char *const *names; /* CHOICE: NULL-terminated */
    u64 *value;               /* all but TEXT; unchanged when the key is not given */
    struct arg_texts *texts;  /* TEXT */
};

/*
 * Reads all words. *rest: behind `--`, or the end. False: error says in one line which key and value are wrong and what
 * was expected; values read before it are changed.
 */
bool args_read(const char *line, const struct arg_def *defs, unsigned count, const char **rest,
               char error[ARG_ERROR_BYTES]) must_check;

/* One value by itself, for the parts of a TEXT. */
bool arg_size(struct arg_text t, u64 *out) must_check;
