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

static bool use_vmx;

#define HW(type, name, parameters, arguments) \
    type hw_##name parameters                 \
    {                                         \
        if (__builtin_expect(use_vmx, 0))     \
            return vmx_##name arguments;      \
        return svm_##name arguments;          \
    }
#include "hw_calls.def"

bool hw_setup(const char **why)
{
    use_vmx = !svm_exists() && vmx_exists();
    if (use_vmx) {
        if (!vmx_supported(why))
            return false;
        vmx_setup();
    } else {
        if (!svm_supported(why))
            return false;
        svm_setup();
    }
    return true;
}

bool hw_cpu_init(void)
{
    return use_vmx ? vmx_cpu_init() : svm_cpu_init();
}

const char *hw_name(void)
{
    return use_vmx ? "VMX" : "SVM";
}
