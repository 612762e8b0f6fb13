# SPDX-License-Identifier: BSD-2-Clause
# report.py: what came of a host, as KTAP, as JUnit XML and as a Markdown table.
#
# KTAP and the table have one line for each name: on a host of several boots the worst of them speaks, a skip only if no
# boot ran the case. XML has all boots, each a suite.

import os
import xml.etree.ElementTree as xml

from ktap import NOT_OK, OK, SKIP

REMARKS = 3  # in a row of the table


def where(verdict):
    return f"in {verdict.boot}: " if verdict.boot else ""


def known(verdict):
    return f"known difference: {verdict.reason}" if verdict.reason else verdict.wrong


def details(verdicts):
    """The lines about one name's results that are not plainly ok."""
    outcomes = {v.result.outcome for v in verdicts}
    if len(outcomes - {SKIP}) > 1:
        yield "boots differ: " + ", ".join(f"{v.boot} {v.result.outcome}" for v in verdicts)
    for v in verdicts:
        if v.result.outcome == NOT_OK or v.wrong:
            yield from (f"{where(v)}{note}" for note in v.result.notes)
            yield f"{where(v)}{known(v)}"


def skip_reason(verdicts):
    return " / ".join(dict.fromkeys(v.result.reason or "no reason given" for v in verdicts))


def ktap(c):
    rows = list(c.merged())
    yield "KTAP version 1"
    yield f"# host: {c.host.name}: {c.host.about}"
    for run in c.runs:
        yield f"# boot{' ' if run.boot.name else ''}{run.boot.name}: {run.facts or 'nothing said about itself'}"
    for names, why in c.unrun_reasons():
        yield from (f"# {line}" for line in f"boot {names} could not run: {why}".splitlines())
    yield f"1..{len(rows)}" if rows else "1..0 # SKIP could not run"
    for number, (name, outcome, verdicts) in enumerate(rows, 1):
        yield from (f"# {line}" for line in details(verdicts))
        text = f"{'not ok' if outcome == NOT_OK else 'ok'} {number} {name} {verdicts[0].result.text}".rstrip()
        yield f"{text} # SKIP {skip_reason(verdicts)}" if outcome == SKIP else text
    for entry in c.idle:
        yield f"# {entry.where}: speaks of no result: {entry.name}"
    yield "# end"


def suite(c, run):
    verdicts = [v for v in c.verdicts if v.boot == run.boot.name]
    element = xml.Element("testsuite", name=f"{c.host.name} {run.boot.name}".strip(), tests=str(len(verdicts)),
                          failures=str(sum(bool(v.wrong) for v in verdicts)), errors="0",
                          skipped=str(sum(not v.wrong and v.result.outcome != OK for v in verdicts)))
    for v in verdicts:
        case = xml.SubElement(element, "testcase", classname=v.result.clause(), name=f"{v.result.name} {v.result.text}")
        notes = "\n".join(v.result.notes)
        if v.wrong:
            xml.SubElement(case, "failure", message=v.wrong).text = notes
        elif v.result.outcome == NOT_OK:
            xml.SubElement(case, "skipped", message=known(v)).text = notes
        elif v.result.outcome == SKIP:
            xml.SubElement(case, "skipped", message=v.result.reason)
    return element


def junit(c):
    root = xml.Element("testsuites", name=c.host.name)
    root.extend(suite(c, run) for run in c.runs)
    for name, why in c.unrun:
        element = xml.SubElement(root, "testsuite", name=f"{c.host.name} {name}".strip(), tests="1", errors="1",
                                 failures="0", skipped="0")
        case = xml.SubElement(element, "testcase", classname="boot", name="could not run")
        xml.SubElement(case, "error", message=why)
    xml.indent(root)
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield xml.tostring(root, encoding="unicode")


def cell(verdicts):
    """One case's verdict in one dialect; boots that ran it and differ are named."""
    def word(v):
        if v.wrong:
            return f"**{v.result.outcome}**"
        return f"{NOT_OK} (known)" if v.result.outcome == NOT_OK else OK

    ran = [v for v in verdicts if v.result.outcome != SKIP or v.wrong]
    words = dict.fromkeys(word(v) for v in ran)
    if len(words) < 2:
        return next(iter(words), SKIP)
    return ", ".join(f"{word(v)} in {v.boot}" for v in ran)


def remark(verdicts):
    """Why the row of a case is not all ok."""
    said = [known(v) + (f" ({'; '.join(v.result.notes[:1])})" if v.wrong and v.result.notes else "")
            for v in verdicts if v.wrong or v.result.outcome == NOT_OK]
    if not said and all(v.result.outcome == SKIP for v in verdicts):
        said = [v.reason or v.result.reason for v in verdicts]
    said = list(dict.fromkeys(said))
    return "; ".join(said[:REMARKS] + ["…"] * (len(said) > REMARKS))


def escape(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def summary(c):
    """One line of counts; a name counts once however many boots there were."""
    outcomes = [outcome for _, outcome, _ in c.merged()]
    return ", ".join(f"{outcomes.count(o)} {o}" for o in (OK, NOT_OK, SKIP)) + f"; {len(c.wrong())} unexpected"


def markdown(c):
    cases = {}
    for _, _, verdicts in c.merged():
        result = verdicts[0].result
        cases.setdefault(result.case(), (result, {}))[1][result.dialect()] = verdicts
    dialects = list(dict.fromkeys(d for _, by_dialect in cases.values() for d in by_dialect))
    yield f"# {c.host.name}: {c.host.about}\n\n{summary(c)}\n"
    for names, why in c.unrun_reasons():
        yield f"Boot {names} could not run: {escape(why.splitlines()[0])}\n"
    for entry in c.idle:
        yield f"{entry.where} speaks of no result: `{entry.name}`\n"
    if not cases:
        return
    yield "| clause | case | " + " | ".join(d or "any dialect" for d in dialects) + " | remark |"
    yield "|---" * (len(dialects) + 3) + "|"
    for case, (result, by_dialect) in cases.items():
        cells = [cell(by_dialect[d]) if d in by_dialect else "" for d in dialects]
        row = [result.clause(), f"`{case}` {escape(result.text)}", *cells,
               escape(remark([v for vs in by_dialect.values() for v in vs]))]
        yield f"| {' | '.join(row)} |"


def save(c, out):
    """Writes all three beside each other; an old file is replaced by a whole new one or not at all."""
    for suffix, lines in (("ktap", ktap), ("xml", junit), ("md", markdown)):
        path = os.path.join(out, f"{c.host.name}.{suffix}")
        with open(f"{path}.tmp", "w", encoding="utf-8") as f:
            f.writelines(f"{line}\n" for line in lines(c))
        os.replace(f"{path}.tmp", path)
