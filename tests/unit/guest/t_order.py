#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_order.py: what the order of instructions in the built guest must be, whatever the compiler made of the source.
#
# A path is followed through all jumps of the disassembled image; calls are steps of it and are not followed.

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests/lint"))
import lint

IMAGE = f"build/{os.environ.get('LIBC') or 'newlib'}/guest-hello.link"
LINE = re.compile(r"^ +([0-9a-f]+):\t(\S+) *(.*)$")
NAME = re.compile(r"^([0-9a-f]+) <(\S+)>:$")
TARGET = re.compile(r"^([0-9a-f]+) <([^+>]+)(\+0x[0-9a-f]+)?>")
SAVES = {"cld", "push", "mov"}
STORE_ZERO = re.compile(r"\$0x0,(0x[0-9a-f]+)?\(%r")
LAYOUT = '#include "percpu.h"\nconst u64 at[] = {offsetof(struct percpu, apf_slot), offsetof(struct percpu, eoi)};\n'


class Insn:
    def __init__(self, at, op, args):
        self.at, self.op, self.args = at, op, args
        target = TARGET.match(args) if op == "call" or op.startswith("j") else None
        self.to = int(target[1], 16) if target else None
        self.name = target[2] if target and not target[3] else None

    def __str__(self):
        return f"{self.at:x}: {self.op} {self.args}".rstrip()

    def calls(self, *names):
        """A call of one of them; a jump to the start of a function is one too."""
        return self.name in names and (self.op == "call" or self.op == "jmp")


class Image:
    def __init__(self, path):
        self.insns, self.start, self.after = {}, {}, {}
        last = None
        dump = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], capture_output=True, text=True, check=True)
        for line in dump.stdout.splitlines():
            if name := NAME.match(line):
                self.start[name[2]] = int(name[1], 16)
            elif found := LINE.match(line):
                insn = Insn(int(found[1], 16), found[2], found[3].split("#")[0].strip())
                self.insns[insn.at] = insn
                if last:
                    self.after[last.at] = insn.at
                last = insn

    def at(self, name):
        return self.insns[self.start[name]]

    def next(self, insn):
        """What may come after it within the function; another function that is jumped to is its end."""
        within = insn.to if insn.op != "call" and not (insn.op == "jmp" and insn.name and ".cold" not in insn.name) \
            else None
        if within is not None:
            yield self.insns[within]
        if insn.op not in ("jmp", "ret", "iretq", "ud2") and insn.at in self.after:
            yield self.insns[self.after[insn.at]]

    def until(self, first, stop):
        """All that can be reached from `first`, itself included, without going on from where stop() is true."""
        seen, todo = {}, [first]
        while todo:
            insn = todo.pop()
            if insn.at in seen:
                continue
            seen[insn.at] = insn
            if not stop(insn):
                todo += self.next(insn)
        return [seen[a] for a in sorted(seen)]

    def function(self, name):
        return self.until(self.at(name), lambda i: False)


def layout():
    """Where in struct percpu the slot and the end-of-interrupt word lie, as the compiler says."""
    asm = subprocess.run(["gcc", "-S", "-o", "-", "-x", "c", "-Icommon", "-Iguest/kern", "-"], input=LAYOUT, text=True,
                         capture_output=True, check=True)
    slot, eoi = (int(v) for v in re.findall(r"\.quad\s+(\d+)", asm.stdout))
    return slot, eoi


def leaves(insn):
    return insn.op in ("call", "sti", "wrmsr", "int3", "iretq") or insn.op == "jmp" and insn.name is not None


def frees_slot(slot):
    words = {hex(slot), hex(slot + 4)}
    return lambda i: i.op == "movl" and (m := STORE_ZERO.match(i.args)) and m[1] in words


def clear_before_acknowledge(image, slot):
    """After what a ready event does, no way leads to WRMSR but past the store that frees the slot."""
    frees = frees_slot(slot)
    acts = [i for i in image.function("irq_apf") if i.calls("apf_ready", "apf_wake_cpu")]
    if len(acts) < 2:
        yield "irq_apf() does not call both apf_ready() and apf_wake_cpu()"
    for act in acts:
        for insn in image.until(image.insns[image.after[act.at]], frees):
            if leaves(insn):
                yield f"from {act}: slot not free at {insn}"
    if not any(i.op == "wrmsr" for i in image.function("karch_pv_write")):
        yield "karch_pv_write() does not write an MSR"


