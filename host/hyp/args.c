/* SPDX-License-Identifier: BSD-2-Clause */
/* args.c: the table of the host's arguments and their defaults. */
#include "args.h"
#include "backend.h"
#include "fail.h"
#include "lib/str.h"

#define MEMORY_MIN     (8 * MiB)
#define MEMORY_MAX     (3 * GiB) /* below the hole for devices */
#define RESIDENT_MIN   (1 * MiB)
#define IO_TIMEOUT_MIN 1000000ull
#define IO_TIMEOUT_MAX 3600000000000ull
#define NX_PERIOD_MAX  86400000000000ull
#define NOT_GIVEN      (~0ull)

/* In the order of enum fl_personality. */
static const char *const apf_names[] = {
    [FL_APF_NONE] = "none", [FL_APF_LEGACY] = "legacy", [FL_APF_PF2] = "pf2",
    [FL_APF_INT] = "int",   [FL_APF_DUAL] = "dual",     NULL,
};

/* In the order of enum nx_mode. */
static const char *const nx_names[] = {
    [NX_AUTO] = "auto", [NX_FORCE] = "force", [NX_OFF] = "off", [NX_NEVER] = "never", NULL,
};

static const char *const switch_names[] = {"off", "on", NULL};

/* Takes the part of t up to the next separator. */
static struct arg_text cut(struct arg_text *t, char separator)
{
    struct arg_text part = {t->at, 0};

    while (part.len < t->len && t->at[part.len] != separator)
        part.len++;
    t->at += MIN(part.len + 1, t->len);
    t->len -= MIN(part.len + 1, t->len);
    return part;
}

static bool keep(char *to, size_t size, struct arg_text t)
{
    if (t.len >= size)
        return false;
    memcpy(to, t.at, t.len);
    to[t.len] = 0;
    return true;
}

static void read_module(struct arg_text t, struct hyp_module *m)
{
    struct arg_text all = t, name = cut(&t, ':'), bytes = cut(&t, ':');

    m->bytes = 0;
    if (!name.len || !keep(m->partition, sizeof(m->partition), name))
        hyp_fail(VM_STATUS_CONFIG, "module=%.*s: expected PARTITION[:BYTES[:CMDLINE]]", (int)all.len, all.at);
    if (bytes.len && (!arg_size(bytes, &m->bytes) || !m->bytes))
        hyp_fail(VM_STATUS_CONFIG, "module=%.*s: '%.*s' is not a size", (int)all.len, all.at, (int)bytes.len,
                 bytes.at);
    if (!keep(m->cmdline, sizeof(m->cmdline), t))
        hyp_fail(VM_STATUS_CONFIG, "module=%s: its command line is too long", m->partition);
}

static void read_partition(const char *key, const struct arg_texts *t, char name[HYP_NAME_MAX])
{
    struct arg_text last = {NULL, 0};

    name[0] = 0;
    if (!t->count)
        return;
    last = t->text[t->count - 1];
    if (!last.len || !keep(name, HYP_NAME_MAX, last))
        hyp_fail(VM_STATUS_CONFIG, "%s=%.*s: expected the name of a partition", key, (int)last.len, last.at);
}

/* A list of parts, or `all`, or `none`. Without one, all that the machine gets right. */
static u32 read_apicv(const struct arg_texts *given)
{
    struct arg_text t;
    u32 parts = 0;

    if (!given->count)
        return APICV_ALL | APICV_SOUND;
    t = given->text[given->count - 1];
    while (t.len) {
        struct arg_text name = cut(&t, ',');
        u32 part = apicv_part(name.at, name.len);

        if (part == APICV_UNKNOWN)
            hyp_fail(VM_STATUS_CONFIG,
                     "apicv=%.*s: expected all, none, or some of " APICV_NAMES ", by commas", (int)name.len,
                     name.at);
        parts |= part;
    }
    return parts;
}

