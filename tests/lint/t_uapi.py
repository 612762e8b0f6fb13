#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_uapi.py: our headers and Linux's, where it is installed, mean the same bytes, and get along in one file.

import subprocess

import abi
import lint

LINUX = "#include <errno.h>\n#include <linux/kvm_para.h>\n"
CC, CXX = ["gcc", "-std=gnu11"], ["g++", "-std=gnu++17"]
STRICT = ["-Wall", "-Wextra", "-Wundef", "-Werror", "-Icommon"]
# What begins like this is KVM's, and is compared …
KVMS = ("KVM_FEATURE_", "KVM_HINT_", "PV_MSR_", "PV_HC_", "PV_E")
# … but for what Linux has no name for.
UNNAMED = {"PV_MSR_FIRST", "PV_MSR_LAST", "PV_MSR_APF_PF2", "PV_EOI_RSVD"}

# Ours = Linux's, by what they are about.
GROUPS = {
    "CPUID leaves": {"KVM_CPUID_BASE": "KVM_CPUID_SIGNATURE", "KVM_CPUID_FEATURES": "KVM_CPUID_FEATURES"},
    "feature bits": {
        "KVM_FEATURE_CLOCK_OLD": "KVM_FEATURE_CLOCKSOURCE", "KVM_FEATURE_NOP_IO": "KVM_FEATURE_NOP_IO_DELAY",
        "KVM_FEATURE_CLOCK": "KVM_FEATURE_CLOCKSOURCE2", "KVM_FEATURE_APF": "KVM_FEATURE_ASYNC_PF",
        "KVM_FEATURE_STEAL": "KVM_FEATURE_STEAL_TIME", "KVM_FEATURE_EOI": "KVM_FEATURE_PV_EOI",
        "KVM_FEATURE_KICK": "KVM_FEATURE_PV_UNHALT", "KVM_FEATURE_TLB_FLUSH": "KVM_FEATURE_PV_TLB_FLUSH",
        "KVM_FEATURE_APF_VMEXIT": "KVM_FEATURE_ASYNC_PF_VMEXIT", "KVM_FEATURE_IPI": "KVM_FEATURE_PV_SEND_IPI",
        "KVM_FEATURE_POLL": "KVM_FEATURE_POLL_CONTROL", "KVM_FEATURE_YIELD": "KVM_FEATURE_PV_SCHED_YIELD",
        "KVM_FEATURE_APF_INT": "KVM_FEATURE_ASYNC_PF_INT",
        "KVM_FEATURE_CLOCK_STABLE": "KVM_FEATURE_CLOCKSOURCE_STABLE_BIT", "KVM_HINT_REALTIME": "KVM_HINTS_REALTIME"},
    "MSR numbers": {
        "PV_MSR_WALL_CLOCK_OLD": "MSR_KVM_WALL_CLOCK", "PV_MSR_SYSTEM_TIME_OLD": "MSR_KVM_SYSTEM_TIME",
        "PV_MSR_WALL_CLOCK": "MSR_KVM_WALL_CLOCK_NEW", "PV_MSR_SYSTEM_TIME": "MSR_KVM_SYSTEM_TIME_NEW",
        "PV_MSR_APF_EN": "MSR_KVM_ASYNC_PF_EN", "PV_MSR_STEAL": "MSR_KVM_STEAL_TIME",
        "PV_MSR_EOI": "MSR_KVM_PV_EOI_EN", "PV_MSR_POLL": "MSR_KVM_POLL_CONTROL",
        "PV_MSR_APF_VEC": "MSR_KVM_ASYNC_PF_INT", "PV_MSR_APF_ACK": "MSR_KVM_ASYNC_PF_ACK"},
    "MSR bits": {
        "APF_EN_ON": "KVM_ASYNC_PF_ENABLED", "APF_EN_ALWAYS": "KVM_ASYNC_PF_SEND_ALWAYS",
        "APF_EN_VMEXIT": "KVM_ASYNC_PF_DELIVERY_AS_PF_VMEXIT", "APF_EN_INT": "KVM_ASYNC_PF_DELIVERY_AS_INT",
        "PV_CLOCK_ON": "KVM_MSR_ENABLED", "PV_STEAL_ON": "KVM_MSR_ENABLED",
        "PV_STEAL_RSVD": "KVM_STEAL_RESERVED_MASK", "PV_EOI_ON": "KVM_MSR_ENABLED",
        "PV_EOI_SKIP": "KVM_PV_EOI_MASK"},
    "the slot": {
        "APF_REASON_NOT_PRESENT": "KVM_PV_REASON_PAGE_NOT_PRESENT", "APF_REASON_READY": "KVM_PV_REASON_PAGE_READY",
        "APF_FLAG_NOT_PRESENT": "KVM_PV_REASON_PAGE_NOT_PRESENT",
        "__builtin_offsetof(struct apf_slot, word0)": "__builtin_offsetof(struct kvm_vcpu_pv_apf_data, flags)",
        "__builtin_offsetof(struct apf_slot, token)": "__builtin_offsetof(struct kvm_vcpu_pv_apf_data, token)",
        "__builtin_offsetof(struct apf_slot, pad)": "__builtin_offsetof(struct kvm_vcpu_pv_apf_data, pad)",
        "sizeof(struct apf_slot)": "__builtin_offsetof(struct kvm_vcpu_pv_apf_data, pad) + "
                                   "sizeof(((struct kvm_vcpu_pv_apf_data *)0)->pad)"},  # A3-4: `enabled` is behind it
    "steal time": {
        "sizeof(struct pv_steal)": "sizeof(struct kvm_steal_time)",
        "PV_STEAL_PREEMPTED": "KVM_VCPU_PREEMPTED", "PV_STEAL_FLUSH": "KVM_VCPU_FLUSH_TLB",
        **{f"__builtin_offsetof(struct pv_steal, {m})": f"__builtin_offsetof(struct kvm_steal_time, {m})"
           for m in ("steal", "version", "flags", "preempted")}},
    "hypercalls": {
        "PV_HC_KICK": "KVM_HC_KICK_CPU", "PV_HC_IPI": "KVM_HC_SEND_IPI", "PV_HC_YIELD": "KVM_HC_SCHED_YIELD"},
    # Linux gives some of them names of KVM's own; its ENOSYS is not KVM's.
    "errors": {e: "KVM_ENOSYS" if e == "PV_ENOSYS" else e[len("PV_"):]
               for e in abi.constants("common/abi/kvm_hypercall.h") if e.startswith("PV_E")},
}