def entry_saves_only(image):
    """From the gate to C nothing but registers saved on the stack."""
    path = image.until(image.at("enter_page_fault"), lambda i: i.op == "call")
    if path[-1].name != "trap_page_fault":
        yield f"the entry goes to {path[-1]}"
    for insn in path[:-1]:
        if insn.op not in SAVES or insn.op == "mov" and insn.args != "%rsp,%rdi":
            yield f"before C: {insn}"


def cr2_first(image):
    """CR2 before the first call, and that is of what reads the marker."""
    before = image.until(image.at("trap_page_fault"), lambda i: "%cr2" in i.args)
    if not any("%cr2" in i.args for i in before):
        yield "CR2 is not read"
    for insn in before:
        if leaves(insn):
            yield f"before CR2 is read: {insn}"
    for insn in image.until(image.at("trap_page_fault"), leaves):
        if leaves(insn) and not insn.calls("pvapf_take_marker"):
            yield f"after CR2, before the marker: {insn}"


def marker_at_once(image, slot):
    """The marker is read and cleared by a function that does nothing else which could fault or let anything in."""
    taking = image.function("pvapf_take_marker")
    yield from (f"while the marker is taken: {i}" for i in taking if leaves(i))
    if not any(i.op == "mov" and i.args.startswith(f"{hex(slot)}(%rdi)") for i in taking):
        yield "the marker is not read"
    if not any(frees_slot(slot)(i) for i in taking):
        yield "the marker is not cleared"


def wait_is_one_window(image):
    """STI, HLT: no instruction between, so that an interrupt ends the HLT."""
    ops = []
    insn = image.at("karch_wait")
    while insn.op != "ret":
        ops.append(insn.op)
        insn = image.insns[image.after[insn.at]]
    if ops != ["sti", "hlt", "cli"]:
        yield f"karch_wait() is {', '.join(ops)}"


def eoi_by_one_instruction(image, eoi):
    """One unlocked test-and-clear of the word; where it was set nothing is written to the local APIC."""
    body = image.function("apic_eoi")
    word = [i for i in body if f"{hex(eoi)}(%r" in i.args]
    if [i.op for i in word] != ["btrl"] or not word[0].args.startswith("$0x0,"):
        yield f"the word is touched by: {'; '.join(map(str, word)) or 'nothing'}"
        return
    jump = image.insns[image.after[word[0].at]]
    if jump.op not in ("jb", "jae"):
        yield f"the old value is not looked at: {jump}"
        return
    skip = image.insns[jump.to if jump.op == "jb" else image.after[jump.at]]
    for insn in image.until(skip, lambda i: False):
        if insn.op == "wrmsr" or insn.op.startswith("mov") and insn.args.endswith((")", "0xfee000b0")):
            yield f"though no end is needed: {insn}"
    for insn in image.until(image.at("apic_eoi"), lambda i: i is word[0]):
        if insn.op == "wrmsr":
            yield f"without a look at the word: {insn}"


def main():
    os.chdir(ROOT)
    tap = lint.Tap()
    if not os.path.exists(IMAGE):
        tap.skip("the guest's instructions", f"no {IMAGE}")
        tap.end()
    image, (slot, eoi) = Image(IMAGE), layout()
    tap.result("T-A-147 (A4-27): the slot is free before the acknowledging WRMSR",
               clear_before_acknowledge(image, slot))
    tap.result("T-A-148 (A4-10): the page-fault entry only saves registers", entry_saves_only(image))
    tap.result("T-A-148 (A4-10): CR2, then the marker, before any call or STI", cr2_first(image))
    tap.result("T-A-148 (A4-10): the marker is taken without calls", marker_at_once(image, slot))
    tap.result("T-A-145 (A4-31): a CPU waits by STI; HLT", wait_is_one_window(image))
    tap.result("A7-7: an interrupt ends by one unlocked test-and-clear", eoi_by_one_instruction(image, eoi))
    tap.end()


main()
