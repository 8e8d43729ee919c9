#!/usr/bin/env python3
"""Checks that every include under sidecar/ points down a layer, and that third-party headers stay behind the .cc files.

layers.py [--root DIR]   prints each wrong arrow as file:line: reason; exit 1 if there is one.
"""
import argparse
import pathlib
import re
import sys

# A folder may include itself and every folder of a lower layer. Two folders of one layer never include each other.
LAYERS = {
    "base": 0,
    "resp": 1, "metrics": 1,
    "net": 2, "command": 2,
    "policy": 3, "cache": 3, "upstream": 3, "origin": 3,
    "stampede": 4,
    "pipeline": 5,
    "admin": 6, "config": 6, "inject": 6,
    "app": 7,
}

# Of these folders the named ones may include no more than the named headers (paths below sidecar/).
ONLY_THROUGH = {("admin", "pipeline"): {"pipeline/control.h"}}

# Options are plain data, so the folder that reads the file may include those of any other.
OPTIONS_READER = "config"

# A header that shows a library's types to others is the one adapter of that library: {"net/handle.h": {"uv.h"}}. Else libraries stay in .cc files,
# which keeps their macros and their build time out of the rest.
ADAPTERS = {"inject/pod_json.h": {"nlohmann/json.hpp"}}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def strip_comments(text):
    """The text with comments blanked and its line numbers kept; an include in a comment is no include."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
    return pattern.sub(lambda m: m[0] if m[0][0] == '"' else re.sub(r"[^\n]", " ", m[0]), text)


def project_arrow(source, target):
    """The reason why source (folder/file below sidecar/) may not include target, or None."""
    here, there = source.split("/")[0], target.split("/")[0]
    if "/" not in target or there not in LAYERS:
        return f"sidecar/{target} is in no folder that the layer table names"
    if here == there:
        return None
    if here == OPTIONS_READER and target.endswith("/options.h"):
        return None
    allowed = ONLY_THROUGH.get((here, there))
    if allowed is not None and target not in allowed:
        return f"{here} may include of {there} only {', '.join(sorted(allowed))}"
    if LAYERS[there] < LAYERS[here]:
        return None
    relation = "the same layer as" if LAYERS[there] == LAYERS[here] else "above"
    return f"{here} (L{LAYERS[here]}) may not include {target}: {there} (L{LAYERS[there]}) is {relation} {here}"


def library_header(source, target):
    """The reason why the file source may not include the library header <target>, or None."""
    if source.endswith(".cc") or is_standard(target):
        return None
    allowed = ADAPTERS.get(source, set())
    if target in allowed or target.split("/")[0] in allowed:
        return None
    return f"library header <{target}> belongs in a .cc file or in an adapter header"


def is_standard(name):
    """True for the standard library and the operating system: <vector>, <cstdint>, <sys/socket.h>, <errno.h>."""
    if "/" in name:
        return name.split("/")[0] in {"sys", "netinet", "arpa", "linux", "net"}
    return not name.endswith((".h", ".hpp")) or name in SYSTEM_HEADERS


SYSTEM_HEADERS = {"errno.h", "fcntl.h", "netdb.h", "poll.h", "pthread.h", "sched.h", "signal.h", "stdint.h", "time.h", "unistd.h"}


def check_file(path, source):
    """Yields (line, reason) for each wrong include of the file."""
    for number, line in enumerate(strip_comments(path.read_text(encoding="utf-8")).split("\n"), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, angled = match.groups()
        if angled:
            reason = library_header(source, angled)
        elif quoted.startswith("sidecar/"):
            reason = project_arrow(source, quoted[len("sidecar/"):])
        else:
            reason = f'"{quoted}" is not a path from the top of the repository (a library header takes <>)'
        if reason:
            yield number, reason


def check_tree(root):
    """(files seen, list of 'file:line: reason')."""
    sidecar = root / "sidecar"
    files = sorted(p for p in sidecar.rglob("*") if p.suffix in {".h", ".cc"})
    wrong = []
    for path in files:
        source = path.relative_to(sidecar).as_posix()
        if source.split("/")[0] not in LAYERS:
            wrong.append(f"sidecar/{source}:1: its folder is not in the layer table")
            continue
        wrong += [f"sidecar/{source}:{number}: {reason}" for number, reason in check_file(path, source)]
    return len(files), wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    files, wrong = check_tree(parser.parse_args().root)
    print("\n".join(wrong + [f"layers: {files} files, {len(wrong)} wrong arrows"]))
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
