#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_layers.py: each file includes only what its layer may know, and each header can be understood alone.

import os
import re
import subprocess

import layers
import lint

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)
ARCH_WORDS = re.compile(r"\b(__asm__|asm volatile|__builtin_ia32_(?!pause)\w+)")
FLAGS = ["-fsyntax-only", "-x", "c", "-std=gnu11", "-ffreestanding", "-mgeneral-regs-only",
         "-Wall", "-Wextra", "-Wundef", "-Werror", "-Wno-unused"]


def breaches(path):
    allowed, system = layers.ROOMS[layers.room_of(path)]
    own = os.path.dirname(path)
    for kind, name in INCLUDE.findall(lint.read(path)):
        if kind == "<":
            if system is not None and name not in system:
                yield f"{path}: includes <{name}>"
        elif (path, name) in layers.EXCEPTIONS:
            continue
        elif ".." in name or not any(os.path.exists(os.path.join(d, name)) for d in allowed + [own]):
            yield f"{path}: includes \"{name}\", which is in no layer below it"


def machine_words(path):
    """The portable rooms speak to the machine through port.h and karch.h only."""
    for word in ARCH_WORDS.findall(lint.read(path)):
        yield f"{path}: {word} in portable code"


def compile_alone(path):
    allowed, _ = layers.ROOMS[layers.room_of(path)]
    include = [f"-I{d}" for d in allowed + [os.path.dirname(path)]]
    probe = subprocess.run(["gcc", *FLAGS, *include, "-include", path, "-"],
                           input="", text=True, capture_output=True, check=False)
    if probe.returncode:
        errors = [line for line in probe.stderr.splitlines() if "error" in line]
        yield f"does not compile alone: {(errors or [path])[0]}"


def guarded(path):
    if "#pragma once" not in lint.read(path):
        yield f"{path}: no #pragma once"


def each(rule, paths):
    return [complaint for path in paths for complaint in rule(path)]


def main():
    inside = [f for f in lint.files(".c", ".h", ".S") if layers.room_of(f)]
    portable = [f for f in inside if f.startswith(("host/core/", "guest/kern/"))]
    headers = [f for f in inside if f.endswith(".h") and f not in layers.BODIES]
    bare = [f for f in headers if layers.ROOMS[layers.room_of(f)][1] is not None]
    tap = lint.Tap()
    tap.result("includes keep to the layers", each(breaches, inside))
    tap.result("no machine instruction in host/core and guest/kern", each(machine_words, portable))
    tap.result("every header compiles alone", each(compile_alone, bare))
    tap.result("every header is guarded", each(guarded, headers))
    tap.end()


main()
