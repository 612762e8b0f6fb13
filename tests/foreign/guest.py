# SPDX-License-Identifier: BSD-2-Clause
# guest.py: what the tests of foreign programs share: a command's end and what it said; a program on our host.

import os
import subprocess


def run(command, text="", **env):
    done = subprocess.run(command, input=text, env=dict(os.environ, **env), text=True, errors="replace", check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def boot(program, *words, options=(), text=""):
    return run(["images/boot", "--timeout", "300", *options, program, *words], text)
