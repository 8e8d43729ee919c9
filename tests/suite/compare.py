#!/usr/bin/env python3
"""Compares two runs of the Redis test suite by the set of tests that passed.

compare.py passed LOG                      prints the tests that passed in a log of runtest, one a line, sorted
compare.py compare DIRECT THROUGH [LOG]    compares two such lists; with THROUGH's log it says what the lost tests said. Exit 1 if the lists differ.

A test is "file: name"; a name that passes several times in one file gets #2, #3 and so on, so the lists are sets and their sizes the suite's count.
"""
import collections
import re
import sys

COLOR = re.compile(r"\x1b\[[0-9;]*m")
UNIT = re.compile(r"Testing (\S+)$")
RESULT = re.compile(r"\[(ok|err|exception|skip|ignore)\]: (.*)$")
ELAPSED = re.compile(r" \(\d+ ms\)$")


def results(log):
    """Yields (unit, outcome, text) for each result line of a log, and adds to an error's text the lines that explain it."""
    unit, pending = "", None
    for line in COLOR.sub("", log).splitlines():
        started, result = UNIT.match(line), RESULT.match(line)
        if pending and (started or result or line.startswith("[")):
            yield pending
            pending = None
        if started:
            unit = started[1]
        elif result:
            pending = (unit, result[1], result[2])
        elif pending and pending[1] in ("err", "exception"):
            pending = (*pending[:2], pending[2] + "\n    " + line)
    if pending:
        yield pending


def passed(log):
    """Sorted names of the tests that passed."""
    seen, names = collections.Counter(), []
    for unit, outcome, text in results(log):
        if outcome != "ok":
            continue
        name = f"{unit}: {ELAPSED.sub('', text)}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return sorted(names)


def short(text):
    """The first lines of what a failed test says."""
    lines = text.split("\n")
    return "\n".join(lines[:4] + ["    ..."] * (len(lines) > 4))


def explain(lost, log):
    """Yields what the log says of the lost tests, file by file. Those without a word of their own did not run: an error between two tests ends the
    file, and is shown too."""
    said = [r for r in results(log) if r[1] != "ok"]
    for unit in sorted({name.partition(": ")[0] for name in lost}):
        names = {re.sub(r" #\d+$", "", name.partition(": ")[2]) for name in lost if name.startswith(unit + ": ")}
        silent = set(names)
        for at, outcome, text in said:
            spoken = {name for name in names if text.startswith((name + " in tests/", name + ": "))}
            silent -= spoken
            if at == unit and (spoken or outcome in ("err", "exception")):
                yield f"{unit}: {outcome}: {short(text)}"
        if silent:
            yield f"{unit}: {len(silent)} tests did not run, or have another name: {', '.join(sorted(silent)[:5])}{', ...' * (len(silent) > 5)}"


def compare(direct, through, log):
    """Prints the differences and the closing count; returns the exit code."""
    lost, gained = sorted(direct - through), sorted(through - direct)
    print(f"suite: {len(direct)} tests pass directly, {len(through)} through the proxy")
    if lost:
        print(f"{len(lost)} tests pass only directly; through the proxy the suite says:")
        print("\n".join(explain(lost, log)))
    for name in gained:
        print(f"passes only through the proxy: {name}")
    print(f"{len(direct & through)} passed, {len(lost) + len(gained)} failed")
    return 1 if lost or gained or not direct else 0


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "passed":
        print("\n".join(passed(read(arguments[1]))))
        return 0
    if len(arguments) in (3, 4) and arguments[0] == "compare":
        direct, through = (set(read(path).splitlines()) - {""} for path in arguments[1:3])
        return compare(direct, through, read(arguments[3]) if len(arguments) == 4 else "")
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
