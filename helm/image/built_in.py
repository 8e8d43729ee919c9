#!/usr/bin/env python3
"""built_in.py FOLDER: writes FOLDER/built-in.json and FOLDER/licenses, about what the program holds of others without a shared library of theirs.

These are Debian's header-only libraries and the web UI's modules. Called by compile.sh, on the machine that compiles.
"""
import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The name as in SPDX of each header-only package's licence; its text is copied from the package.
HEADERS = {"libcli11-dev": "BSD-3-Clause", "nlohmann-json3-dev": "MIT"}


def debian_headers(licenses):
    for package, spdx in HEADERS.items():
        fields = "${Version}\t${source:Package}\t${source:Version}\t${Maintainer}"
        shown = subprocess.run(["dpkg-query", "-W", "-f", fields, package], capture_output=True, text=True, check=True)
        version, source, source_version, maintainer = shown.stdout.split("\t")
        shutil.copyfile(f"/usr/share/doc/{package}/copyright", licenses / package)
        yield {"type": "deb", "name": package, "version": version, "source": source, "source_version": source_version,
               "supplier": maintainer, "license": spdx}


def web_modules(licenses):
    """The modules that package.json asks for at run time; neither of them brings others."""
    wanted = json.loads((ROOT / "web/package.json").read_text())["dependencies"]
    locked = json.loads((ROOT / "web/package-lock.json").read_text())["packages"]
    for name in sorted(wanted):
        lock = locked[f"node_modules/{name}"]
        if lock.get("dependencies"):
            raise SystemExit(f"built_in.py: {name} brings modules of its own; list them too")
        shutil.copyfile(ROOT / f"web/node_modules/{name}/LICENSE", licenses / name)
        yield {"type": "npm", "name": name, "version": lock["version"], "license": lock["license"], "integrity": lock["integrity"]}


def main():
    folder = pathlib.Path(sys.argv[1])
    licenses = folder / "licenses"
    parts = [*debian_headers(licenses), *web_modules(licenses)]
    (folder / "built-in.json").write_text(json.dumps(parts, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
