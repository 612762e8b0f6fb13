# SPDX-License-Identifier: BSD-2-Clause
# tap.py: what the tests of this folder print: a TAP line and its complaints; and what is wrong with an answer.

import re

SHOWN = 30  # lines of a wrong answer


class Tap:
    def __init__(self):
        self.number = self.failed = 0

    def result(self, name, complaints=(), skip=None):
        self.number += 1
        self.failed += bool(complaints)
        print(f"{'not ' if complaints else ''}ok {self.number} - {name}{f' # SKIP {skip}' if skip else ''}", flush=True)
        for complaint in complaints:
            print("\n".join(f"# {line}" for line in str(complaint).splitlines()), flush=True)

    def end(self):
        """The plan; returns the exit status."""
        print(f"1..{self.number}")
        return 1 if self.failed else 0


def wrong(got, status, says, never=()):
    """Complaints about (status, text): another status, patterns that the text lacks, and ones it must not have."""
    code, said = got
    found = [f"exit status {code}, expected {status}"] if code != status else []
    found += [f"does not say: {p}" for p in says if not re.search(p, said)]
    found += [f"says: {p}" for p in never if re.search(p, said)]
    return found + (said.splitlines()[-SHOWN:] if found else [])
