#!/usr/bin/env python3
"""near_used.py LEAST METRICS: exit 1 unless a scrape of Herdgate shows that its near cache follows Redis and answered at least LEAST look-ups."""
import re
import sys

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def samples(text):
    """Yields (name, labels, value) of a scrape in the text format."""
    for line in text.splitlines():
        if match := SAMPLE.match(line):
            yield match[1], dict(LABEL.findall(match[2] or "")), float(match[3])


def total(text, name, **labels):
    """The sum of the samples of this name that have these labels."""
    return sum(value for found, has, value in samples(text) if found == name and labels.items() <= has.items())


def problem(text, least):
    """What is wrong, or nothing."""
    if total(text, "herdgate_near_mode", mode="tracked") != 1:
        modes = [has for name, has, value in samples(text) if name == "herdgate_near_mode" and value == 1]
        return f"the near cache does not follow Redis by tracking: {modes}"
    hits = total(text, "herdgate_near_lookups_total", result="fresh")
    if hits < least:
        return f"only {hits:g} look-ups were answered from the near cache, fewer than {least}"
    return ""


def summary(text):
    lookups = ", ".join(f"{value:g} {has['result']}" for name, has, value in samples(text) if name == "herdgate_near_lookups_total")
    return f"near cache: look-ups {lookups}; {total(text, 'herdgate_near_pushes_total'):g} pushes"


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[1], encoding="utf-8") as file:
        text = file.read()
    print(summary(text))
    wrong = problem(text, int(arguments[0]))
    if wrong:
        print(f"error: {wrong}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
