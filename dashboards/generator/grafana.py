"""Building blocks of Grafana's classic dashboard JSON, so that all panels of all dashboards are made alike.

Expressions name their selectors in short: {I} are the chosen instances, {P} the chosen policies of these; {I,reason="x"} adds to it.
"""

import dataclasses
import re
from typing import Any

Json = dict[str, Any]
Target = tuple[str, str]  # expression, legend
Step = tuple[float | None, str]  # from this value on, this colour; the first value is None

DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
INSTANCES = 'namespace=~"$namespace",job=~"$job",instance=~"$instance"'
POLICIES = INSTANCES + ',policy=~"$policy"'
FOLDER_LINK = (
    "/d/{uid}?${{datasource:queryparam}}&${{namespace:queryparam}}&${{job:queryparam}}&${{instance:queryparam}}&{more}&${{__url_time_range}}"
)

STAT_SIZE, LINES_SIZE, TABLE_SIZE, NOTE_SIZE = (4, 4), (8, 8), (24, 8), (24, 7)

GREEN, YELLOW, ORANGE, RED, BLUE, PURPLE, GREY = "green", "yellow", "orange", "red", "blue", "purple", "text"
# An outcome has the same colour everywhere: greens answer at once, yellows late or with an old value, reds compute.
OUTCOME_COLOURS = {
    "near_hit": "dark-green",
    "hit": "green",
    "negative_hit": "light-green",
    "stale": "yellow",
    "waited": "light-orange",
    "synthetic_miss": "purple",
    "miss": "light-red",
    "plain_miss": "red",
    "timeout_miss": "dark-red",
    "error": "dark-purple",
    "bypass": "text",
}


def expand(expression: str) -> str:
    """The expression with {I...} and {P...} written out."""
    return re.sub(r"\{([IP])(?=[,}])", lambda match: "{" + (INSTANCES if match[1] == "I" else POLICIES), expression)


def rising(*limits: tuple[float, str]) -> list[Step]:
    """Green, and from each limit on the colour beside it: for what is bad when it is high."""
    return [(None, GREEN), *limits]


def falling(good: float, fair: float) -> list[Step]:
    """Red, yellow from `fair`, green from `good` on: for what is bad when it is low."""
    return [(None, RED), (fair, YELLOW), (good, GREEN)]


NEUTRAL: list[Step] = [(None, BLUE)]


def _panel(kind: str, title: str, text: str, size: tuple[int, int], unit: str, steps: list[Step] | None) -> Json:
    return {
        "type": kind,
        "title": title,
        "description": text,
        "datasource": DATASOURCE,
        "gridPos": {"w": size[0], "h": size[1]},
        "fieldConfig": {
            "defaults": {
                "unit": unit,
                "thresholds": {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in steps or NEUTRAL]},
            },
            "overrides": [],
        },
        "options": {},
        "targets": [],
    }


def _target(index: int, expression: str, legend: str, *, instant: bool = False) -> Json:
    target: Json = {"refId": chr(ord("A") + index), "datasource": DATASOURCE, "expr": expand(expression), "legendFormat": legend}
    if instant:
        return {**target, "instant": True, "range": False, "format": "table"}
    return {**target, "range": True}


def stat(
    title: str,
    text: str,
    expression: str,
    unit: str,
    steps: list[Step] | None = None,
    *,
    names: dict[float, tuple[str, str]] | None = None,
    decimals: int | None = None,
    legend: str = "",
    width: int = STAT_SIZE[0],
) -> Json:
    """One figure: the last value, over a faint line of its past. `names`: {value: (word, colour)} to show instead."""
    panel = _panel("stat", title, text, (width, STAT_SIZE[1]), unit, steps)
    defaults = panel["fieldConfig"]["defaults"]
    defaults["color"] = {"mode": "thresholds"}
    if decimals is not None:
        defaults["decimals"] = decimals
    if names:
        options = {format(value, "g"): {"text": word, "color": colour, "index": i} for i, (value, (word, colour)) in enumerate(names.items())}
        defaults["mappings"] = [{"type": "value", "options": options}]
    panel["options"] = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "area",
        "textMode": "auto",
        "justifyMode": "auto",
        "orientation": "auto",
    }
    panel["targets"] = [_target(0, expression, legend)]
    return panel


