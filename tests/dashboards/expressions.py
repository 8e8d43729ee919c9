"""What the dashboards and rules ask Prometheus: their expressions with Grafana's variables filled in, and the names of metrics in them."""

import dataclasses
import json
import pathlib
import re
from typing import Any

import lint
import promql

Json = dict[str, Any]
SUFFIXES = re.compile(r"_(bucket|sum|count)$")


@dataclasses.dataclass
class Query:
    """One expression of one panel, as Prometheus is asked it."""

    dashboard: str
    panel: Json
    target: Json
    expression: str

    @property
    def name(self) -> str:
        legend = self.target.get("legendFormat", "")
        return f"{self.dashboard}: {self.panel['title']}" + (f" ({legend})" if legend else "")


def load(folder: pathlib.Path) -> dict[str, Json]:
    """{name: dashboard} of the JSON files of a folder."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def fill_in(expression: str, rate_interval: str, whole_range: str) -> str:
    """With everything chosen, as Grafana does it: the variables' allValue."""
    values = {"__rate_interval": rate_interval, "__range": whole_range, "namespace": ".*", "job": ".+", "instance": ".+", "policy": ".+"}
    return re.sub(r"\$(\w+)", lambda match: values[match[1]], expression)


def queries(dashboards: dict[str, Json], rate_interval: str, whole_range: str) -> list[Query]:
    return [
        Query(name, panel, target, fill_in(target["expr"], rate_interval, whole_range))
        for name, dashboard in dashboards.items()
        for panel in lint.data_panels(dashboard)
        for target in panel["targets"]
    ]


def annotations(dashboards: dict[str, Json], rate_interval: str, whole_range: str) -> list[tuple[str, Json, str]]:
    """(where, annotation, expression) of all annotations."""
    return [
        (f"{name}: annotation {mark['name']}", mark, fill_in(mark["expr"], rate_interval, whole_range))
        for name, dashboard in dashboards.items()
        for mark in dashboard["annotations"]["list"]
    ]


def variable_queries(dashboards: dict[str, Json]) -> list[tuple[str, str, str]]:
    """(where, selector, label) of all label_values() variables."""
    found = []
    for name, dashboard in dashboards.items():
        for variable in lint.variables(dashboard, "query"):
            match = re.fullmatch(r"label_values\((?:(.+),)?\s*(\w+)\)", lint.query_of(variable))
            if match:
                found.append((f"{name}: variable {variable['name']}", fill_in(match[1] or "", "1m", "1h"), match[2]))
    return found


def metrics(expression: str) -> set[str]:
    """The names that the expression selects."""
    return {selector.metric for selector in promql.selectors(expression) if selector.metric}


def family(metric: str) -> str:
    """The metric whose bucket, sum or count this is, or itself."""
    return SUFFIXES.sub("", metric)
