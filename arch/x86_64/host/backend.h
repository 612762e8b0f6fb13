/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backend.h: the virtualisation extensions behind hw.h: which one this machine has, and svm_NAME() and vmx_NAME()
 * for each hw_NAME().
 */
#pragma once
#include "hw.h"

#define HW(type, name, parameters, arguments) \
    type svm_##name parameters;               \
    type vmx_##name parameters;
#include "hw_calls.def"
#undef HW

/*
 * Once, on the CPU that booted: choose the extension and make what all its guests share. If guests cannot run here,
 * false, and *why says what is missing, as a clause.
 */
bool hw_setup(const char **why) must_check;
/* On each CPU, when its GS base and task register have their final values. False: no memory. */
bool hw_cpu_init(void) must_check;
/* After hw_setup(): "SVM" or "VMX". */
const char *hw_name(void);
