"""Draws dashboards as SVG from the answers of a real Prometheus, because Grafana is not everywhere: same panels, same places, same queries, thresholds
and units. It looks alike and is not Grafana; what a panel shows there is for Grafana to say.
"""

import html
import pathlib
import re
from typing import Any, NamedTuple

import prometheus
import units

Json = dict[str, Any]
Answer = tuple[Json, list[prometheus.Series], list[tuple[dict[str, str], float]]]  # target, over time, at the end
Answers = dict[tuple[str, int], list[Answer]]  # (dashboard, panel's id): an answer for each query
Line = tuple[str, list[list[float]]]  # name, [[time, value], ...]
Mark = tuple[str, float]  # colour and time of an annotation


class Span(NamedTuple):
    """What is drawn of time: start, end and step of the answers, and what is marked in it."""

    start: float
    end: float
    step: float = 1
    marks: tuple[Mark, ...] = ()



COLUMN, UNIT, GAP, HEAD = 54, 30, 6, 64  # pixels: a column of the grid, a unit of height, between panels, above them
COLOURS = {
    "green": "#56a64b",
    "dark-green": "#37872d",
    "light-green": "#96d98d",
    "yellow": "#e0b400",
    "light-yellow": "#ffee52",
    "orange": "#ff780a",
    "light-orange": "#ffb357",
    "dark-orange": "#e55400",
    "red": "#e02f44",
    "light-red": "#ff7383",
    "dark-red": "#ad0317",
    "blue": "#3274d9",
    "purple": "#a352cc",
    "dark-purple": "#6d1f99",
    "text": "#8e8e8e",
}
PALETTE = ["#56a64b", "#e0b400", "#3274d9", "#ff780a", "#e02f44", "#a352cc", "#37872d", "#5794f2", "#b877d9", "#ffb357", "#8e8e8e", "#1f60c4"]
STYLE = (
    "text{font-family:sans-serif;font-size:11px;fill:#333}.h{font-size:12px;font-weight:bold}.s{font-size:10px;fill:#666}.e{text-anchor:end}"
    ".m{text-anchor:middle}.p{fill:#fff;stroke:#d8d9da}.g{stroke:#e9e9e9}"
)


def escaped(text: str) -> str:
    return html.escape(text, quote=False)


