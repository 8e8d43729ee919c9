"""A dashboard as a whole: rows of panels put in their places, variables, annotations, links."""

import dataclasses

from .grafana import BLUE, DATASOURCE, INSTANCES, PURPLE, RED, Json, expand

TAG = "herdgate"


@dataclasses.dataclass
class Row:
    title: str
    panels: list[Json]
    collapsed: bool = False


def _variable(name: str, label: str, query: str, everything: str) -> Json:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": expand(query), "refId": name},
        "definition": expand(query),
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": everything,
        "sort": 7,
        "regex": "",
        "hide": 0,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "options": [],
    }


def variables(*, policy: bool) -> list[Json]:
    """`namespace` also stands for none, because outside Kubernetes there is none. Policies that no lookup counts for have their info, and those that are
    added up as overflow have lookups only."""
    chosen = [
        {
            "name": "datasource",
            "label": "Data source",
            "type": "datasource",
            "query": "prometheus",
            "refresh": 1,
            "hide": 0,
            "regex": "",
            "multi": False,
            "includeAll": False,
            "current": {},
            "options": [],
        },
        _variable("namespace", "Namespace", "label_values(herdgate_build_info, namespace)", ".*"),
        _variable("job", "Job", 'label_values(herdgate_build_info{namespace=~"$namespace"}, job)', ".+"),
        _variable("instance", "Instance", 'label_values(herdgate_build_info{namespace=~"$namespace",job=~"$job"}, instance)', ".+"),
    ]
    if policy:
        chosen.append(
            _variable("policy", "Policy", 'label_values({__name__=~"herdgate_policy_info|herdgate_lookups_total",' + INSTANCES + "}, policy)", ".+")
        )
    return chosen


def annotations() -> list[Json]:
    reloads = {
        "name": "Configurations put into force",
        "expr": expand("herdgate_config_last_reload_timestamp_seconds{I} * 1000"),
        "useValueForTime": "on",
        "titleFormat": "Configuration put into force",
        "textFormat": "{{instance}}",
        "iconColor": BLUE,
    }
    outages = {
        "name": "Upstream lost",
        "expr": expand('sum by (instance, reason) (increase(herdgate_upstream_breaker_transitions_total{I,to="open"}[$__rate_interval])) > 0'),
        "titleFormat": "Upstream lost",
        "textFormat": "{{instance}}: {{reason}}",
        "iconColor": RED,
    }
    begun = {
        "name": "Invalidation under way",
        "expr": expand('sum by (instance) (herdgate_invalidation_jobs{I,state="running"}) > 0'),
        "titleFormat": "Invalidation under way",
        "textFormat": "{{instance}}",
        "iconColor": PURPLE,
    }
    ended = {
        "name": "Invalidation ended",
        "expr": expand("sum by (instance, kind, outcome) (increase(herdgate_invalidations_total{I}[$__rate_interval])) > 0"),
        "titleFormat": "Invalidation ended",
        "textFormat": "{{instance}}: {{kind}}, {{outcome}}",
        "iconColor": PURPLE,
    }
    return [{"datasource": DATASOURCE, "enable": True, "hide": False, "step": "", **marks} for marks in (reloads, outages, begun, ended)]


def fill_lines(panels: list[Json]) -> None:
    """Widens the charts at the end of a row where three a line would leave a gap: four are two and two, five three and two."""
    charts = [panel for panel in panels if panel["type"] == "timeseries"]
    wide = {0: 0, 1: min(4, len(charts)), 2: 2}[len(charts) % 3]
    if len(charts) == len(panels):
        for panel in charts[len(charts) - wide :]:
            panel["gridPos"]["w"] = 12


def place(rows: list[Row]) -> list[Json]:
    """All panels from left to right and top to bottom, numbered."""
    placed: list[Json] = []
    top = 0
    for row in rows:
        fill_lines(row.panels)
        heading: Json = {"type": "row", "title": row.title, "collapsed": row.collapsed, "gridPos": {"x": 0, "y": top, "w": 24, "h": 1}, "panels": []}
        top += 1
        left, height = 0, 0
        for panel in row.panels:
            size = panel["gridPos"]
            if left + size["w"] > 24:
                left, top, height = 0, top + height, 0
            panel["gridPos"] = {"x": left, "y": top, **size}
            left, height = left + size["w"], max(height, size["h"])
        top += height
        placed.append(heading)
        (heading["panels"] if row.collapsed else placed).extend(row.panels)
    _number(placed)
    return placed


def _number(panels: list[Json]) -> None:
    everything = [panel for outer in panels for panel in (outer, *outer.get("panels", []))]
    for number, panel in enumerate(everything, 1):
        panel["id"] = number


def dashboard(name: str, story: str, rows: list[Row], *, policy: bool) -> Json:
    """`story`: what question it answers. Links lead to all dashboards with the same tag and keep time and variables."""
    return {
        "uid": f"herdgate-{name}",
        "title": f"Herdgate / {name}",
        "description": story,
        "tags": [TAG],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "links": [
            {
                "type": "dashboards",
                "title": "Herdgate",
                "tags": [TAG],
                "asDropdown": False,
                "includeVars": True,
                "keepTime": True,
                "targetBlank": False,
                "icon": "dashboard",
                "tooltip": "",
                "url": "",
            }
        ],
        "annotations": {"list": annotations()},
        "templating": {"list": variables(policy=policy)},
        "panels": place(rows),
    }
