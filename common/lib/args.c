/* SPDX-License-Identifier: BSD-2-Clause */
/* args.c: split a command line into words, recognise keys, convert values. */
#include "lib/args.h"
#include "lib/fmt.h"
#include "lib/percent.h"
#include "lib/str.h"

#define ARG_SHOWN 60 /* of a wrong value, in messages */

struct unit {
    const char *name;
    u64 factor;
};

static const struct unit size_units[] = {{"", 1}, {"K", KiB}, {"M", MiB}, {"G", GiB}};
static const struct unit time_units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
static const struct unit no_units[] = {{"", 1}};

static bool text_is(struct arg_text t, const char *s)
{
    return t.len == strlen(s) && !memcmp(t.at, s, t.len);
}

/* Digits, then one of the units, then nothing; false also when the value does not fit. */
static bool read_scaled(struct arg_text t, const struct unit *units, unsigned count, u64 *out)
{
    unsigned base = t.len > 2 && t.at[0] == '0' && t.at[1] == 'x' ? 16 : 10;
    size_t i = base == 16 ? 2 : 0, start = i;
    u64 v = 0;

    for (; i < t.len && hex_digit(t.at[i]) < base; i++)
        if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, hex_digit(t.at[i]), &v))
            return false;
    if (i == start)
        return false;
    for (unsigned u = 0; u < count; u++)
        if (text_is((struct arg_text){t.at + i, t.len - i}, units[u].name))
            return !__builtin_mul_overflow(v, units[u].factor, out);
    return false;
}

bool arg_size(struct arg_text t, u64 *out)
{
    return read_scaled(t, size_units, ARRAY_SIZE(size_units), out);
}

/* In the largest unit that leaves no rest, so that a bound reads as a user writes it. */
static void say_scaled(char *to, size_t bytes, u64 v, const struct unit *units, unsigned count)
{
    unsigned u = count - 1;

    while (u && (!v || v % units[u].factor))
        u--;
    fmt_sn(to, bytes, "%lu%s", v / units[u].factor, units[u].name);
}

static bool read_number(const struct arg_def *d, struct arg_text v, const struct unit *units, unsigned count,
                        const char *what, char *error)
{
    char low[24], high[24];
    u64 n;

    if (!read_scaled(v, units, count, &n)) {
        fmt_sn(error, ARG_ERROR_BYTES, "%s=%.*s: expected %s", d->key, (int)MIN(v.len, (size_t)ARG_SHOWN),
               v.at, what);
        return false;
    }
    if (n < d->min || n > d->max) {
        say_scaled(low, sizeof(low), d->min, units, count);
        say_scaled(high, sizeof(high), d->max, units, count);
        fmt_sn(error, ARG_ERROR_BYTES, "%s=%.*s: must be from %s to %s", d->key,
               (int)MIN(v.len, (size_t)ARG_SHOWN), v.at, low, high);
        return false;
    }
    *d->value = n;
    return true;
}

static bool read_choice(const struct arg_def *d, struct arg_text v, char *error)
{
    size_t n;

    for (unsigned i = 0; d->names[i]; i++) {
        if (text_is(v, d->names[i])) {
            *d->value = i;
            return true;
        }
    }
    n = fmt_sn(error, ARG_ERROR_BYTES, "%s=%.*s: expected one of", d->key, (int)MIN(v.len, (size_t)ARG_SHOWN),
               v.at);
    for (unsigned i = 0; d->names[i] && n < ARG_ERROR_BYTES; i++)
        n += fmt_sn(error + n, ARG_ERROR_BYTES - n, " %s", d->names[i]);
    return false;
}

static bool read_text(const struct arg_def *d, struct arg_text v, char *error)
{
    if (d->texts->count == ARG_TEXTS_MAX) {
        fmt_sn(error, ARG_ERROR_BYTES, "%s=%.*s: given more than %u times", d->key,
               (int)MIN(v.len, (size_t)ARG_SHOWN), v.at, ARG_TEXTS_MAX);
        return false;
    }
    d->texts->text[d->texts->count++] = v;
    return true;
}

static bool read_value(const struct arg_def *d, struct arg_text v, char *error)
{
    switch (d->kind) {
    case ARG_NUMBER:
        return read_number(d, v, no_units, ARRAY_SIZE(no_units), "a number", error);
    case ARG_SIZE:
        return read_number(d, v, size_units, ARRAY_SIZE(size_units), "a size such as 24M or 1G", error);
    case ARG_DURATION:
        return read_number(d, v, time_units, ARRAY_SIZE(time_units), "a duration such as 5s or 20ms", error);
    case ARG_CHOICE:
        return read_choice(d, v, error);
    case ARG_TEXT:
        return read_text(d, v, error);
    }
    return false;
}

static bool read_word(struct arg_text word, const struct arg_def *defs, unsigned count, char *error)
{
    size_t key = 0;

    while (key < word.len && word.at[key] != '=')
        key++;
    for (unsigned i = 0; i < count && key < word.len; i++)
        if (text_is((struct arg_text){word.at, key}, defs[i].key))
            return read_value(&defs[i], (struct arg_text){word.at + key + 1, word.len - key - 1}, error);
    fmt_sn(error, ARG_ERROR_BYTES, "%.*s: %s", (int)MIN(word.len, (size_t)ARG_SHOWN), word.at,
           key < word.len ? "unknown argument" : "expected key=value");
    return false;
}

/* The next word from *at on, which moves behind it; an empty one at the end of the line. */
static struct arg_text next_word(const char **at)
{
    const char *s = *at;
    struct arg_text w;
    bool quoted;

    while (*s == ' ' || *s == '\t')
        s++;
    quoted = *s == '"';
    w.at = s += quoted;
    while (*s && (quoted ? *s != '"' : *s != ' ' && *s != '\t'))
        s++;
    w.len = (size_t)(s - w.at);
    *at = quoted && *s ? s + 1 : s;
    return w;
}

bool args_read(const char *line, const struct arg_def *defs, unsigned count, const char **rest,
               char error[ARG_ERROR_BYTES])
{
    *rest = line;
    for (;;) {
        struct arg_text word = next_word(rest);

        if (text_is(word, "--")) {
            while (**rest == ' ')
                ++*rest;
            return true;
        }
        if (!word.len && !**rest)
            return true;
        if (word.len && !read_word(word, defs, count, error))
            return false;
    }
}
