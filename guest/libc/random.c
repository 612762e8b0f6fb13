/* SPDX-License-Identifier: BSD-2-Clause */
/* random.c: random bytes: the CPU's, or the error ENOSYS; never weaker ones. */
#include "guest.h"
#include "os.h"
#include "result.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define ENTROPY_MAX 256 /* XSH getentropy */

static const unsigned known_flags = GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE;

ssize_t getrandom(void *buf, size_t bytes, unsigned flags)
{
    if (flags & ~known_flags)
        return libc_failed(EINVAL);
    if (!random_fill(buf, bytes))
        return libc_failed(ENOSYS);
    return (ssize_t)bytes;
}

int getentropy(void *buf, size_t bytes)
{
    if (bytes > ENTROPY_MAX)
        return libc_failed(EIO);
    return getrandom(buf, bytes, 0) < 0 ? -1 : 0;
}

/* It has no way to fail, and must not return what is not random. */
void arc4random_buf(void *buf, size_t bytes)
{
    static const char line[] = "arc4random(): this CPU has no source of random numbers\n";

    if (random_fill(buf, bytes))
        return;
    con_write(line, sizeof(line) - 1);
    abort();
}

uint32_t arc4random(void)
{
    uint32_t v;

    arc4random_buf(&v, sizeof(v));
    return v;
}

/* Below bound, each as likely: what would make the low ones likelier is drawn again. */
uint32_t arc4random_uniform(uint32_t bound)
{
    uint32_t v, least;

    if (bound < 2)
        return 0;
    least = -bound % bound;
    do {
        v = arc4random();
    } while (v < least);
    return v % bound;
}
