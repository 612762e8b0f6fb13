/* SPDX-License-Identifier: BSD-2-Clause */
/* hw.c: hand each call of the core to the extension that this machine has. */
#include "backend.h"
#include "svm_cpu.h"

/* The host is linked as one program (LTO): the calls are compiled into the paths they are on. */
#define HW(type, name, parameters, arguments) \
    type hw_##name parameters                 \
    {                                         \
        return svm_##name arguments;          \
    }
#include "hw_calls.def"

bool hw_setup(const char **why)
{
    if (!svm_supported(why))
        return false;
    svm_setup();
    return true;
}

bool hw_cpu_init(void)
{
    return svm_cpu_init();
}
