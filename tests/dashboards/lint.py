#!/usr/bin/env python3
"""Checks Grafana dashboards (classic JSON) by the 17 rules of Grafana's own dashboard-linter, strictly: a warning there is an error here.

lint.py FILE...   prints each finding as file: rule: where: what; exit 1 if there is one. There is no way to leave a rule out.

Written anew for machines that can't have the linter itself; ../../tests/dashboards/run.sh uses that one too where it can be built. Rules that the
linter applies to some kinds of panels are applied here to all that show data.
"""

import collections.abc
import json
import pathlib
import re
import sys
from typing import Any

import promql

Json = dict[str, Any]
Findings = collections.abc.Iterator[tuple[str, str]]  # where, what

DATA_PANELS = {
    "stat",
    "singlestat",
    "graph",
    "timeseries",
    "table",
    "gauge",
    "bargauge",
    "barchart",
    "heatmap",
    "piechart",
    "state-timeline",
    "histogram",
}
# Of Grafana's units those that make sense here; its list has hundreds. An unknown one is shown as text behind the number.
UNITS = {
    "none",
    "short",
    "percent",
    "percentunit",
    "s",
    "ms",
    "µs",
    "ns",
    "m",
    "h",
    "d",
    "dtdurations",
    "bytes",
    "decbytes",
    "Bps",
    "binBps",
    "ops",
    "reqps",
    "rps",
    "wps",
    "cps",
    "iops",
    "opm",
    "hertz",
    "dateTimeAsIso",
    "dateTimeFromNow",
    "string",
    "locale",
}
SOURCES = {"datasource", "prometheus_datasource"}


def panels(dashboard: Json) -> list[Json]:
    """All panels, those in collapsed rows too."""
    return [panel for outer in dashboard.get("panels", []) for panel in (outer, *outer.get("panels", []))]


def data_panels(dashboard: Json) -> list[Json]:
    return [panel for panel in panels(dashboard) if panel.get("type") in DATA_PANELS]


def targets(dashboard: Json) -> list[tuple[str, str]]:
    """(where, expression) of each query of each panel."""
    return [
        (f"{panel.get('title')} {target.get('refId')}", target.get("expr", ""))
        for panel in data_panels(dashboard)
        for target in panel.get("targets", [])
    ]


def read(expression: str) -> list[promql.Selector]:
    """What the expression selects; nothing if it can't be read, because that is a finding of another rule."""
    try:
        return promql.selectors(expression)
    except promql.Wrong:
        return []


def variables(dashboard: Json, kind: str) -> list[Json]:
    return [variable for variable in dashboard.get("templating", {}).get("list", []) if variable.get("type") == kind]


def template_datasource(dashboard: Json) -> Findings:
    sources = variables(dashboard, "datasource")
    if len(sources) != 1:
        yield "variables", f"there are {len(sources)} of type datasource, not one"
    for source in sources:
        if source.get("name") not in SOURCES:
            yield str(source.get("name")), "should be named datasource"
        if source.get("label") != "Data source":
            yield str(source.get("name")), "should be labelled Data source"
        if source.get("query") != "prometheus":
            yield str(source.get("name")), "should offer sources of type prometheus"


def _template(dashboard: Json, name: str) -> Findings:
    mine = [variable for variable in variables(dashboard, "query") if variable.get("name") == name]
    if not mine:
        yield name, "there is no such query variable"
    for variable in mine:
        if variable.get("label") != name.title():
            yield name, f"should be labelled {name.title()}"
        if uid(variable) not in {"$datasource", "${datasource}"}:
            yield name, "does not use $datasource"
        if not variable.get("multi"):
            yield name, "should let choose several"
        if variable.get("allValue") != ".+":
            yield name, "allValue should be .+"


def template_job(dashboard: Json) -> Findings:
    return _template(dashboard, "job")


def template_instance(dashboard: Json) -> Findings:
    return _template(dashboard, "instance")


def query_of(variable: Json) -> str:
    query = variable.get("query", "")
    return query.get("query", "") if isinstance(query, dict) else query


def template_label_promql(dashboard: Json) -> Findings:
    for variable in variables(dashboard, "query"):
        match = re.fullmatch(r"label_values\((?:(.+),)?\s*(\w+)\)", query_of(variable))
        if not match:
            yield str(variable.get("name")), f"{query_of(variable)!r} is no label_values(...)"
            continue
        try:
            promql.selectors(match[1] or "up")
        except promql.Wrong as wrong:
            yield str(variable.get("name")), str(wrong)


