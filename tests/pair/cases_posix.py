# SPDX-License-Identifier: BSD-2-Clause
# cases_posix.py: POSIX as programs see it, with both C libraries: tests/pair/guest/posix.

import checks
import machine
from case import Case

DATE, DATE_S = "2031-05-06T07:08:09", 1935817689
LIMIT = 120
ARGS = (r"""argv0=posix "two words" 'a\b' it\'s "q\"q" env.COLOUR='light blue' x=%20 """
        f"from={DATE_S} to={DATE_S + LIMIT}")
ABORT = 0x5E

# What `posix end=HOW` ends with: its exit status, and the console's last words.
AT_EXIT = "end: registered second$", "end: registered first$", "end: destructor, constructed 1$"
AT_ABORT = r"abort: thread {}: abort\(\)$"
ENDS = {
    "exit": (8, AT_EXIT),
    "exit-thread": (9, AT_EXIT),
    "exit-read": (8, ("end: not flushed before", *AT_EXIT)),
    "pthread": (0, (r"end: a thread outlives main\(\)$", *AT_EXIT)),
    "_exit": (7, ()),
    "quick": (6, ("end: quick$",)),
    "abort": (ABORT, ("end: saved$", "end: signal 6$", AT_ABORT.format(r"0 \(main\)"))),
    "abort-thread": (ABORT, (AT_ABORT.format(r"\d+"),)),
    "assert": (ABORT, (r"how\[0\] == 'b' && \"beginning\".*ends\.c.*, line \d+", AT_ABORT.format(r"0 \(main\)"))),
    "signal": (ABORT, (r"abort: thread 0 \(main\): signal 15: Terminated$",)),
}


def checked(name, libc, **more):
    return Case(f"posix-{name}-{libc}", guest="posix", libc=libc, args=ARGS, limit=LIMIT,
                extra=("-rtc", f"base={DATE}"), say=(r"posix: \d+ checks, 0 bad$", "the date is 2031-05-06"),
                never=("not ok ",), **more)


def ended(how, libc):
    status, words = ENDS[how]
    return Case(f"posix-end-{how}-{libc}", guest="posix", libc=libc, args=f"end={how}", status=(status,), say=words,
                never=() if AT_EXIT[0] in words else AT_EXIT)


CASES = []
for library in machine.LIBCS:
    CASES += [
        checked("int", library, host="mem=24M resident=2M apf=int",
                checks=(checks.at_least(evictions=10, not_present=5),)),
        checked("none", library, host="mem=24M resident=24M apf=none"),
        checked("alone", library, boot="pvh"),
        *[ended(how, library) for how in ENDS],
    ]