def linux_names():
    """The macros that Linux's headers here define; empty: there are none."""
    probe = subprocess.run([*CC, "-dM", "-E", "-"], input=LINUX, capture_output=True, text=True, check=False)
    return {line.split()[1] for line in probe.stdout.splitlines()} if probe.returncode == 0 else set()


def compare(tap, title, pairs, known):
    """Names that this Linux's headers are too old for are left out, and said."""
    here = {ours: theirs for ours, theirs in pairs.items() if not theirs.isidentifier() or theirs in known}
    absent = [theirs for ours, theirs in pairs.items() if ours not in here]
    name = f"{title}: {len(here)} as Linux has them" + (f", without {', '.join(absent)}" if absent else "")
    if not here:
        tap.skip(name, "these headers have none of them")
        return
    ours, wrong = abi.compiled([*CC, *STRICT], ".c", abi.in_c(abi.includes(abi.headers()), here))
    theirs, wrong_too = abi.compiled([*CC, *STRICT], ".c", abi.in_c(LINUX, here.values()))
    tap.result(name, wrong or wrong_too or abi.differences(list(here), ours, theirs))


def together():
    """Both in one file, in either order: neither may take a name that the other gives another meaning."""
    ours = abi.includes(abi.headers())
    for command, suffix in ((CC, ".c"), (CXX, ".cc")):
        for both in (ours + LINUX, LINUX + ours):
            yield from abi.compiled([*command, *STRICT], suffix, abi.in_c(both, ["1"]))[1]


def left_out():
    compared = {ours for pairs in GROUPS.values() for ours in pairs} | UNNAMED
    for header in abi.headers():
        for name in abi.constants(header):
            if name.startswith(KVMS) and name not in compared:
                yield f"{header}: {name} is not compared with Linux's"


def main():
    known, tap = linux_names(), lint.Tap()
    if not known:
        for title in ["together in one file", *GROUPS]:
            tap.skip(title, "no linux/kvm_para.h")
        tap.end()
    tap.result("our headers and Linux's in one file, in either order", together())
    tap.result("all that is KVM's is compared", left_out())
    for title, pairs in GROUPS.items():
        compare(tap, title, pairs, known)
    tap.end()


main()
