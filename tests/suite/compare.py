#!/usr/bin/env python3
"""Compares two runs of the Redis test suite by the set of tests that passed.

compare.py passed LOG                      prints the tests that passed in a log of runtest, one a line, sorted
compare.py compare DIRECT THROUGH [LOG]    compares two such lists; with THROUGH's log it says what the lost tests said. Exit 1 if the lists differ.
compare.py listed EXPECTED DIRECT THROUGH [LOG]    the same, but the tests in EXPECTED may be lost. Exit 1 also if fewer than 97 % are left.
compare.py exact EXPECTED DIRECT THROUGH [LOG]     the same, but exactly the tests in EXPECTED must be lost.
compare.py doubtful DIRECT THROUGH [EXPECTED]      prints the files with a test that was lost and is not in EXPECTED.

A test is "file: name"; a name that passes several times in one file gets #2, #3 and so on, so the lists are sets and their sizes the suite's count.
compare.py unrun EXPECTED                          prints the tests in EXPECTED that must not run, for runtest.

EXPECTED has one test a line, with the reason behind " -- "; lines that start with # are remarks. A reason that starts with "not run: " is for a test
that would leave something behind which makes others fail.
"""
import collections
import re
import sys

COLOR = re.compile(r"\x1b\[[0-9;]*m")
UNIT = re.compile(r"Testing (\S+)$")
RESULT = re.compile(r"\[(ok|err|exception|skip|ignore)\]: (.*)$")
ELAPSED = re.compile(r" \(\d+ ms\)$")
# Of the tests that pass directly, with EXPECTED.
LEAST_SHARE = 0.97


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


def expected(text):
    """{test: reason} of a list of expected failures."""
    listed = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, separator, reason = line.rpartition(" -- ")
        if not separator or not reason.strip():
            raise ValueError(f"line {number} of the list gives no reason: {line}")
        if name in listed:
            raise ValueError(f"line {number} of the list names a test again: {name}")
        listed[name] = reason
    return listed


def compare_listed(listed, direct, through, log, exact=False):
    """Like compare(), but tests in `listed` may be lost; if `exact` they must, and no share is asked for."""
    lost, gained, kept = direct - through, sorted(through - direct), direct & through
    units = {name.partition(": ")[0] for name in direct}
    print(f"suite: {len(direct)} tests pass directly, {len(through)} through the proxy, {len(lost & set(listed))} are expected not to")
    wrong = 0
    for name in sorted(listed):
        if name in through:
            print(f"listed, but it passes: {name}")
        elif name not in direct and name.partition(": ")[0] in units:
            print(f"listed, but it does not pass directly: {name}")
        else:
            continue
        wrong += exact
    new = sorted(lost - set(listed))
    if new:
        print(f"{len(new)} tests pass only directly and are not listed; through the proxy the suite says:")
        print("\n".join(explain(new, log)))
        print("\n".join(f"not listed: {name}" for name in new))
    for name in gained:
        print(f"passes only through the proxy: {name}")
    share = len(kept) / len(direct) if direct else 0
    few = share < LEAST_SHARE and (not exact or not direct)
    if not exact:
        print(f"{100 * share:.2f} % of the tests that pass directly pass through the proxy; {100 * LEAST_SHARE:g} % must")
    failed = len(new) + len(gained) + wrong + few
    print(f"{len(kept)} passed, {failed} failed, {len(lost & set(listed))} skipped")
    return 1 if failed else 0


def unrun(listed):
    """The names, without their files, of the listed tests that must not run."""
    return sorted({name.partition(": ")[2] for name, reason in listed.items() if reason.startswith("not run: ")})


def doubtful(direct, through, listed):
    """The files of the tests that were lost without being listed."""
    return sorted({name.partition(": ")[0] for name in direct - through - set(listed)})


def names(path):
    return set(read(path).splitlines()) - {""}


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "passed":
        print("\n".join(passed(read(arguments[1]))))
        return 0
    if len(arguments) in (3, 4) and arguments[0] == "compare":
        return compare(names(arguments[1]), names(arguments[2]), read(arguments[3]) if len(arguments) == 4 else "")
    if len(arguments) in (4, 5) and arguments[0] in ("listed", "exact"):
        listed, log = expected(read(arguments[1])), read(arguments[4]) if len(arguments) == 5 else ""
        return compare_listed(listed, names(arguments[2]), names(arguments[3]), log, arguments[0] == "exact")
    if len(arguments) in (3, 4) and arguments[0] == "doubtful":
        listed = expected(read(arguments[3])) if len(arguments) == 4 else {}
        print("\n".join(doubtful(names(arguments[1]), names(arguments[2]), listed)))
        return 0
    if len(arguments) == 2 and arguments[0] == "unrun":
        print("\n".join(unrun(expected(read(arguments[1])))))
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