def lines(
    title: str,
    text: str,
    targets: list[Target],
    unit: str,
    *,
    stack: str = "none",
    steps: list[Step] | None = None,
    top: float | None = None,
    colours: dict[str, str] | None = None,
    width: int = LINES_SIZE[0],
    step_lines: bool = False,
) -> Json:
    """Lines over time. `stack`: none or normal, the lines on top of each other; `top`: the upper end of the axis; `steps` are drawn as dashed lines."""
    panel = _panel("timeseries", title, text, (width, LINES_SIZE[1]), unit, steps)
    defaults = panel["fieldConfig"]["defaults"]
    filled = stack != "none"
    defaults |= {"min": 0, "color": {"mode": "palette-classic"}}
    defaults["custom"] = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 60 if filled else 8,
        "showPoints": "never",
        "spanNulls": False,
        "lineInterpolation": "stepAfter" if step_lines else "linear",
        "stacking": {"mode": stack, "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if steps else "off"},
    }
    if top is not None:
        defaults["max"] = top
    panel["fieldConfig"]["overrides"] = [
        {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}]}
        for name, colour in (colours or {}).items()
    ]
    panel["options"] = {
        "legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    panel["targets"] = [_target(i, expression, legend) for i, (expression, legend) in enumerate(targets)]
    return panel


@dataclasses.dataclass
class Column:
    title: str
    expression: str
    unit: str
    steps: list[Step] | None = None


def table(
    title: str, text: str, labels: dict[str, str], columns: list[Column], *, link: tuple[str, str] | None = None, width: int = TABLE_SIZE[0]
) -> Json:
    """One row for each set of `labels` ({label: heading}), one column for each expression. `link`: (uid, label) opens that dashboard for the row."""
    panel = _panel("table", title, text, (width, TABLE_SIZE[1]), "short", None)
    panel["targets"] = [_target(i, column.expression, column.title, instant=True) for i, column in enumerate(columns)]
    values = {"Value" if len(columns) == 1 else f"Value #{chr(ord('A') + i)}": column for i, column in enumerate(columns)}
    order = {name: i for i, name in enumerate([*labels, *values])}
    names = {**labels, **{name: column.title for name, column in values.items()}}
    panel["transformations"] = [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": {"include": {"names": list(order)}}},
        {"id": "organize", "options": {"excludeByName": {}, "indexByName": order, "renameByName": names}},
    ]
    overrides = [_column_override(column) for column in columns]
    if link:
        url = FOLDER_LINK.format(uid=link[0], more=f"var-{link[1]}=${{__data.fields.{labels[link[1]]}}}")
        overrides.append(
            {"matcher": {"id": "byName", "options": labels[link[1]]}, "properties": [{"id": "links", "value": [{"title": "Open", "url": url}]}]}
        )
    panel["fieldConfig"]["overrides"] = overrides
    panel["options"] = {"showHeader": True, "cellHeight": "sm", "footer": {"show": False}}
    return panel


def _column_override(column: Column) -> Json:
    properties: list[Json] = [{"id": "unit", "value": column.unit}]
    if column.steps:
        steps = [{"value": value, "color": colour} for value, colour in column.steps]
        properties += [
            {"id": "thresholds", "value": {"mode": "absolute", "steps": steps}},
            {"id": "custom.cellOptions", "value": {"type": "color-text"}},
        ]
    return {"matcher": {"id": "byName", "options": column.title}, "properties": properties}


def note(title: str, markdown: str, size: tuple[int, int] = NOTE_SIZE) -> Json:
    return {"type": "text", "title": title, "gridPos": {"w": size[0], "h": size[1]}, "options": {"mode": "markdown", "content": markdown}}
