#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# sqlite_db.py: make a database of newlib's source, its files, their lines, and where each word is:
# `images/sqlite_db.py TAR OUT.db`.
#
#     file(id, path, lines)      line(id, file, number, text)      word(word, line)      name(id, word, lines)
#
# word is an index over words to lines; name has each word once, with the number of its lines, the most used first.

import os
import re
import sqlite3
import sys
import tarfile

SOURCE = re.compile(r"(?!\.pc/).*\.[chSs]$")  # .pc/ has older versions of some
WORD = re.compile(r"\b[A-Za-z_]\w{2,}")
REPORT = 1000  # files
SCHEMA = """
pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -65536;
create table file(id integer primary key, path text, lines integer);
create table line(id integer primary key, file integer, number integer, text text);
create table word(word text, line integer, primary key (word, line)) without rowid;
create table name(id integer primary key, word text, lines integer);
"""
NAMES = """
insert into name(word, lines) select word, count(*) as lines from word group by word order by lines desc, word;
"""


def say(text):
    print(f"sql: {text}", flush=True)


def sources(path):
    """Path and lines of each source file in the tar."""
    with tarfile.open(path) as tar:
        for member in tar:
            name = member.name.partition("/")[2]
            if member.isfile() and SOURCE.match(name):
                text = tar.extractfile(member).read().decode("utf-8", "replace")
                yield name, text.replace("\0", " ").splitlines()


def fill(db, path):
    lines, where = 0, {}
    for number, (name, text) in enumerate(sources(path), 1):
        db.execute("insert into file values(?, ?, ?)", (number, name, len(text)))
        db.executemany("insert into line values(?, ?, ?, ?)",
                       ((lines + i, number, i, line) for i, line in enumerate(text, 1)))
        for i, line in enumerate(text, 1):
            for word in set(WORD.findall(line)):
                where.setdefault(word, []).append(lines + i)
        lines += len(text)
        if number % REPORT == 0:
            say(f"{number} files, {lines} lines")
    say(f"{sum(map(len, where.values()))} places of {len(where)} words")
    for word in sorted(where, key=lambda word: word.encode()):
        db.executemany("insert into word values(?, ?)", ((word, line) for line in where[word]))
    db.executescript(NAMES)


def main():
    path, out = sys.argv[1:]
    temporary = out + ".tmp"
    if os.path.exists(temporary):
        os.unlink(temporary)
    db = sqlite3.connect(temporary)
    db.executescript(SCHEMA)
    fill(db, path)
    db.commit()
    db.execute("analyze")
    db.commit()
    db.close()
    os.rename(temporary, out)
    say(f"{os.path.getsize(out) / (1 << 20):.0f} MiB in {out}")


main()