def write(folder: pathlib.Path, dashboards: dict[str, Json], answers: Answers, span: Span) -> None:
    """Writes NAME.svg for each dashboard."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, dashboard in dashboards.items():
        picture = draw(dashboard, {panel: found for (where, panel), found in answers.items() if where == name}, span)
        (folder / f"{name}.svg").write_text(picture, encoding="utf-8")


def marks_of(annotations: list[tuple[Json, list[prometheus.Series]]], span: Span) -> tuple[Mark, ...]:
    """Where the annotations begin: at the time that is their value, or at the first of points that follow each other."""
    marks: set[Mark] = set()
    for annotation, found in annotations:
        for series in found:
            by_value = annotation.get("useValueForTime") == "on"
            times = {value / 1000 for _, value in series["values"]} if by_value else {piece[0][0] for piece in pieces(series["values"], span.step)}
            marks |= {(annotation["iconColor"], at) for at in times if span.start <= at <= span.end}
    return tuple(sorted(marks))


def draw(dashboard: Json, answers: dict[int, list[Answer]], span: Span) -> str:
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    width, height = 24 * COLUMN + GAP, HEAD + bottom * UNIT + GAP
    chosen = "   ".join(f"{variable['label']}: all" for variable in dashboard["templating"]["list"] if variable["type"] == "query")
    marked = ", ".join(f"{mark['name']} ({mark['iconColor']})" for mark in dashboard.get("annotations", {}).get("list", []))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"><style>{STYLE}</style>',
        f'<rect width="{width}" height="{height}" fill="#f4f5f5"/>',
        f'<text x="{GAP}" y="22" style="font-size:16px;font-weight:bold">{escaped(dashboard["title"])}</text>',
        f'<text class="s" x="{GAP}" y="38">{escaped(dashboard["description"])}</text><text class="s" x="{GAP}" y="54">{escaped(chosen)}   last {round(span.end - span.start)} s   upright lines: {escaped(marked) or "none"}</text>',
    ]
    for panel in dashboard["panels"]:
        parts.append(_panel(panel, answers.get(panel["id"], []), span))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Json, found: list[Answer], span: Span) -> str:
    grid = panel["gridPos"]
    x, y, w, h = GAP + grid["x"] * COLUMN, HEAD + grid["y"] * UNIT, grid["w"] * COLUMN - GAP, grid["h"] * UNIT - GAP
    if panel["type"] == "row":
        return f'<text class="h" x="{x + 4}" y="{y + 18}">{escaped(panel["title"])}</text>'
    inside = {"stat": _stat, "timeseries": _lines, "table": _table, "text": _note}[panel["type"]](panel, found, w, h, span)
    return (
        f'<g transform="translate({x},{y})"><rect class="p" width="{w}" height="{h}" rx="2"/><text class="h" x="8" y="16">{escaped(panel["title"])}</text>'
        f"{inside}</g>"
    )


def lines_of(found: list[Answer]) -> list[Line]:
    """All series of all queries with their legends filled in."""
    lines = []
    for target, series, _ in found:
        for one in series:
            name = re.sub(r"\{\{(\w+)\}\}", lambda match, one=one: one["metric"].get(match[1], ""), target.get("legendFormat") or "value")
            lines.append((name, one["values"]))
    return lines


def threshold_colour(value: float, steps: list[Json]) -> str:
    colour = steps[0]["color"]
    for step in steps[1:]:
        if value >= step["value"]:
            colour = step["color"]
    return COLOURS[colour]


def path(points: list[tuple[float, float]], *, closed: bool = False) -> str:
    """Whole and half pixels are enough; points on a straight line are left out."""
    kept: list[tuple[float, float]] = []
    for point in points:
        while (
            len(kept) >= 2
            and abs((kept[-1][0] - kept[-2][0]) * (point[1] - kept[-2][1]) - (point[0] - kept[-2][0]) * (kept[-1][1] - kept[-2][1])) < 0.6
        ):
            kept.pop()
        kept.append(point)
    return "M" + "L".join(f"{x:.1f},{y:.1f}".replace(".0", "") for x, y in kept) + ("Z" if closed else "")


def pieces(values: list[list[float]], step: float) -> list[list[list[float]]]:
    """The line, cut where points are missing; a point between two gaps becomes a dot."""
    cut: list[list[list[float]]] = []
    for point in values:
        if not cut or point[0] - cut[-1][-1][0] > 2.5 * step:
            cut.append([])
        cut[-1].append(point)
    return [piece if len(piece) > 1 else piece * 2 for piece in cut]


def _stat(panel: Json, found: list[Answer], w: int, h: int, span: Span) -> str:
    defaults, lines = panel["fieldConfig"]["defaults"], lines_of(found)
    if not lines:
        return f'<text class="s m" x="{w / 2}" y="{h / 2}">No data</text>'
    values = lines[0][1]
    colour = threshold_colour(values[-1][1], defaults["thresholds"]["steps"])
    top = max(value for _, value in values) or 1
    shape = [((at - span.start) / (span.end - span.start) * w, h - 3 - 24 * max(0, value) / top) for at, value in values]
    area = path([(shape[0][0], h - 2), *shape, (shape[-1][0], h - 2)], closed=True)
    return (
        f'<path d="{area}" fill="{colour}" fill-opacity=".2"/>'
        f'<text class="m" x="{w / 2}" y="{h / 2 + 14}" style="font-size:26px;fill:{colour}">{escaped(units.text(values[-1][1], defaults["unit"], defaults.get("decimals")))}</text>'
    )


def _stacked(lines: list[Line]) -> list[Line]:
    """Each line on top of those before it."""
    times = sorted({at for _, values in lines for at, _ in values})
    below, stacked = dict.fromkeys(times, 0.0), []
    for name, values in lines:
        mine = {at: value for at, value in values}
        for at in times:
            below[at] += mine.get(at, 0)
        stacked.append((name, [[at, below[at]] for at in times]))
    return stacked


def _lines(panel: Json, found: list[Answer], w: int, h: int, span: Span) -> str:
    defaults, lines = panel["fieldConfig"]["defaults"], lines_of(found)
    rows = max(1, len(lines) if len(lines) <= 3 else (min(len(lines), 12) + 1) // 2)
    left, upper, right, lower = 58, 26, w - 10, h - 22 - 13 * rows
    stacking, unit = defaults["custom"]["stacking"]["mode"], defaults["unit"]
    drawn = _stacked(lines) if stacking != "none" else lines
    limits = [step for step in defaults["thresholds"]["steps"][1:] if defaults["custom"]["thresholdsStyle"]["mode"] != "off"]
    highest = max((value for _, values in drawn for _, value in values), default=0)
    tick_values = units.ticks(defaults.get("max", highest), unit)
    top = tick_values[-1]

    def place(at: float, value: float) -> tuple[float, float]:
        return left + (at - span.start) / (span.end - span.start) * (right - left), lower - min(max(value, 0) / top, 1) * (lower - upper)

    parts = [_axis(tick_values, unit, lambda value: place(span.start, value)[1], left, right)]
    for colour, at in span.marks:
        x = place(at, 0)[0]
        parts.append(f'<path d="M{x:.1f},{upper}V{lower}" stroke="{COLOURS[colour]}" stroke-dasharray="2 3"/>')
    for step in limits:
        if step["value"] <= top:
            y = place(span.start, step["value"])[1]
            parts.append(f'<path d="M{left},{y:.1f}H{right}" stroke="{COLOURS[step["color"]]}" stroke-dasharray="5 4"/>')
    colours = _line_colours(panel, lines)
    base = [(at, 0.0) for at, _ in drawn[0][1]] if drawn else []
    for (_, values), colour in zip(drawn, colours, strict=True):
        if stacking != "none":
            outline = [place(at, value) for at, value in values] + [place(at, value) for at, value in reversed(base)]
            parts.append(f'<path d="{path(outline, closed=True)}" fill="{colour}" fill-opacity=".7"/>')
            base = [(at, value) for at, value in values]
        for piece in pieces(values, span.step) if stacking == "none" else []:
            parts.append(
                f'<path d="{path([place(at, value) for at, value in piece])}" fill="none" stroke="{colour}" stroke-width="1.4" stroke-linecap="round"/>'
            )
    if not lines:
        parts.append(f'<text class="s m" x="{w / 2}" y="{(upper + lower) / 2}">No data</text>')
    parts.append(
        f'<text class="s" x="{left}" y="{lower + 12}">0 s</text><text class="s e" x="{right}" y="{lower + 12}">{round(span.end - span.start)} s</text>'
    )
    parts.append(_legend(lines, colours, unit, w, lower + 26))
    return "".join(parts)


def _axis(tick_values: list[float], unit: str, height_of: Any, left: int, right: int) -> str:
    parts = []
    for tick in tick_values:
        y = height_of(tick)
        parts.append(
            f'<path class="g" d="M{left},{y:.1f}H{right}"/><text class="s e" x="{left - 4}" y="{y + 3:.1f}">{escaped(units.text(tick, unit))}</text>'
        )
    return "".join(parts)


def _line_colours(panel: Json, lines: list[Line]) -> list[str]:
    fixed = {
        override["matcher"]["options"]: COLOURS[override["properties"][0]["value"]["fixedColor"]] for override in panel["fieldConfig"]["overrides"]
    }
    return [fixed.get(name, PALETTE[i % len(PALETTE)]) for i, (name, _) in enumerate(lines)]


def _legend(lines: list[Line], colours: list[str], unit: str, w: int, y: int) -> str:
    """Up to three series below each other with their last and largest values, up to twelve in two columns with their last."""
    parts, columns = [], 1 if len(lines) <= 3 else 2
    half = (w - 8) // columns
    for i, ((name, values), colour) in enumerate(zip(lines[:12], colours, strict=False)):
        x, line = 8 + (i % columns) * half, y + 13 * (i // columns)
        figures = units.text(values[-1][1], unit)
        if columns == 1:
            figures += ", max " + units.text(max(value for _, value in values), unit)
        room = max(6, int((half - 34) / 5.6) - len(figures))
        parts.append(
            f'<rect x="{x}" y="{line - 8}" width="8" height="8" fill="{colour}"/><text class="s" x="{x + 12}" y="{line}">{escaped(shortened(name, room))}</text>'
            f'<text class="s e" x="{x + half - 14}" y="{line}">{escaped(figures)}</text>'
        )
    return "".join(parts)


def shortened(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def table_rows(panel: Json, found: list[Answer]) -> tuple[list[str], list[list[tuple[str, str]]]]:
    """Headings, and for each row the (text, colour) of its cells: what the panel's transformations make of the answers."""
    organize = panel["transformations"][-1]["options"]
    order = sorted(organize["indexByName"], key=organize["indexByName"].get)
    labels = [name for name in order if not name.startswith("Value")]
    overrides = {
        override["matcher"]["options"]: {prop["id"]: prop["value"] for prop in override["properties"]}
        for override in panel["fieldConfig"]["overrides"]
    }
    cells: dict[tuple[str, ...], dict[int, float]] = {}
    for i, (_, _, latest) in enumerate(found):
        for metric, value in latest:
            cells.setdefault(tuple(metric.get(label, "") for label in labels), {})[i] = value
    rows = []
    for key, values in sorted(cells.items()):
        row = [(text, "#333") for text in key]
        for i, (target, _, _) in enumerate(found):
            rules = overrides[target["legendFormat"]]
            steps = rules.get("thresholds", {}).get("steps")
            row.append(
                (units.text(values[i], rules["unit"]), threshold_colour(values[i], steps) if steps else "#333") if i in values else ("", "#333")
            )
        rows.append(row)
    return [organize["renameByName"][name] for name in order], rows


