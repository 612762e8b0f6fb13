/* SPDX-License-Identifier: BSD-2-Clause */
/* launch.c: make the VM that the arguments describe, run it, report how it ended. */
#include "launch.h"
#include "args.h"
#include "con.h"
#include "fail.h"
#include "hook.h"
#include "load.h"
#include "loop.h"
#include "percpu.h"
#include "port.h"
#include "stop.h"
#include "store_nvme.h"
#include "svm_cpu.h"

#define MODULE_BASE  (4 * GiB) /* above whatever a PC has below 4 GiB */
#define MODULE_ALIGN (2 * MiB)

static struct hyp_args args;
static struct vm *vm;

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
        out[i] = (struct load_module){.at = {at}, .bytes = s->bytes, .cmdline = m->cmdline};
        con_host("module '%s': %lu bytes at gpa 0x%lx, read when touched", m->cmdline, s->bytes, at);
        at += ROUND_UP(s->bytes, MODULE_ALIGN);
    }
}

static void make_vm(const struct boot_info *b)
{
    const struct boot_module *image = &b->module[0];
    const char *cmdline = image->cmdline[0] ? image->cmdline : args.guest;
    struct load_module modules[ARG_TEXTS_MAX];
    struct store *swap = store_open("swap", 0);
    enum load_error error;

    vm = vm_create(0, &args.vm, swap);
    if (!vm)
        hyp_fail(VM_STATUS_MACHINE, "resident=%lu MiB: the machine has not that much free memory",
                 (args.vm.resident / MiB));
    if (slot_add(vm, "memory", (gfn_t){0}, args.vm.memory / PAGE_SIZE, NULL))
        hyp_fail(VM_STATUS_MACHINE, "no memory for the page states of %lu MiB of guest memory",
                 (args.vm.memory / MiB));
    add_modules(modules);
    if (args.vm.hook && !hook_make(vm))
        hyp_fail(VM_STATUS_MACHINE, "no memory for the test hook");
    if (swap->bytes < vm->pager.swap_used)
        hyp_fail(VM_STATUS_CONFIG, "partition swap: %lu MiB, but the guest's memory and modules need %lu",
                 (swap->bytes / MiB), (vm->pager.swap_used / MiB));
    error = load_guest(vm, (const void *)(uintptr_t)image->start, image->end - image->start, cmdline, modules,
                       args.modules);
    if (error != LOAD_OK)
        hyp_fail(VM_STATUS_CONFIG, "guest image: %s", load_strerror(error));
}

/* What each CPU does for the rest of its life. */
static void run(void)
{
    if (!svm_cpu_init())
        hyp_fail(VM_STATUS_MACHINE, "no memory for the host state of CPU %u", port_cpu());
    loop_run(vm);
    if (port_cpu() == 0) {
        u32 status = at_load(&vm->status);

        uart_flush(vm);
        con_host("faultline: vm %u: exit status %u (%s)", vm->id, status, vm_status_name(status));
        stop_machine(status);
    }
    for (;;)
        port_idle();
}

void launch(const struct boot_info *b)
{
    hyp_args_read(b->cmdline, &args);
    if (!b->modules)
        hyp_fail(VM_STATUS_CONFIG, "no guest: give its ELF image as the first boot module");
    make_vm(b);
    con_host("vm0: %u vcpus on %u CPUs, %lu MiB of memory of which %lu MiB may be resident", vm->vcpus,
             port_cpu_count(), (args.vm.memory / MiB), (args.vm.resident / MiB));
    vcpu_set_state(vm->vcpu[0], VCPU_RUNNABLE);
    at_store(&vm->state, VM_RUNNING);
    percpu_go(run);
    __builtin_unreachable();
}