static u64 given(u64 value, u64 otherwise)
{
    return value == NOT_GIVEN ? otherwise : value;
}

void hyp_args_read(const char *line, struct hyp_args *out)
{
    u64 memory = NOT_GIVEN, vcpus = NOT_GIVEN, apf = NOT_GIVEN, hook = NOT_GIVEN, pv = NOT_GIVEN,
        enforce = NOT_GIVEN, nx = NX_AUTO, nx_ratio = NX_RATIO;
    struct arg_texts modules = {0}, save = {0}, restore = {0}, apicv = {0};
    char error[ARG_ERROR_BYTES];
    struct vm_config *vm = &out->vm;
    const struct arg_def defs[] = {
        {"mem", ARG_SIZE, MEMORY_MIN, MEMORY_MAX, .value = &memory},
        {"resident", ARG_SIZE, RESIDENT_MIN, MEMORY_MAX, .value = &vm->resident},
        {"vcpus", ARG_NUMBER, 1, VCPU_MAX, .value = &vcpus},
        {"apf", ARG_CHOICE, .names = apf_names, .value = &apf},
        {"iotimeout", ARG_DURATION, IO_TIMEOUT_MIN, IO_TIMEOUT_MAX, .value = &vm->io_timeout},
        {"iogiveup", ARG_DURATION, IO_TIMEOUT_MIN, IO_TIMEOUT_MAX, .value = &vm->io_give_up},
        {"nx", ARG_CHOICE, .names = nx_names, .value = &nx},
        {"nxratio", ARG_NUMBER, 0, UINT32_MAX, .value = &nx_ratio},
        {"nxperiod", ARG_DURATION, 0, NX_PERIOD_MAX, .value = &vm->nx_period},
        {"apic-move", ARG_NUMBER, 0, UINT32_MAX, .value = &vm->apic_moves},
        {"hook", ARG_CHOICE, .names = switch_names, .value = &hook},
        {"pv", ARG_NUMBER, 0, UINT32_MAX, .value = &pv},
        {"enforce", ARG_CHOICE, .names = switch_names, .value = &enforce},
        {"apicv", ARG_TEXT, .texts = &apicv},
        {"module", ARG_TEXT, .texts = &modules},
        {"save", ARG_TEXT, .texts = &save},
        {"restore", ARG_TEXT, .texts = &restore},
    };

    *vm = (struct vm_config){.resident = 24 * MiB, .io_timeout = 5000000000ull, .io_give_up = 30000000000ull};
    if (!args_read(line, defs, ARRAY_SIZE(defs), &out->guest, error))
        hyp_fail(VM_STATUS_CONFIG, "%s", error);
    if (vm->io_give_up < vm->io_timeout)
        vm->io_give_up = vm->io_timeout;
    read_partition("save", &save, out->save);
    read_partition("restore", &restore, out->restore);
    if (out->restore[0] && (memory & vcpus & apf & hook & pv & enforce) != NOT_GIVEN)
        hyp_fail(VM_STATUS_CONFIG,
                 "restore=%s: mem=, vcpus=, apf=, hook=, pv= and enforce= are those of the saved VM",
                 out->restore);
    if (out->restore[0] && modules.count)
        hyp_fail(VM_STATUS_CONFIG, "restore=%s: the modules are those of the saved VM", out->restore);
    vm->memory = given(memory, 64 * MiB);
    vm->vcpus = (unsigned)given(vcpus, 2);
    vm->apf = (enum fl_personality)given(apf, FL_APF_DUAL);
    vm->hook = given(hook, false);
    vm->pv_hidden = ~(u32)given(pv, UINT32_MAX);
    vm->pv_lax = !given(enforce, true);
    vm->nx = (enum nx_mode)nx;
    vm->nx_ratio = (u32)nx_ratio;
    out->apicv = read_apicv(&apicv);
    out->modules = modules.count;
    for (unsigned i = 0; i < modules.count; i++)
        read_module(modules.text[i], &out->module[i]);
}
