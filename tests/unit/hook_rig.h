/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_rig.h: for the tests of the test hook: a VM that has one, and its commands. */
#pragma once
#include "apf_int_rig.h"
#include "hook.h"
#include "fault.h"
#include "guestmem.h"
#include "abi/kvm_hypercall.h"
#include "abi/testhook.h"

#define US 1000ull

static struct vm *vm;

static inline void make_hooked(const struct world_config *c)
{
    world_make(c);
    vm = world.vm;
    v = world.v;
    vm->state = VM_SETUP; /* the swap of this world has no room for more */
    assert_true(hook_make(vm));
    vm->state = VM_RUNNING;
}

static inline u32 port_in(u16 port)
{
    struct exit e = {.kind = EXIT_IO, .io = {.port = port, .size = 4}};

    exit_handle(v, &e);
    return e.io.value;
}

/* False: the instruction is to be executed again. */
static inline bool port_out(u16 port, u32 value)
{
    struct exit e = {.kind = EXIT_IO, .io = {.port = port, .size = 4, .write = true, .value = value}};
    unsigned done = v->hw->completions;

    exit_handle(v, &e);
    return v->hw->completions > done;
}

/* One command to its end, the disk answering; its result. */
static inline int hook(u32 command, gfn_t gfn, u32 value)
{
    assert_true(port_out(HOOK_PORT_PAGE, (u32)gfn.v));
    assert_true(port_out(HOOK_PORT_VALUE, value));
    while (!port_out(HOOK_PORT_COMMAND, command)) {
        fake_disk_finish_all();
        world_enter(v);
        assert_int_equal(v->state, VCPU_RUNNABLE);
    }
    return (int)port_in(HOOK_PORT_COMMAND);
}

static inline void pass_us(u64 us)
{
    fake.now += us * US;
    hook_work(vm, fake.now);
}
