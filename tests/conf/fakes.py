# SPDX-License-Identifier: BSD-2-Clause
# fakes.py: hosts that are shell scripts, in all the ways a host can be or go wrong, and what is to be said of each.

import dataclasses
import re

START = "KTAP version 1\n# conf: vcpus 2, hook no\n1..{}\n"
ONE = "# run A3-14.hole/int\nok 1 A3-14.hole/int a hole is refused\n"
BEGUN = "# run A3-15.pad/int\n"
TWO = f"{BEGUN}ok 2 A3-15.pad/int the pad is not touched\n"
BAD = f"{BEGUN}# expected: 0; seen: 0x7\nnot ok 2 A3-15.pad/int the pad is not touched\n"
SKIPPED = "ok 2 A3-15.pad/int the pad is not touched # SKIP no test hook\n"
END = "# end\n"
GOOD = START.format(2) + ONE + TWO + END


@dataclasses.dataclass
class Row:
    """What a host prints, what else it does in shell, and what the runner must say and return."""

    name: str
    prints: str
    status: int
    says: tuple = ()
    then: str = ""
    options: tuple = ()
    expected: str = None
    never: tuple = ()


def script(printed, then=""):
    text = printed.replace("'", "'\\''").replace("\n", "\\n")
    return ["sh", "-c", f"printf '%b' '{text}'; {then or ':'}"]


SAYS_OK = ("command: conforming: ",)
ENDLESS = "while :; do sleep 1; done"

