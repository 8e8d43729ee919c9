#!/usr/bin/env python3
"""Writes what in helm/ is made from elsewhere: the charts' copies of dashboards/, and the tables of values in their READMEs.

generate.py [--check]   with --check nothing is written; prints what differs and exits 1 if anything does
"""
import argparse
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
DASHBOARDS = HERE.parent / "dashboards"
CHARTS = ("herdgate-lib", "herdgate", "example")
BEGIN, END = "<!-- values: made by helm/generate.py -->\n", "<!-- end of values -->\n"


def copies():
    """{target: bytes} of the files that Helm can't read where they are, because it reads nothing outside a chart."""
    files = HERE / "herdgate" / "files"
    out = {files / "dashboards" / source.name: source.read_bytes() for source in sorted((DASHBOARDS / "grafana").glob("*.json"))}
    out.update({files / "rules" / source.name: source.read_bytes() for source in sorted((DASHBOARDS / "rules").glob("*.yaml"))})
    return out


def values(text):
    """Yields (path, default, description) for each key of a values.yaml that has a `# --` line above it."""
    stack, described = [], None
    for line in text.split("\n"):
        comment = re.match(r" *# -- (.*)$", line)
        key = re.match(r"( *)([A-Za-z][\w.-]*):(?: (.*))?$", line)
        if comment:
            described = comment[1]
        elif key:
            depth = len(key[1]) // 2
            stack = stack[:depth] + [key[2]]
            if described is not None:
                yield ".".join(stack), key[3], described
                described = None


def nested(text, path):
    """The YAML below a key without a value of its own, on one line."""
    depth = path.count(".")
    found = re.search(rf"^{'  ' * depth}{path.rsplit('.', maxsplit=1)[-1]}:\n((?:{'  ' * (depth + 1)}.*\n)+)", text, re.M)
    lines = [line.strip() for line in found[1].splitlines() if not line.strip().startswith("#")] if found else []
    return "{" + " ".join(lines) + "}" if len(lines) == 1 else "see values.yaml"


def table(chart):
    text = (HERE / chart / "values.yaml").read_text(encoding="utf-8")
    rows = ["| value | default | meaning |", "|---|---|---|"]
    for path, default, described in values(text):
        shown = f"`{default}`" if default is not None else nested(text, path)
        rows.append(f"| `{path}` | {shown} | {described} |")
    return "\n".join(rows) + "\n"


def readme(chart):
    """The README with its table made anew; fails if it has no place for one."""
    path = HERE / chart / "README.md"
    before, found, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        sys.exit(f"{path}: there is no place for the table of values")
    return path, (before + BEGIN + table(chart) + END + after).encode()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    wanted = copies() | dict(readme(chart) for chart in CHARTS)
    folders = (HERE / "herdgate" / "files" / "dashboards", HERE / "herdgate" / "files" / "rules")
    strays = [path for folder in folders if folder.is_dir() for path in folder.iterdir() if path not in wanted]
    differs = [path for path, data in wanted.items() if not path.exists() or path.read_bytes() != data]
    for path in differs + strays:
        print(f"{path.relative_to(HERE.parent)}: {'differs from what it is made from' if check else 'written anew'}")
    if check:
        return 1 if differs or strays else 0
    for path in differs:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wanted[path])
    for path in strays:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
