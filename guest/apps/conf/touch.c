/* SPDX-License-Identifier: BSD-2-Clause */
/* touch.c: accesses to pages that may be absent, at CPL 0 and CPL 3. */
#include "conf.h"
#include "boot.h"
#include "frame.h"

bool touch_read(void *), touch_write(void *), touch_execute(void *);
void user_read(void *), user_write(void *), user_execute(void *);
void user_vmcall(void), user_vmmcall(void);

static u8 user_stack[CPUS_MAX][PAGE_SIZE] __attribute__((aligned(4096)));

static u64 in_user(const void *p)
{
    return USER_BASE + (u64)(uintptr_t)p;
}

static bool at_cpl0(void *at, enum touch how)
{
    struct cpu *c = this_cpu();
    bool told;

    switch (how) {
    case READ:
        return !touch_read(at);
    case WRITE:
        return !touch_write(at);
    case EXECUTE:
        break;
    }
    c->told_rip = (u64)(uintptr_t)at;
    told = touch_execute(at);
    c->told_rip = 0;
    return !told;
}

static bool at_cpl3(void *at, enum touch how)
{
    static void (*const code[])(void *) = {
        [READ] = user_read, [WRITE] = user_write, [EXECUTE] = user_execute};
    struct cpu *c = this_cpu();
    u64 rip = in_user((const void *)(uintptr_t)code[how]), rsp = in_user(user_stack[c->id] + PAGE_SIZE);

    return !user_enter(rip, in_user(at), rsp, read_rflags(), &c->user_rsp);
}

unsigned touch_cpl(void)
{
    return boot_option_number("cpl", 0) == 3 ? 3 : 0;
}

u64 touch_rip_at(unsigned cpl, enum touch how)
{
    switch (how) {
    case READ:
        return cpl ? in_user((const void *)(uintptr_t)user_read) : (u64)(uintptr_t)touch_read;
    case WRITE:
        return cpl ? in_user((const void *)(uintptr_t)user_write) : (u64)(uintptr_t)touch_write;
    case EXECUTE:
        break;
    }
    return 0; /* at the page itself */
}

u64 touch_rip(enum touch how)
{
    return touch_rip_at(touch_cpl(), how);
}

u64 touch_address(const void *at)
{
    return touch_cpl() ? in_user(at) : (u64)(uintptr_t)at;
}

void touch_user_open(void *at)
{
    struct cpu *c = this_cpu();

    user_enter(touch_rip_at(3, READ), in_user(at), in_user(user_stack[c->id] + PAGE_SIZE),
               read_rflags() | RFLAGS_IF, &c->user_rsp);
}

u64 touch_user_call(u64 nr)
{
    struct cpu *c = this_cpu();
    void (*code)(void) = calls_by_vmmcall() ? user_vmmcall : user_vmcall;

    return user_enter(in_user((const void *)(uintptr_t)code), nr, in_user(user_stack[c->id] + PAGE_SIZE),
                      read_rflags(), &c->user_rsp);
}

bool touch_at(unsigned cpl, void *at, enum touch how)
{
    return cpl ? at_cpl3(at, how) : at_cpl0(at, how);
}

bool touch(void *at, enum touch how)
{
    return touch_at(touch_cpl(), at, how);
}

struct event *touch_absent(void *page)
{
    u32 from = events_now();
    bool made = touch(page, READ);
    struct event *e = event_since(from, EV_ABSENT, 0);

    if (made || !e) {
        fail("a not-present event; the access was made without one");
        return NULL;
    }
    expect(e->id && e->id != APF_TOKEN_WAKE_ALL, "a token that is neither 0 nor ~0; seen: 0x%x", e->id);
    expect(e->rflags & RFLAGS_IF, "IF = 1 where the event comes");
    expect_eq("error code", e->error, 0);
    expect_eq("marker in word 0 of the slot", e->word0, 1);
    return e;
}

bool full_cycle(void)
{
    u64 *page = page_new();
    struct event *told, *ready;
    u32 from;

    miss(page, HELD);
    told = touch_absent(page);
    from = events_now();
    done(page, 0);
    if (!told)
        return false;
    ready = event_wait(from, EV_READY, 1, SOON);
    if (!expect(ready, "ready after the page has come"))
        return false;
    expect_contents(page);
    return expect_eq("token of ready", ready->id, told->id);
}

u64 *page_told(u32 *id)
{
    u64 *page = page_new();
    struct event *e;

    miss(page, HOOK_HOLD);
    e = touch_absent(page);
    if (!e)
        return NULL;
    *id = e->id;
    return page;
}

bool expect_ready(u32 from, unsigned n, u32 id)
{
    struct event *e = event_wait(from, EV_READY, n, SOON);

    return expect(e, "ready for 0x%x; seen: nothing", id) && expect_eq("token of ready", e->id, id);
}

void expect_contents(const u64 *page)
{
    for (unsigned i = 0; i < PAGE_WORDS; i += PAGE_WORDS / 8)
        if (!expect_eq("word of the page", at_load(&page[i]), page_value(page)))
            return;
}