ROWS = [
    Row("a host that is as it should be", GOOD, 0, ("3 ok, 0 not ok, 0 skip",)),
    Row("QEMU's way to end with status 0", GOOD, 0, SAYS_OK, "exit 1"),
    Row("a failed case is not conforming", START.format(2) + ONE + BAD + END, 1,
        (r"A3-15\.pad/int: not ok, which", r"expected: 0; seen: 0x7", "NOT CONFORMING"), "exit 1"),
    Row("QEMU's way to end with status 1", START.format(2) + ONE + BAD + END, 1, (r" 1 not ok",), "exit 3",
        never=("boot.end",)),
    Row("a host nothing is known of may skip", START.format(2) + ONE + SKIPPED + END, 0, ("1 skip",)),
    Row("a host that could be asked nothing", START.format(1) + SKIPPED.replace("ok 2", "ok 1") + END, 2,
        ("nothing could be asked: no test hook", "COULD NOT RUN")),
    Row("… of which that is known", START.format(1) + SKIPPED.replace("ok 2", "ok 1") + END, 0, SAYS_OK,
        expected="A3-15.* | skip | there is no hypervisor\n"),
    Row("… for no case has such a name", START.format(0) + END, 2, ("nothing could be asked: there is no such case",),
        options=("--only", "A9")),
    Row("why cases are skipped", START.format(2) + ONE + SKIPPED + END, 0, ("1 skipped: no test hook",)),
    Row("all cases well, and a status that says otherwise", GOOD, 1, (r"boot\.end.*\n.*status is 0.*exit code 3",),
        "exit 3"),
    Row("a failed case, and a status that says otherwise", START.format(2) + ONE + BAD + END, 1,
        (r"boot\.end.*\n.*status is 1.*exit code 0",)),
    Row("fewer results than planned", START.format(3) + ONE + TWO + END, 1,
        (r"boot\.end", "3 results planned, 2 seen")),
    Row("more results than planned", START.format(1) + ONE + TWO + END, 1, ("1 results planned, 2 seen",)),
    Row("no plan", GOOD.replace("1..2\n", ""), 1, ("no plan",)),
    Row("two plans", GOOD.replace("1..2\n", "1..2\n1..2\n"), 1, ("a second plan",)),
    Row("one name twice", START.format(2) + ONE + ONE.replace("ok 1", "ok 2") + END, 1, ("has two results",)),
    Row("a wrong number", START.format(2) + ONE + TWO.replace("ok 2", "ok 3") + END, 1, ("has number 3, 2 was due",)),
    Row("a result of another case than runs", START.format(1) + ONE.replace("run A3-14", "run A3-15") + END, 1,
        (r"a result of A3-14\.hole/int while A3-15\.hole/int was running",)),
    Row("a case that is left without a result", START.format(1) + "# run A0-1.x\n" + ONE + END, 1,
        (r"A0-1\.x has no result",)),
    Row("a result after the end", GOOD + "ok 3 A3-16.x late\n", 1, ("a result after the end",)),
    Row("an image that starts twice", START.format(2) + ONE + GOOD, 1, ("started again after 1 results",)),
    Row("an image that gives up half-way", START.format(2) + ONE + "Bail out! no more memory\n", 1,
        ("boot.end", "the image gave up: no more memory", "not run: 1 of 2")),
    Row("an image that gives up in a case", START.format(2) + ONE + BEGUN + "Bail out! no more memory\n# end\n", 1,
        (r"A3-15\.pad/int: not ok", "running when the image gave up: no more memory"), "exit 5",
        never=("planned", "not run", "status is")),
    Row("an image that ends in a case", START.format(2) + ONE + BEGUN + END, 1, (r"A3-15\.pad/int: not ok",)),
    Row("a host that prints nothing", "", 2, ("printed nothing and was stopped after 0.3 s", "COULD NOT RUN"),
        ENDLESS, ("--time-limit", "0.3")),
    Row("a host that ends at once", "", 2, ("printed nothing and ended with exit code 0",)),
    Row("a host that says why it cannot", "no such machine\n", 2,
        ("did not start the image and ended with exit code 5", "no such machine"), "exit 5"),
    Row("a host that says it on standard error", "", 2, ("no firmware",), "echo no firmware >&2; exit 5"),
    Row("an image that says that it cannot run", START.format(0) + "# no memory\n" + END, 2,
        ("cannot run on it: no memory",), "exit 2"),
    Row("the same by QEMU's exit code", START.format(0) + "# no memory\n" + END, 2,
        ("cannot run on it: no memory",), "exit 5"),
    Row("a bail-out before the first case", "KTAP version 1\nBail out! no serial port\n", 2, ("no serial port",)),
    Row("a hang in a case", START.format(3) + ONE + "# run A3-15.pad/int\n# half\n", 1,
        (r"A3-15\.pad/int: not ok", "running when the host was stopped after 0.3 s", "half", "not run: 1 of 3 cases"),
        ENDLESS, ("--time-limit", "0.3")),
    Row("a death in a case", START.format(3) + ONE + BEGUN, 1,
        (r"A3-15\.pad/int: not ok", r"A3-15\.pad/int was running when the host was killed by SIGKILL",
         "not run: 1 of 3"), "kill -9 $$"),
    Row("a death between cases", START.format(3) + ONE, 1,
        (r"after A3-14\.hole/int the host ended with exit code 1", "not run: 2 of 3"), "exit 1"),
    Row("a death before the first case", START.format(3), 1, ("before the first case", "not run: 3 of 3"), "exit 1"),
    Row("a host that cannot end with its guest", GOOD, 0, SAYS_OK, ENDLESS),
    Row("noise before, between and after", "\\033[2J\\033[=3h\\nSeaBIOS\\n" + START.format(2)
        + "[  1.5] kvm: hm\n" + ONE + "\\0377\\0000\\0200junk\\n" + TWO + END + "host| done\n", 0, SAYS_OK),
    Row("a loader's words on the first line", "Booting...\\033[mKTAP version 1" + GOOD[14:], 0, SAYS_OK),
    Row("lines with returns", GOOD.replace("\n", "\\r\n"), 0, SAYS_OK),
    Row("a host that marks its guest's lines", "host| up\n" + re.sub("^", "vm0| ", GOOD, flags=re.M)[:-5]
        + "hst| ok 3 A9-9.x no result\n", 0, ("3 ok",)),
    Row("a line torn by noise", GOOD.replace("ok 2 A3", "o[ 1.2] kvm\nk 2 A3"), 1, ("2 results planned, 1 seen",)),
    Row("control sequences before a result", START.format(2) + ONE.replace("ok 1", "\\033[0mok 1") + "# \\007\n"
        + TWO.replace("pad is", "pad\\033[1m is") + END, 0, SAYS_OK),
    Row("no newline at the end", GOOD[:-1], 0, SAYS_OK),
    Row("too much garbage", "", 2, ("printed more than 16 MiB",), "exec cat /dev/zero"),
    Row("a known difference", START.format(2) + ONE + BAD + END, 0, ("0 unexpected",), "exit 1",
        expected="A3-15.* | not ok | it keeps the pad\n"),
    Row("a known difference that no longer happens", GOOD, 1, (r"expected:2 expects `not ok`: it keeps the pad",),
        expected="A3-15.* | not ok | it keeps the pad\n"),
    Row("a known difference turned into a skip", START.format(2) + ONE + SKIPPED + END, 1, ("expects `not ok`",),
        expected="A3-15.* | not ok | it keeps the pad\n"),
    Row("a known host skips only what is known", START.format(2) + ONE + SKIPPED + END, 1, ("skip, which is no known",),
        expected="\n"),
    Row("a known skip", START.format(2) + ONE + SKIPPED + END, 0, ("1 skip; 0 unexpected",),
        expected="A3-15.* | skip | it has no hook\n"),
    Row("a known race: this time it fails", START.format(2) + ONE + BAD + END, 0, SAYS_OK, "exit 1",
        expected="A3-15.* | either | it is a race\n"),
    Row("… and this time it does not", GOOD, 0, SAYS_OK, expected="A3-14.* | either | it is a race\n"),
    Row("an entry that speaks of nothing", GOOD, 1, (r"expected:2 speaks of no result: A9-1\.x",),
        expected="A9-1.x | not ok | gone\n"),
    Row("… is no matter when only some cases run", GOOD, 0, SAYS_OK, options=("--only", "A3"),
        expected="A9-1.x | not ok | gone\n"),
    Row("… nor when it is about another boot", GOOD, 0, SAYS_OK, expected="A3-14.*@int | not ok | gone\n"),
    Row("the first entry that matches counts", START.format(2) + ONE + BAD + END, 1, ("expects `skip`",), "exit 1",
        expected="A3-15.* | skip | no hook\nA3-* | not ok | all\n"),
    Row("a bad line in the file", GOOD, 2, (r"expected:2: not `NAME",), expected="A3-15.* | fails | why\n"),
    Row("an entry without a reason", GOOD, 2, (r"expected:2: not `NAME",), expected="A3-15.* | skip |\n"),
]
