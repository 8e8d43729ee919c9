#!/usr/bin/env python3
"""Checks the sizes of files and functions, because a reader holds about this much in the head.

sizes.py [--root DIR]   prints outliers as file:line: reason, then medians and 90th percentiles; exit 1 on a hard limit.
"""
import argparse
import ast
import pathlib
import statistics
import sys

import cpp_functions
import tracked

HEADER_SOFT, SOURCE_SOFT, FILE_HARD = 180, 350, 500
FUNCTION_SOFT, FUNCTION_HARD = 35, 60
CODE = {".h", ".cc", ".py", ".sh", ".ts", ".tsx", ".js", ".mjs", ".cjs", ".rb", ".php"}


def python_functions(text):
    """The functions of a Python file; methods count, nested ones too."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield cpp_functions.Function(node.name, node.lineno, node.end_lineno - node.lineno + 1)


def functions_of(path, text):
    if path.suffix in {".h", ".cc"}:
        return list(cpp_functions.functions(text))
    return list(python_functions(text)) if path.suffix == ".py" else []


def judge(place, size, soft, hard, what):
    """('error' | 'warning' | None, line to print)."""
    if size > hard:
        return "error", f"{place}: error: {what} has {size} lines, more than {hard}"
    if size > soft:
        return "warning", f"{place}: warning: {what} has {size} lines, more than {soft}"
    return None, ""


def summary(name, sizes):
    if not sizes:
        return f"sizes: no {name}"
    p90 = sorted(sizes)[int(0.9 * (len(sizes) - 1))]
    return f"sizes: {len(sizes)} {name}, median {statistics.median(sizes):g}, p90 {p90}, largest {max(sizes)}"


def check_tree(root):
    """(verdicts in file order, {group: sizes})."""
    verdicts, groups = [], {"headers": [], "sources": [], "functions": []}
    for path in tracked.files(root):
        if path.suffix not in CODE:
            continue
        name, text = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        lines = text.count("\n")
        verdicts.append(judge(f"{name}:1", lines, HEADER_SOFT if path.suffix == ".h" else SOURCE_SOFT, FILE_HARD, "the file"))
        found = functions_of(path, text)
        verdicts += [judge(f"{name}:{f.line}", f.lines, FUNCTION_SOFT, FUNCTION_HARD, f"{f.name}()") for f in found]
        if name.startswith("sidecar/") and path.suffix in {".h", ".cc"}:
            groups["headers" if path.suffix == ".h" else "sources"].append(lines)
            groups["functions"] += [f.lines for f in found]
    return verdicts, groups


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=pathlib.Path, default=tracked.ROOT)
    verdicts, groups = check_tree(parser.parse_args().root)
    for kind, line in verdicts:
        if kind:
            print(line)
    for name, sizes in groups.items():
        print(summary(f"{name} of sidecar/", sizes))
    errors = sum(kind == "error" for kind, _ in verdicts)
    warnings = sum(kind == "warning" for kind, _ in verdicts)
    print(f"sizes: {errors} over a hard limit, {warnings} over a soft one")
    return 1 if errors or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