def _table(panel: Json, found: list[Answer], w: int, h: int, span: Span) -> str:
    del span
    headings, rows = table_rows(panel, found)
    step = (w - 16) / len(headings)
    parts = [
        f'<text class="s" style="font-weight:bold" x="{8 + i * step:.0f}" y="36">{escaped(heading)}</text>' for i, heading in enumerate(headings)
    ]
    room = (h - 44) // 16
    for number, row in enumerate(rows[:room]):
        y = 54 + 16 * number
        parts += [
            f'<text x="{8 + i * step:.0f}" y="{y}" style="fill:{colour}">{escaped(shortened(text, int(step / 6)))}</text>'
            for i, (text, colour) in enumerate(row)
        ]
    if not rows:
        parts.append(f'<text class="s m" x="{w / 2}" y="{h / 2}">No data</text>')
    elif len(rows) > room:
        parts.append(f'<text class="s e" x="{w - 8}" y="16">{len(rows) - room} more</text>')
    return "".join(parts)


def _note(panel: Json, found: list[Answer], w: int, h: int, span: Span) -> str:
    """Markdown, as far as notes use it: paragraphs and tables."""
    del found, span
    parts, y, room = [], 34, int((w - 16) / 6.1)
    for line in panel["options"]["content"].replace("**", "").replace("`", "").split("\n"):
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if set("".join(cells)) <= {"-"}:
                continue
            parts += [f'<text x="{8 + (0, 0.42, 0.5)[i] * (w - 16):.0f}" y="{y}">{escaped(cell)}</text>' for i, cell in enumerate(cells)]
            y += 15
            continue
        while line and y < h:
            cut = len(line) if len(line) <= room else line.rfind(" ", 0, room)
            parts.append(f'<text x="8" y="{y}">{escaped(line[:cut])}</text>')
            line, y = line[cut:].strip(), y + 15
        y += 4
    return "".join(parts)
