/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c: read `key=value` words, undo their percent encoding, check numbers. */
#include "options.h"
#include "phase.h"
#include "lib/percent.h"
#include <stdlib.h>
#include <string.h>

static char *decode(char *text)
{
    text[percent_decode(text, SIZE_MAX, text)] = 0;
    return text;
}

static bool read_counts(struct options *o, char *text)
{
    o->counts = 0;
    for (;;) {
        unsigned long n = strtoul(text, &text, 10);

        if (n < 1 || n > CONNECTIONS_MAX || o->counts == COUNTS_MAX)
            return false;
        o->connections[o->counts++] = (unsigned)n;
        if (!*text)
            return true;
        if (*text++ != ',')
            return false;
    }
}

/* The value if the word is key=value. */
static char *value_of(char *word, const char *key)
{
    size_t n = strlen(key);

    return !strncmp(word, key, n) && word[n] == '=' ? word + n + 1 : NULL;
}

static const char *read_word(struct options *o, char *word)
{
    char *value;

    if ((value = value_of(word, "db")))
        o->database = decode(value);
    else if ((value = value_of(word, "sql")))
        o->sql = decode(value);
    else if ((value = value_of(word, "before")))
        o->before = decode(value);
    else if ((value = value_of(word, "after")))
        o->after = decode(value);
    else if ((value = value_of(word, "times")))
        o->times = (unsigned)strtoul(value, NULL, 10);
    else if ((value = value_of(word, "connections")))
        return read_counts(o, value) ? NULL : "connections= takes up to 8 numbers from 1 to 64: 1,4,16";
    else if (!strcmp(word, "apf=on"))
        o->off = false;
    else if (!strcmp(word, "apf=off"))
        o->on = false;
    return NULL;
}

const char *options_read(struct options *o, int argc, char **argv)
{
    static char none[] = "";

    *o = (struct options){
        .before = none, .after = none, .times = 1, .connections = {1}, .counts = 1, .off = true, .on = true};
    for (int i = 1; i < argc; i++) {
        const char *why = read_word(o, argv[i]);

        if (why)
            return why;
    }
    if (!o->database || !o->sql)
        return "say which database and what to ask: db=FILE sql=SQL";
    return o->times < 1 || o->times > JOBS_MAX ? "times= takes a number from 1 to 4096" : NULL;
}
