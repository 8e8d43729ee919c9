"""A Prometheus of its own for the live check, and its HTTP API."""

import json
import pathlib
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

Json = dict[str, Any]
Series = dict[str, Any]  # "metric": labels, "values": [[time, text], ...]

CONFIG = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}/*.yaml"]
scrape_configs:
  - job_name: herdgate
    static_configs:
{targets}
"""


class Refused(Exception):
    """Prometheus answered with an error; its words."""


def write_config(folder: pathlib.Path, rules: pathlib.Path, telemetry: list[int]) -> pathlib.Path:
    """A configuration in `folder` that scrapes the ports and evaluates copies of the rules every second."""
    copies = folder / "rules"
    copies.mkdir()
    for path in rules.glob("*.yaml"):
        (copies / path.name).write_text(re.sub(r"(?m)^    interval: .*\n", "", path.read_text(encoding="utf-8")), encoding="utf-8")
    targets = "\n".join(
        f'      - {{targets: ["127.0.0.1:{port}"], labels: {{namespace: shop, instance: web-{i}}}}}' for i, port in enumerate(telemetry)
    )
    config = folder / "prometheus.yml"
    config.write_text(CONFIG.format(rules=copies, targets=targets), encoding="utf-8")
    return config


def command(config: pathlib.Path, port: int) -> list[str]:
    return [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={config.parent / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.tsdb.retention.time=1h",
        "--log.level=warn",
    ]


class Api:
    def __init__(self, url: str):
        self._base = url.rstrip("/")

    def get(self, path: str, **words: object) -> Any:
        """What the API answers; raises Refused with its error."""
        data = urllib.parse.urlencode({key: value for key, value in words.items() if value is not None}).encode()
        try:
            with urllib.request.urlopen(f"{self._base}{path}" + (f"?{data.decode()}" if data else ""), timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise Refused(json.load(error).get("error", str(error))) from None

    def wait_until_ready(self, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                with urllib.request.urlopen(f"{self._base}/-/ready", timeout=2):
                    return
            except OSError:
                if time.monotonic() > deadline:
                    raise SystemExit("prometheus did not become ready") from None
                time.sleep(0.1)

    def range(self, expression: str, start: float, end: float, step: float = 1) -> list[Series]:
        """Series with finite values only."""
        found = self.get("/api/v1/query_range", query=expression, start=start, end=end, step=step)["result"]
        for series in found:
            series["values"] = [[at, float(value)] for at, value in series["values"] if value not in {"NaN", "+Inf", "-Inf"}]
        return [series for series in found if series["values"]]

    def instant(self, expression: str, at: float) -> list[tuple[dict[str, str], float]]:
        answer = self.get("/api/v1/query", query=expression, time=at)
        if answer["resultType"] == "scalar":
            return [({}, float(answer["result"][1]))]
        return [(series["metric"], float(series["value"][1])) for series in answer["result"] if series["value"][1] != "NaN"]

    def label_values(self, selector: str, label: str) -> list[str]:
        return self.get(f"/api/v1/label/{label}/values", **({"match[]": selector} if selector else {}))

    def rules(self) -> list[Json]:
        return [rule for group in self.get("/api/v1/rules")["groups"] for rule in group["rules"]]
