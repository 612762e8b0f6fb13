/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_ram.h: guestmem.h over one flat array, for tests of users of guest memory that leave paging aside.
 *
 * Include it once, in a test program. Pages named absent stay so until guest_bring() is called for them.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "guestmem.h"
#include "vcpu.h"

#define RAM_PAGES 64

static struct {
    u8 byte[RAM_PAGES * PAGE_SIZE];
    bool absent[RAM_PAGES];
    unsigned brought;      /* calls of guest_bring() */
    unsigned writes;       /* accesses that changed something */
    unsigned fail_load_at; /* the number of the call of guest_load() that fails, from 1; 0 = none */
    unsigned loads;
    void (*written)(gpa_t at, size_t n); /* told after each change */
} ram;

static inline void ram_reset(void)
{
    memset(&ram, 0, sizeof(ram));
}

static enum guest_access ram_check(gpa_t from, size_t n, gfn_t *at)
{
    for (u64 a = from.v; a < from.v + n; a = (a | PAGE_MASK) + 1) {
        *at = gpa_gfn((gpa_t){a});
        if (at->v >= RAM_PAGES)
            return GUEST_HOLE;
        if (ram.absent[at->v])
            return GUEST_ABSENT;
    }
    return GUEST_OK;
}

enum guest_access guest_read(struct vm *vm, gpa_t from, void *to, size_t n, gfn_t *at)
{
    enum guest_access r = ram_check(from, n, at);

    (void)vm;
    if (r == GUEST_OK)
        memcpy(to, ram.byte + from.v, n);
    return r;
}

enum guest_access guest_write(struct vm *vm, gpa_t to, const void *from, size_t n, gfn_t *at)
{
    enum guest_access r = ram_check(to, n, at);

    (void)vm;
    if (r == GUEST_OK) {
        memcpy(ram.byte + to.v, from, n);
        ram.writes++;
        if (ram.written)
            ram.written(to, n);
    }
    return r;
}

enum guest_access guest_write32(struct vm *vm, gpa_t to, u32 value)
{
    gfn_t at;

    assert_int_equal(to.v & 3, 0);
    return guest_write(vm, to, &value, sizeof(value), &at);
}

enum guest_access guest_at(struct vm *vm, gpa_t to, guest_act *act, void *arg)
{
    gfn_t at;
    enum guest_access r = ram_check(to, 1, &at);

    (void)vm;
    if (r == GUEST_OK) {
        act(ram.byte + to.v, arg);
        ram.writes++;
    }
    return r;
}

void guest_bring(struct vcpu *v, gfn_t gfn)
{
    (void)v;
    assert_true(gfn.v < RAM_PAGES && ram.absent[gfn.v]);
    ram.absent[gfn.v] = false;
    ram.brought++;
}

bool guest_load(struct vm *vm, gpa_t to, const void *from, size_t n)
{
    gfn_t at;

    return ++ram.loads != ram.fail_load_at && guest_write(vm, to, from, n, &at) == GUEST_OK;
}