def template_on_time_change_reload(dashboard: Json) -> Findings:
    for variable in variables(dashboard, "query"):
        if variable.get("refresh") != 2:
            yield str(variable.get("name")), "refresh should be 2, on a change of time"


def uid(holder: Json) -> str:
    source = holder.get("datasource")
    return str(source.get("uid")) if isinstance(source, dict) else str(source)


def panel_datasource(dashboard: Json) -> Findings:
    for panel in data_panels(dashboard):
        if uid(panel) not in {"$datasource", "${datasource}"}:
            yield str(panel.get("title")), "does not use $datasource"


def panel_title_description(dashboard: Json) -> Findings:
    for panel in data_panels(dashboard):
        if not panel.get("title") or not panel.get("description"):
            yield str(panel.get("title") or panel.get("id")), "lacks a title or a description"


def panel_units(dashboard: Json) -> Findings:
    for panel in data_panels(dashboard):
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        if defaults.get("unit") not in UNITS and not defaults.get("mappings"):
            yield str(panel.get("title")), f"unit {defaults.get('unit')!r} is none of Grafana's"


def panel_no_targets(dashboard: Json) -> Findings:
    for panel in data_panels(dashboard):
        if not panel.get("targets"):
            yield str(panel.get("title")), "has no query"


def _loki(dashboard: Json) -> list[tuple[str, str]]:
    return [] if any(source.get("query") == "prometheus" for source in variables(dashboard, "datasource")) else targets(dashboard)


def target_logql(dashboard: Json) -> Findings:
    for where, expression in _loki(dashboard):
        if "{" not in expression:
            yield where, "is no LogQL"


def target_logql_auto(dashboard: Json) -> Findings:
    for where, expression in _loki(dashboard):
        if re.search(r"\[(?!\$__auto\])", expression):
            yield where, "ranges should be [$__auto]"


def target_promql(dashboard: Json) -> Findings:
    for where, expression in targets(dashboard):
        try:
            promql.selectors(expression)
        except promql.Wrong as wrong:
            yield where, str(wrong)


def target_rate_interval(dashboard: Json) -> Findings:
    for where, expression in targets(dashboard):
        for selector in read(expression):
            if selector.function in {"rate", "irate"} and selector.range != "$__rate_interval":
                yield where, f"{selector.function} over [{selector.range}], not [$__rate_interval]"


def _required(dashboard: Json, label: str) -> Findings:
    for where, expression in targets(dashboard):
        for selector in read(expression):
            if not selector.matches(label, "=~", f"${label}"):
                yield where, f'{selector.metric} lacks {label}=~"${label}"'


def target_job(dashboard: Json) -> Findings:
    return _required(dashboard, "job")


def target_instance(dashboard: Json) -> Findings:
    return _required(dashboard, "instance")


def target_counter_agg(dashboard: Json) -> Findings:
    for where, expression in targets(dashboard):
        for selector in read(expression):
            if selector.metric.endswith("_total") and (selector.range is None or selector.function not in {"rate", "irate", "increase"}):
                yield where, f"{selector.metric} is a counter and not in rate, irate or increase"


def uneditable_dashboard(dashboard: Json) -> Findings:
    if dashboard.get("editable") is not False:
        yield "dashboard", "editable should be false"


RULES = {
    "template-datasource-rule": template_datasource,
    "template-job-rule": template_job,
    "template-instance-rule": template_instance,
    "template-label-promql-rule": template_label_promql,
    "template-on-time-change-reload-rule": template_on_time_change_reload,
    "panel-datasource-rule": panel_datasource,
    "panel-title-description-rule": panel_title_description,
    "panel-units-rule": panel_units,
    "panel-no-targets-rule": panel_no_targets,
    "target-logql-rule": target_logql,
    "target-logql-auto-rule": target_logql_auto,
    "target-promql-rule": target_promql,
    "target-rate-interval-rule": target_rate_interval,
    "target-job-rule": target_job,
    "target-instance-rule": target_instance,
    "target-counter-agg-rule": target_counter_agg,
    "uneditable-dashboard": uneditable_dashboard,
}


def lint(dashboard: Json) -> list[tuple[str, str, str]]:
    """(rule, where, what) of all findings."""
    return [(name, where, what) for name, rule in RULES.items() for where, what in rule(dashboard)]


def main() -> int:
    found = 0
    for path in map(pathlib.Path, sys.argv[1:]):
        for rule, where, what in lint(json.loads(path.read_text(encoding="utf-8"))):
            print(f"{path.name}: {rule}: {where}: {what}")
            found += 1
    print(f"lint: {len(sys.argv) - 1} dashboards, {len(RULES)} rules, {found} findings")
    return 1 if found or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
