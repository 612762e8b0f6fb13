/* SPDX-License-Identifier: BSD-2-Clause */
/* fmt.c: format text into a bounded buffer. */
#include "lib/fmt.h"

struct sink {
    char *buf;
    size_t size, len;
};

struct spec {
    bool left, zero;
    size_t width;
    size_t precision; /* SIZE_MAX: not given */
    unsigned longs;
};

static void put(struct sink *s, char c)
{
    if (s->len + 1 < s->size)
        s->buf[s->len] = c;
    s->len++;
}

static void put_padded(struct sink *s, const struct spec *sp, const char *text, size_t len)
{
    size_t pad = sp->width > len ? sp->width - len : 0;

    for (size_t i = 0; i < pad && !sp->left; i++)
        put(s, ' ');
    for (size_t i = 0; i < len; i++)
        put(s, text[i]);
    for (size_t i = 0; i < pad && sp->left; i++)
        put(s, ' ');
}

static void put_number(struct sink *s, const struct spec *sp, u64 v, unsigned base, const char *sign)
{
    char digits[24];
    size_t n = sizeof(digits), len;
    struct spec rest = *sp;

    do {
        digits[--n] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    len = sizeof(digits) - n;
    if (!sp->zero || sp->left) {
        if (*sign)
            digits[--n] = *sign;
        put_padded(s, sp, digits + n, sizeof(digits) - n);
        return;
    }
    if (*sign) {
        put(s, *sign);
        len++;
    }
    for (; len < sp->width; len++)
        put(s, '0');
    rest.width = 0;
    put_padded(s, &rest, digits + n, sizeof(digits) - n);
}

static void put_string(struct sink *s, const struct spec *sp, const char *text)
{
    size_t len = 0;

    if (!text)
        text = "(null)";
    while (len < sp->precision && text[len])
        len++;
    put_padded(s, sp, text, len);
}

static const char *parse_count(const char *f, size_t *out, va_list *ap)
{
    if (*f == '*') {
        int n = va_arg(*ap, int);

        *out = n < 0 ? 0 : (size_t)n;
        return f + 1;
    }
    for (*out = 0; *f >= '0' && *f <= '9'; f++)
        *out = *out * 10 + (size_t)(*f - '0');
    return f;
}

static const char *parse_spec(const char *f, struct spec *sp, va_list *ap)
{
    *sp = (struct spec){.precision = SIZE_MAX};
    for (;; f++) {
        if (*f == '-')
            sp->left = true;
        else if (*f == '0')
            sp->zero = true;
        else
            break;
    }
    f = parse_count(f, &sp->width, ap);
    if (*f == '.')
        f = parse_count(f + 1, &sp->precision, ap);
    for (; *f == 'l' || *f == 'z'; f++)
        sp->longs++;
    return f;
}

static u64 take_unsigned(const struct spec *sp, va_list *ap)
{
    return sp->longs ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned int);
}

static void put_signed(struct sink *s, const struct spec *sp, va_list *ap)
{
    s64 v = sp->longs ? va_arg(*ap, long) : va_arg(*ap, int);

    put_number(s, sp, v < 0 ? -(u64)v : (u64)v, 10, v < 0 ? "-" : "");
}

_Static_assert(sizeof(long) == sizeof(long long) && sizeof(long) == sizeof(size_t),
               "l, ll and z are one length");

size_t fmt_vsn(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct sink s = {.buf = buf, .size = size};
    struct spec sp;
    va_list args;
    char c;

    va_copy(args, ap);
    for (const char *f = fmt; *f; f++) {
        const char *start = f;

        if (*f != '%') {
            put(&s, *f);
            continue;
        }
        f = parse_spec(f + 1, &sp, &args);
        if (*f == 'd' || *f == 'i') {
            put_signed(&s, &sp, &args);
        } else if (*f == 'u' || *f == 'x') {
            put_number(&s, &sp, take_unsigned(&sp, &args), *f == 'u' ? 10 : 16, "");
        } else if (*f == 'p') {
            sp.longs = 1;
            put(&s, '0');
            put(&s, 'x');
            put_number(&s, &sp, take_unsigned(&sp, &args), 16, "");
        } else if (*f == 's') {
            put_string(&s, &sp, va_arg(args, const char *));
        } else if (*f == 'c') {
            c = (char)va_arg(args, int);
            put_padded(&s, &sp, &c, 1);
        } else if (*f == '%') {
            put(&s, '%');
        } else {
            for (; start < f; start++)
                put(&s, *start);
            f--; /* the unknown letter, or the end, is ordinary text */
        }
    }
    va_end(args);
    if (size)
        buf[MIN(s.len, size - 1)] = 0;
    return s.len;
}

size_t fmt_sn(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    size_t len;

    va_start(ap, fmt);
    len = fmt_vsn(buf, size, fmt, ap);
    va_end(ap);
    return len;
}
