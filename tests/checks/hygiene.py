#!/usr/bin/env python3
"""Checks that no file names a path of somebody's machine or a package registry's host, or holds what looks like a secret.

hygiene.py [--root DIR]   prints each hit as file:line: reason, without the secret itself; exit 1 if there is one.
"""
import argparse
import pathlib
import re
import sys

import tracked

# The patterns are written so that none of them matches its own source line.
PATTERNS = [
    ("path of one machine", re.compile(r"(?<![\w.}$)*])/(?:root|work|farm)(?![\w.-])|/tmp/(?:hg)\b|(?<![\w.}$)])/(?:home|Users)/[a-z]\w*")),
    ("host of a package registry", re.compile(
        r"\b(?:registry\.(?:npmjs|yarnpkg)|deb\.(?:debian|nodesource)|(?:security|ftp\.?\w*)\.debian|files\.(?:pythonhosted)|"
        r"(?:index\.)?(?:rubygems)|(?:proxy\.)(?:golang)|packages\.(?:cloud|microsoft|sury))\.(?:org|com|google|net)\b"
        r"|\bpypi\.(?:org|python)\b|\.pkg\.(?:dev)\b|https?://[^/\s\"']*(?:artifactory|nexus|jfrog|registry)[^/\s\"']*")),
    ("private key", re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")),
    ("access token", re.compile(
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}|\bglpat-[\w-]{20,}|\bxox[abprs]-[\w-]{10,}"
        r"|\bAIza[\w-]{35}|\bnpm_[A-Za-z0-9]{36}|\bpypi-[\w-]{50,}|\bsk-[A-Za-z0-9_-]{20,}|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.")),
    ("password in a URL or an assignment", re.compile(
        r"""(?i)\b(?:password|passwd|secret|token|api_?key)["']?\s*[:=]\s*["'](?=[^"']*\d)(?=[^"']*[a-z])[\w+/=-]{20,}["']""")),
]


def check_file(path):
    """Yields (line, reason) for each hit; a binary file has none."""
    data = path.read_bytes()
    if b"\0" in data:
        return
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
        for reason, pattern in PATTERNS:
            if pattern.search(line):
                yield number, reason


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=pathlib.Path, default=tracked.ROOT)
    root = parser.parse_args().root
    files = tracked.files(root)
    hits = [f"{path.relative_to(root).as_posix()}:{number}: {reason}" for path in files for number, reason in check_file(path)]
    print("\n".join(hits + [f"hygiene: {len(files)} files, {len(hits)} hits"]))
    return 1 if hits or not files else 0


if __name__ == "__main__":
    sys.exit(main())
