/* SPDX-License-Identifier: BSD-2-Clause */
/* launch.c: make the VM that the arguments describe, run it, report how it ended. */
#include "launch.h"
#include "args.h"
#include "backend.h"
#include "con.h"
#include "fail.h"
#include "hook.h"
#include "load.h"
#include "loop.h"
#include "percpu.h"
#include "port.h"
#include "restore.h"
#include "stop.h"
#include "store_disk.h"
#include "lib/str.h"

#define MODULE_BASE  (4 * GiB) /* above whatever a PC has below 4 GiB */
#define MODULE_ALIGN (2 * MiB)

static struct hyp_args args;
static struct vm *vm;

/* What the VM is saved to must be nothing that it has otherwise. */
static void keep_apart(const char *partition)
{
    if (!strcmp(partition, args.save) || !strcmp(partition, args.restore))
        hyp_fail(VM_STATUS_CONFIG, "partition %s: in use, no VM can be saved to it", partition);
}

/* Every module is a slot of its own, backed by its partition and read on first touch (D7). */
static void add_modules(struct load_module *out)
{
    u64 at = MODULE_BASE;

    for (unsigned i = 0; i < args.modules; i++) {
        struct hyp_module *m = &args.module[i];
        struct store *s = store_open(m->partition, m->bytes);
        u64 pages = (s->bytes + PAGE_MASK) >> PAGE_SHIFT;
        enum slot_error error = slot_add(vm, s->name, gpa_gfn((gpa_t){at}), pages, s);

        if (error == SLOT_NO_MEMORY)
            hyp_fail(VM_STATUS_MACHINE, "no memory for the page states of module %s (%lu pages)", s->name,
                     pages);
        if (error)
            hyp_fail(VM_STATUS_CONFIG, "module %s: %lu bytes do not fit into the guest's address space",
                     s->name, s->bytes);
        keep_apart(s->name);
        out[i] = (struct load_module){.at = {at}, .bytes = s->bytes, .cmdline = m->cmdline};
        con_host("module '%s': %lu bytes at gpa 0x%lx, read when touched", m->cmdline, s->bytes, at);
        at += ROUND_UP(s->bytes, MODULE_ALIGN);
    }
}

static void check_swap(const struct store *swap)
{
    if (swap->bytes < vm->pager.swap_used)
        hyp_fail(VM_STATUS_CONFIG, "partition swap: %lu MiB, but the guest's memory and modules need %lu",
                 (swap->bytes / MiB), (vm->pager.swap_used / MiB));
}

static void make_apic_page(void)
{
    if (!apic_page_make(vm))
        hyp_fail(VM_STATUS_MACHINE, "no memory for the page of the local APICs");
    apic_move_init(vm);
}

static void make_empty_vm(void)
{
    vm = vm_create(0, &args.vm, store_open("swap", 0));
    if (!vm)
        hyp_fail(VM_STATUS_MACHINE, "resident=%lu MiB: the machine has not that much free memory",
                 (args.vm.resident / MiB));
    if (args.save[0])
        save_offer(vm, store_open(args.save, 0));
    keep_apart("swap");
}

static void restore_failed(const char *partition, enum restore_error e)
{
    enum vm_status status = e == RESTORE_STORE       ? VM_STATUS_STORE_ERROR
                            : e == RESTORE_NO_MEMORY ? VM_STATUS_MACHINE
                                                     : VM_STATUS_CONFIG;

    hyp_fail(status, "partition %s: %s", partition, restore_strerror(e));
}

static struct store *open_source(const struct saved_slot *s)
{
    keep_apart(s->source);
    return store_open(s->source, s->source_bytes);
}

/* The VM that was saved to that partition, with its modules' partitions where they are now. */
static void restore(const char *partition)
{
    static struct saved_header h;
    struct store *from = store_open(partition, 0), *source[SLOTS] = {NULL};
    unsigned place;
    enum restore_error e = restore_find(from, &h, &place);

    if (e)
        restore_failed(partition, e);
    args.vm.memory = h.memory;
    args.vm.vcpus = h.vcpus;
    args.vm.apf = (enum fl_personality)h.apf;
    args.vm.pv_hidden = h.pv_hidden;
    args.vm.pv_lax = h.pv_lax;
    args.vm.hook = h.hook;
    make_empty_vm();
    for (unsigned i = 0; i < h.slots; i++)
        if (h.slot[i].source[0])
            source[i] = open_source(&h.slot[i]);
    e = restore_vm(vm, from, &h, place, source);
    if (e)
        restore_failed(partition, e);
    make_apic_page();
    check_swap(vm->pager.swap);
    con_host("vm0: restored from partition %s", partition);
}

static void make_vm(const struct boot_info *b)
{
    const struct boot_module *image = &b->module[0];
    const char *cmdline = image->cmdline[0] ? image->cmdline : args.guest;
    struct load_module modules[ARG_TEXTS_MAX];
    enum load_error error;

    make_empty_vm();
    if (slot_add(vm, "memory", (gfn_t){0}, args.vm.memory / PAGE_SIZE, NULL))
        hyp_fail(VM_STATUS_MACHINE, "no memory for the page states of %lu MiB of guest memory",
                 (args.vm.memory / MiB));
    add_modules(modules);
    if (args.vm.hook && !hook_make(vm))
        hyp_fail(VM_STATUS_MACHINE, "no memory for the test hook");
    make_apic_page();
    check_swap(vm->pager.swap);
    error = load_guest(vm, (const void *)(uintptr_t)image->start, image->end - image->start, cmdline, modules,
                       args.modules);
    if (error != LOAD_OK)
        hyp_fail(VM_STATUS_CONFIG, "guest image: %s", load_strerror(error));
}

/* The VM that has just been saved is gone; what was saved goes on (A3-60). */
static void go_on(void)
{
    vm_destroy(vm);
    restore(args.save);
    at_store(&vm->state, VM_RUNNING);
}

/* What each CPU does for the rest of its life. */
static void run(void)
{
    if (!hw_cpu_init())
        hyp_fail(VM_STATUS_MACHINE, "no memory for the host state of CPU %u", port_cpu());
    while (loop_run(vm), save_again(vm))
        percpu_meet(go_on);
    if (port_cpu() == 0) {
        u32 status = at_load(&vm->status);

        uart_flush(vm);
        apic_move_report(vm);
        con_host("faultline: vm %u: exit status %u (%s)", vm->id, status, vm_status_name(status));
        stop_machine(status);
    }
    for (;;)
        port_idle();
}

void launch(const struct boot_info *b, const struct hyp_args *given)
{
    args = *given;
    if (args.restore[0] && b->modules)
        hyp_fail(VM_STATUS_CONFIG, "restore=%s: there is no place for a guest image beside it", args.restore);
    if (!args.restore[0] && !b->modules)
        hyp_fail(VM_STATUS_CONFIG, "no guest: give its ELF image as the first boot module");
    if (args.restore[0])
        restore(args.restore);
    else
        make_vm(b);
    con_host("vm0: %u vcpus on %u CPUs, %lu MiB of memory of which %lu MiB may be resident", vm->vcpus,
             port_cpu_count(), (args.vm.memory / MiB), (args.vm.resident / MiB));
    if (!args.restore[0])
        vcpu_set_state(vm->vcpu[0], VCPU_RUNNABLE);
    at_store(&vm->state, VM_RUNNING);
    percpu_go(run);
    __builtin_unreachable();
}
