#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_sql.py: SQLite as a guest: it reads a module as this machine's sqlite3 does, it writes, it refuses in its own words.

import os
import re
import sqlite3
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "images"), os.path.join(ROOT, "tests/lint")]

import lint
import machine

FOLDER = "build/foreign"
DB, TEXT, IMAGE = f"{FOLDER}/small.db", f"{FOLDER}/text.db", f"{FOLDER}/write.img"
ROWS = 8000
LIMIT = "120"  # seconds for one boot
ODD = ["two\nlines", "back\\slash \\x41", "tab\tand\x01\x7f", "naïve – ☃", "x" * 700, None, 0.1, -1e300, 2**62, b"blob",
       ""]
PARTS = ("select id, text from row where id between :n * 500 + 1 and :n * 500 + 40; "
         "select count(*) from row where part = :n")
PHASE = re.compile(r"^vm0\| sql: +(\d+)  (on|off) +[\d.]+ +[\d.]+ +[\d.]+ +(\d+)", re.MULTILINE)
WRITE = {
    "db": "/write.db",
    "before": "pragma journal_mode = {}; drop table if exists t; create table t(a integer, b text unique)",
    "sql": "insert into t values(:n, hex(randomblob(200)))",
    "times": "200",
    "connections": "4",
    "after": "pragma integrity_check; select count(*), sum(a), count(distinct b) from t",
}


def make_databases():
    os.makedirs(FOLDER, exist_ok=True)
    if os.path.exists(DB):
        os.unlink(DB)
    db = sqlite3.connect(DB)
    db.execute("create table row(id integer primary key, part integer, text text)")
    db.execute("create index part on row(part)")
    db.executemany("insert into row values(?, ?, ?)", ((i, i % 16, f"row {i} " * 20) for i in range(1, ROWS + 1)))
    db.execute("create table odd(id integer primary key, value)")
    db.executemany("insert into odd(value) values(?)", ((value,) for value in ODD))
    db.commit()
    db.close()
    with open(TEXT, "w", encoding="utf-8") as f:
        f.write("This is no database.\n" * 100)


def ask(libc="newlib", **variables):
    """What `make sql` comes to, and all it said."""
    settings = dict(DB=DB, LATENCY="0", RESIDENT="4M", CONNECTIONS="1,4", TIMES="16", TIMEOUT=LIMIT, LIBC=libc)
    env = {k: v for k, v in os.environ.items() if k not in ("MEM", "CPUS", "VCPUS", "APF")}
    done = subprocess.run(["images/sql"], env=env | settings | variables, capture_output=True, text=True,
                          errors="replace", check=False)
    return done.returncode, done.stdout + done.stderr


def expect(got, status, *said):
    code, text = got
    if code != status:
        yield f"exit status {code}, expected {status}"
    for words in said:
        if words not in text:
            yield f"it does not say: {words}"
    if code != status or any(words not in text for words in said):
        yield from text.splitlines()[-8:]


def reads(libc):
    """The same rows with and without being told; being told is what happens with APF on, and only then."""
    got = ask(libc, SQL=PARTS)
    yield from expect(got, 0, "matches the guest's: yes", "asynchronous page faults: int")
    phases = {(int(n), apf): int(events) for n, apf, events in PHASE.findall(got[1])}
    if sorted(phases) != [(1, "off"), (1, "on"), (4, "off"), (4, "on")]:
        yield f"phases: {sorted(phases)}"
    for (n, apf), events in phases.items():
        if (apf == "on") != (events > 0):
            yield f"{n} connections, apf {apf}: {events} events"


def writes(libc, journal):
    """Four connections write to a file in the guest's memory, most of which is on the disk."""
    subprocess.run(["images/disk.sh", DB, IMAGE, "80"], check=True)
    words = {k: machine.encode(v.format(journal)) if k in ("db", "before", "sql", "after") else v
             for k, v in WRITE.items()}
    m = machine.Machine(disk=IMAGE, guest=machine.image("sql", libc=libc), host_args="mem=64M resident=3M apf=int",
                        guest_args=" ".join(f"{k}={v}" for k, v in words.items()))
    outcome = machine.run(m.command(), int(LIMIT))
    text = outcome.console.decode(errors="replace")
    yield from expect((outcome.status(), text), 0, "sql| ok", f"sql| 200|{199 * 200 // 2}|200")


def main():
    os.chdir(ROOT)
    tap, missing = lint.Tap(), machine.missing("sqlite")
    if missing:
        print(f"1..0 # SKIP {missing}")
        return
    make_databases()
    for libc in machine.LIBCS:
        image = machine.image("sql", libc=libc)
        if not os.path.exists(image):
            tap.skip(f"{libc}: SQLite as a guest", f"no {image}")
            continue
        tap.result(f"{libc}: rows are sqlite3's, APF on and off, 1 and 4 connections", reads(libc))
        tap.result(f"{libc}: four connections write, journal deleted", writes(libc, "delete"))
    tap.result("a parameter's name in a text is none",
               expect(ask(SQL="select ':n' as \":n\", ':now' -- :n"), 0, "matches the guest's: yes"))
    tap.result("no SQL: a look at the database", expect(ask(SQL=""), 0, "table|row|", "matches the guest's: yes"))
    tap.result("no host's events: the same rows", expect(ask(APF="none", SQL=PARTS), 0, "matches the guest's: yes"))
    tap.result("any bytes come through", expect(ask(SQL="select * from odd"), 0, "matches the guest's: yes"))
    tap.result("four connections write, journal in memory", writes("newlib", "memory"))
    says = "SQLite in the guest says: "
    tap.result("no such table", expect(ask(SQL="select * from nowhere"), 1, says + "no such table: nowhere"))
    tap.result("no SQL", expect(ask(SQL="selct 1"), 1, says + 'near "selct": syntax error'))
    tap.result("nothing is written to a module",
               expect(ask(SQL="delete from row"), 1, says + "attempt to write a readonly database"))
    tap.result("no database", expect(ask(DB=TEXT, SQL="select 1 from row"), 1, says + "file is not a database"))
    tap.result("too many rows", expect(ask(SQL="select * from row, odd where odd.id < 3"), 1,
                                       says + "more than 1 MiB of rows"))
    tap.result("no file", expect(ask(DB=FOLDER + "/none.db"), 1, "there is no such file"))
    tap.result("too much SQL", expect(ask(SQL="select " + "1+" * 500 + "1"), 1, "the SQL is too long"))
    tap.result("a number that is none", expect(ask(SQL="select 1", TIMES="0"), 1, "TIMES=0: not a number"))
    tap.end()


main()
