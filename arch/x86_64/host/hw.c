/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hw.c: hand each call of the core to the extension that this machine has.
 *
 * The host is linked as one program (LTO): the calls of the first one, SVM, are compiled into the paths they are on,
 * for a comparison and a branch each.
 */
#include "backend.h"
#include "svm_cpu.h"
#include "vmx_cpu.h"
#include "lib/str.h"

static bool use_vmx;

#define HW(type, name, parameters, arguments) \
    type hw_##name parameters                 \
    {                                         \
        if (__builtin_expect(use_vmx, 0))     \
            return vmx_##name arguments;      \
        return svm_##name arguments;          \
    }
#include "hw_calls.def"

u32 apicv_part(const char *name, size_t length)
{
    static const struct {
        const char *name;
        u32 part;
    } parts[] = {{"tpr", APICV_TPR},   {"access", APICV_ACCESS}, {"regs", APICV_REGS},
                 {"intr", APICV_INTR}, {"all", APICV_ALL},       {"none", 0}};

    for (unsigned i = 0; i < ARRAY_SIZE(parts); i++)
        if (strlen(parts[i].name) == length && !memcmp(parts[i].name, name, length))
            return parts[i].part;
    return APICV_UNKNOWN;
}

bool hw_setup(u32 apicv, const char **why)
{
    use_vmx = !svm_exists() && vmx_exists();
    if (use_vmx) {
        if (!vmx_supported(why))
            return false;
        vmx_setup(apicv);
    } else {
        if (!svm_supported(why))
            return false;
        svm_setup();
    }
    return true;
}

bool hw_cpu_init(void)
{
    if (!use_vmx)
        return svm_cpu_init();
    vmx_cpu_init();
    return true;
}

bool hw_kick_nmi(void)
{
    return !use_vmx && svm.kick_nmi;
}

const char *hw_describe(void)
{
    return use_vmx ? vmx_describe() : svm_describe();
}
