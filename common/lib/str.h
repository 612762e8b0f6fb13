/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * str.h: the four functions a freestanding compiler may call, and the few string helpers everybody needs.
 *
 * The standard names have their standard meaning. A native program takes those from its C library instead of str.c.
 */
#pragma once
#include "lib/types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);

/* Copies at most size - 1 bytes of a string and terminates; false when it had to cut. size must not be 0. */
static inline bool str_copy(char *to, size_t size, const char *from)
{
    size_t n = 0;

    for (; from[n] && n + 1 < size; n++)
        to[n] = from[n];
    to[n] = 0;
    return !from[n];
}
