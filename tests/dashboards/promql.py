"""Reads PromQL as far as the checks need it: which series an expression selects, with which matchers and range, inside which function.

Variables of Grafana ($job, ${job}, $__rate_interval) may stand in strings and in ranges. What Prometheus itself thinks of an expression is asked in
the live check; here an expression is wrong if it can't be cut into tokens, its brackets don't match, or it calls what is no function.
"""

import dataclasses
import re

TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<variable>\$\{\w+(?::\w+)?\}|\$\w+)
  | (?P<number>0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.]))
  | (?P<duration>(?:\d+(?:ms|[smhdwy]))+)
  | (?P<name>[A-Za-z_:][\w:]*)
  | (?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){}\[\],@:])
""",
    re.X,
)
AGGREGATORS = {"sum", "min", "max", "avg", "group", "stddev", "stdvar", "count", "count_values", "bottomk", "topk", "quantile"}
FUNCTIONS = AGGREGATORS | {
    "abs",
    "absent",
    "absent_over_time",
    "avg_over_time",
    "ceil",
    "changes",
    "clamp",
    "clamp_max",
    "clamp_min",
    "count_over_time",
    "day_of_month",
    "day_of_week",
    "days_in_month",
    "delta",
    "deriv",
    "exp",
    "floor",
    "histogram_quantile",
    "histogram_avg",
    "histogram_count",
    "histogram_sum",
    "histogram_fraction",
    "hour",
    "idelta",
    "increase",
    "irate",
    "label_join",
    "label_replace",
    "last_over_time",
    "ln",
    "log10",
    "log2",
    "max_over_time",
    "min_over_time",
    "minute",
    "month",
    "predict_linear",
    "present_over_time",
    "quantile_over_time",
    "rate",
    "resets",
    "round",
    "scalar",
    "sgn",
    "sort",
    "sort_desc",
    "sqrt",
    "stddev_over_time",
    "stdvar_over_time",
    "sum_over_time",
    "time",
    "timestamp",
    "vector",
    "year",
}
LABEL_LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
WORDS = LABEL_LISTS | {"and", "or", "unless", "bool", "offset", "inf", "nan", "start", "end"}
CLOSING = {")": "(", "]": "[", "}": "{"}


class Wrong(ValueError):
    """The expression can't be read."""


@dataclasses.dataclass
class Selector:
    metric: str
    matchers: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)  # label, operator, value
    range: str | None = None
    function: str | None = None  # the innermost one around it

    def matches(self, label: str, operator: str, value: str) -> bool:
        return (label, operator, value) in self.matchers


def tokens(text: str) -> list[tuple[str, str]]:
    """(kind, text) of all tokens but space."""
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise Wrong(f"can't read it from {text[at : at + 20]!r} on")
        if match.lastgroup != "space":
            found.append((str(match.lastgroup), match[0]))
        at = match.end()
    return found


def selectors(text: str) -> list[Selector]:
    """All series that the expression selects, in the order of the text."""
    words = tokens(text)
    if not words:
        raise Wrong("it is empty")
    _check_brackets(words)
    found: list[Selector] = []
    calls: list[str | None] = []  # for each open parenthesis: its function, "" for a list of labels, None for grouping
    at = 0
    while at < len(words):
        kind, word = words[at]
        before = words[at - 1][1] if at else ""
        if word == "(":
            calls.append("" if before in LABEL_LISTS else _caller(words, at))
        elif word == ")":
            calls.pop()
        elif (kind == "name" and word not in WORDS and not (calls and calls[-1] == "") and not _calls(words, at)) or word == "{":
            selector, at = _selector(words, at)
            selector.function = next((call for call in reversed(calls) if call), None)
            found.append(selector)
            continue
        at += 1
    return found


def _check_brackets(words: list[tuple[str, str]]) -> None:
    stack: list[str] = []
    for kind, word in words:
        if kind == "sign" and word in "([{":
            stack.append(word)
        elif kind == "sign" and word in CLOSING and (not stack or stack.pop() != CLOSING[word]):
            raise Wrong("its brackets don't match")
    if stack:
        raise Wrong("its brackets don't match")


def _calls(words: list[tuple[str, str]], at: int) -> bool:
    """Whether the name at `at` is a function's or an aggregator's; an aggregator's labels may stand before what it adds up."""
    name, following = words[at][1], words[at + 1][1] if at + 1 < len(words) else ""
    if following == "(":
        if name not in FUNCTIONS:
            raise Wrong(f"{name} is no function")
        return True
    return name in AGGREGATORS and following in LABEL_LISTS


def _caller(words: list[tuple[str, str]], at: int) -> str | None:
    """Whose parenthesis opens at `at`: rate(, sum (, sum by (a) (."""
    if at and words[at - 1][1] in FUNCTIONS:
        return words[at - 1][1]
    if at and words[at - 1][1] == ")":
        back = at - 1
        while back and words[back][1] != "(":
            back -= 1
        if back >= 2 and words[back - 1][1] in LABEL_LISTS and words[back - 2][1] in AGGREGATORS:
            return words[back - 2][1]
    return None


def _selector(words: list[tuple[str, str]], at: int) -> tuple[Selector, int]:
    """The selector that begins at `at`, and where the text goes on."""
    selector = Selector("")
    if words[at][0] == "name":
        selector.metric = words[at][1]
        at += 1
    if at < len(words) and words[at][1] == "{":
        at += 1
        while words[at][1] != "}":
            if words[at][1] == ",":
                at += 1
                continue
            label, operator, value = (word for _, word in words[at : at + 3])
            if operator not in {"=", "!=", "=~", "!~"} or words[at + 2][0] != "string":
                raise Wrong(f"{label} {operator} is no matcher")
            selector.matchers.append((label, operator, value[1:-1]))
            at += 3
        at += 1
    if at < len(words) and words[at][1] == "[":
        end = next(i for i in range(at, len(words)) if words[i][1] == "]")
        selector.range = "".join(word for _, word in words[at + 1 : end])
        at = end + 1
    return selector, at
