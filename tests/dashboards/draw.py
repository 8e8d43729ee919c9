#!/usr/bin/env python3
"""Draws the dashboards as SVG from a Prometheus that runs already, for those who have no Grafana: draw.py --prometheus URL [--seconds N] DIR"""

import argparse
import pathlib
import sys
import time

import expressions
import prometheus
import render

DASHBOARDS = pathlib.Path(__file__).resolve().parents[2] / "dashboards" / "grafana"
POINTS = 150  # of a line


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prometheus", required=True, metavar="URL")
    parser.add_argument("--seconds", type=int, default=900, help="how far back")
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    api, dashboards, end = prometheus.Api(options.prometheus), expressions.load(DASHBOARDS), time.time()
    start, step = end - options.seconds, max(1.0, options.seconds / POINTS)
    intervals = f"{max(20, round(4 * step))}s", f"{options.seconds}s"
    answers: render.Answers = {}
    for query in expressions.queries(dashboards, *intervals):
        latest = api.instant(query.expression, end) if query.target.get("instant") else []
        answers.setdefault((query.dashboard, query.panel["id"]), []).append((query.target, api.range(query.expression, start, end, step), latest))
    marked = [(mark, api.range(expression, start, end, step)) for _, mark, expression in expressions.annotations(dashboards, *intervals)]
    span = render.Span(start, end, step)
    render.write(options.folder, dashboards, answers, span._replace(marks=render.marks_of(marked, span)))
    print(f"drew {len(dashboards)} dashboards in {options.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
