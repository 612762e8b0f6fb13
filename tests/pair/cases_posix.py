# SPDX-License-Identifier: BSD-2-Clause
# cases_posix.py: POSIX as programs see it, with both C libraries: tests/pair/guest/posix.

import checks
import machine
from case import Case

DATE, DATE_S = "2031-05-06T07:08:09", 1935817689
ARGS = (r"""argv0=posix "two words" 'a\b' it\'s "q\"q" env.COLOUR='light blue' x=%20 """
        f"from={DATE_S} to={DATE_S + 40}")
ABORT = 0x5E

# What `posix end=HOW` ends with: its exit status, and its console's last words.
LAST = "end: registered second$", "end: registered first$", "end: destructor, constructed 1$"
ENDS = {
    "exit": (8, LAST),
    "_exit": (7, ()),
    "quick": (6, ("end: quick$",)),
    "exit-thread": (9, LAST),
    "pthread": (0, ("end: a thread outlives main\\(\\)$", *LAST)),
    "abort": (ABORT, ("end: saved$", "end: signal 6$", r"abort: thread 0 \(main\): abort\(\)$")),
    "abort-thread": (ABORT, (r"abort: thread \d+: abort\(\)$",)),
    "assert": (ABORT, (r"how\[0\] == 'b' && \"beginning\".*ends\.c.*, line \d+", r"abort: thread 0 \(main\): abort\(\)$")),
    "signal": (ABORT, (r"abort: thread 0 \(main\): signal 15: Terminated$",)),
}
QUIET = {"_exit": LAST, "quick": LAST, "abort": LAST, "abort-thread": LAST, "assert": LAST, "signal": LAST}

CASES = [
    case for libc in machine.LIBCS for case in (
        *[Case(f"posix-{apf}-{libc}", guest="posix", libc=libc, args=ARGS, host=f"mem=24M resident={resident} apf={apf}",
               extra=("-rtc", f"base={DATE}"), say=(r"posix: \d+ checks, 0 bad$", "the date is 2031-05-06"),
               never=("not ok ",), checks=more, limit=120)
          for apf, resident, more in (("int", "2M", (checks.at_least(evictions=10, not_present=5),)), ("none", "24M", ()))],
        Case(f"posix-alone-{libc}", guest="posix", libc=libc, boot="pvh", args=ARGS, extra=("-rtc", f"base={DATE}"),
             say=(r"posix: \d+ checks, 0 bad$", "the date is 2031-05-06"), never=("not ok ",), limit=120),
        *[Case(f"posix-end-{how}-{libc}", guest="posix", libc=libc, args=f"end={how}", status=(status,), say=words,
               never=QUIET.get(how, ())) for how, (status, words) in ENDS.items()])
]
