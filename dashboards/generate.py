#!/usr/bin/env python3
"""Writes the Grafana dashboards in grafana/ from the modules in generator/.

  generate.py            write them
  generate.py --check    write nothing; exit 1 if a file is not what would be written
  generate.py --what-if  with the row of estimated hit ratios, which needs herdgate_what_if_* metrics
"""

import argparse
import json
import pathlib
import sys

from generator import overview, policy, sidecar, stampede, upstream

FOLDER = pathlib.Path(__file__).resolve().parent / "grafana"
# Whether the committed dashboards show herdgate_what_if_*.
WHAT_IF = True
DASHBOARDS = {"overview": overview, "policy": policy, "stampede": stampede, "upstream": upstream, "sidecar": sidecar}


def texts(what_if: bool) -> dict[pathlib.Path, str]:
    """{file: what belongs in it}."""
    return {FOLDER / f"{name}.json": json.dumps(module.build(what_if), indent=1, ensure_ascii=False) + "\n" for name, module in DASHBOARDS.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is not what would be written")
    parser.add_argument("--what-if", action="store_true", default=WHAT_IF, help="with the row of estimated hit ratios")
    options = parser.parse_args()
    wrong = [path for path, text in texts(options.what_if).items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if options.check:
        for path in wrong:
            print(f"{path.name} is not what generate.py writes")
        return 1 if wrong else 0
    for path in wrong:
        path.parent.mkdir(exist_ok=True)
        path.write_text(texts(options.what_if)[path], encoding="utf-8")
        print(f"wrote {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
