#!/usr/bin/env python3
"""Evaluates every expression of the dashboards and rules against a real Prometheus that scrapes real Herdgates under load and an injector, through a
reload, a refused one, a bump, invalidations, stampedes, an outage of Redis, pods of all outcomes and bad certificates. Each must be valid and return data; those that may not are listed with reasons in
may_be_empty.py.

live.py --herdgate FILE [--seconds N] [--render DIR] [--verbose]   ends with "N passed, N failed"; exit 1 if one failed
"""

import argparse
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

import expressions
import may_be_empty
import operate
import prometheus
import render
from load import Link, Load

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "clients"))
import servers  # noqa: E402  (it is beside other tests)
import webhook  # noqa: E402  (it imports servers)

DASHBOARDS = ROOT / "dashboards" / "grafana"
RULES = ROOT / "dashboards" / "rules"
README = ROOT / "sidecar" / "metrics" / "README.md"
RATE_INTERVAL = "6s"
# What happens when, in shares of the whole time.
INVALIDATION, PODS, RELOAD, MISTAKE, DOOMED, MENDED, BUMP, RENEWAL, OUTAGE, BACK, SOFT, ERRORS = (
    *(0.15, 0.20, 0.25, 0.30, 0.34, 0.40),
    *(0.48, 0.52, 0.56, 0.70, 0.84, 0.88),
)
PENDING_AT_LEAST = {
    "HerdgateUpstreamDown",
    "HerdgateConfigReloadFailed",
    "HerdgatePolicyRefusesCommands",
    "HerdgateConfigPendingRestart",
    "HerdgateInvalidationFailed",
    "HerdgateAuditUnwritten",
    "HerdgateTokensRefused",
    "HerdgateTokenFileRefused",
    "HerdgateInjectorCertificateExpiring",
    "HerdgateInjectorCertificateExpiringSoon",
    "HerdgateInjectorCertificateRefused",
    "HerdgateInjectorTemplateRefused",
    "HerdgateInjectorPodsRefused",
    "HerdgateInjectorPodsWithoutSidecar",
    "HerdgateInjectorRequestsMalformed",
}


@dataclasses.dataclass
class Tally:
    verbose: bool
    passed: int = 0
    failed: int = 0

    def check(self, good: bool, what: str) -> None:
        self.passed, self.failed = self.passed + good, self.failed + (not good)
        if not good or self.verbose:
            print(("ok: " if good else "FAILED: ") + what)


class Scene:
    """The processes, and what is done to them."""

    def __init__(self, started: servers.Servers, herdgate: str, folder: pathlib.Path):
        self.servers, self.binary, self.folder = started, herdgate, folder
        self.redis_port = started.redis()
        self.redis = started.processes[-1]
        self.config = folder / "herdgate.yaml"
        self.write_config()
        self.operators = operate.Operators(folder)
        self.endpoints = [
            started.herdgate(
                herdgate,
                f"redis://127.0.0.1:{self.redis_port}",
                ["--config", str(self.config), *self.operators.flags(servers.free_port())],
                f"herdgate-{i}",
            )
            for i in range(2)
        ]
        self.embedded = started.herdgate(herdgate, "memory://", ["--memory-max-bytes", "1MiB"], "herdgate-embedded")
        self.webhook = webhook.Webhook(started, herdgate, folder)
        self.endpoints.append(self.embedded)
        self.telemetry = [one.telemetry for one in (*self.endpoints, self.webhook.injector)]
        port = servers.free_port()
        started.start("prometheus", prometheus.command(prometheus.write_config(folder, RULES, self.telemetry), port))
        self.api = prometheus.Api(f"http://127.0.0.1:{port}")
        self.api.wait_until_ready()

    def write_config(self, loops: int = 2, change: tuple[str, str] = ("", "")) -> None:
        """Replaces the file as a ConfigMap's swap does, and tells the sidecars."""
        text = (pathlib.Path(__file__).parent / "herdgate.yaml").read_text(encoding="utf-8")
        text = text.replace("{upstream}", str(self.redis_port)).replace("{loops}", str(loops)).replace(*change)
        draft = self.config.with_suffix(".new")
        draft.write_text(text, encoding="utf-8")
        draft.rename(self.config)
        for process in self.servers.herdgates[:2]:
            process.send_signal(signal.SIGHUP)

    def bump(self) -> None:
        """Tries again on a machine that is too busy to answer in time."""
        for _ in range(5):
            done = subprocess.run([self.binary, "bump", str(self.config), "user"], check=False, capture_output=True, text=True, timeout=30)
            if done.returncode == 0:
                return
        raise SystemExit(f"herdgate bump: {done.stderr.strip()}")

    def store_what_is_doomed(self) -> None:
        link = Link(self.redis_port)
        link.pipeline(*[("SET", f"doomed:{number}", "x") for number in range(operate.DOOMED)])
        link.close()

    def lose_redis(self) -> None:
        self.redis.kill()
        self.redis.wait()

    def bring_redis_back(self) -> None:
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.redis_port), "--save", ""]
        servers.wait_for_pong(self.redis_port, self.servers.start("redis-server-back", command))

    def err(self) -> None:
        self.webhook.err()
        self.operators.err()

    def play(self, seconds: float) -> tuple[float, float]:
        """Runs the load and all events; the times of start and end."""
        events = [
            (0.0, self.store_what_is_doomed),
            (INVALIDATION, self.operators.forget_users),
            (PODS, self.webhook.ask),
            (RELOAD, lambda: self.write_config(change=("max_ttl: 5s", "max_ttl: 4s"))),
            (MISTAKE, lambda: self.write_config(change=("max_ttl", "max_tll"))),
            (DOOMED, self.operators.forget_what_is_doomed),
            (MENDED, lambda: self.write_config(loops=1, change=("name: doomed", "name: renamed"))),
            (BUMP, self.bump),
            (RENEWAL, self.webhook.renew_badly),
            (OUTAGE, self.lose_redis),
            (BACK, self.bring_redis_back),
            (SOFT, self.operators.forget_softly),
            (ERRORS, self.err),
            (1.0, lambda: None),
        ]
        load = Load([endpoint.port for endpoint in self.endpoints[:2]], self.redis_port, self.embedded.port)
        start = time.time()
        load.start()
        for share, event in events:
            time.sleep(max(0.0, start + share * seconds - time.time()))
            event()
        load.stop()
        if load.turns < 20 * seconds:
            raise SystemExit(f"the load made only {load.turns} turns")
        return start, time.time()

    def exported(self) -> set[str]:
        """The names of all metrics of the sidecars and the injector."""
        names: set[str] = set()
        for port in self.telemetry:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                names |= set(re.findall(r"(?m)^# TYPE (\S+)", answer.read().decode()))
        return names


def check_panels(tally: Tally, api: prometheus.Api, asked: list[expressions.Query], start: float, end: float) -> render.Answers:
    """Evaluates all queries of all panels; returns the answers for pictures."""
    answers: render.Answers = {}
    used: set[may_be_empty.Key] = set()
    for query in asked:
        try:
            found = api.range(query.expression, start, end)
        except prometheus.Refused as refusal:
            tally.check(False, f"{query.name}: {refusal}: {query.expression}")
            continue
        reason = may_be_empty.PANELS.get(key := (query.dashboard, query.panel["title"], query.target.get("legendFormat", "")))
        used |= {key} if reason else set()
        tally.check(bool(found) or reason is not None, query.name if found else f"{query.name} returned nothing: {query.expression}")
        latest = api.instant(query.expression, end) if query.target.get("instant") else []
        answers.setdefault((query.dashboard, query.panel["id"]), []).append((query.target, found, latest))
        if tally.verbose and found and all(value == 0 for series in found for _, value in series["values"]):
            print(f"always 0: {query.name}")
    for key in may_be_empty.PANELS.keys() - used:
        tally.check(False, f"may_be_empty.py lists {key}, which is no query")
    return answers


def check_rules(tally: Tally, api: prometheus.Api, start: float, end: float) -> None:
    rules = api.rules()
    tally.check(len(rules) > 0, "the rules are loaded")
    for rule in rules:
        tally.check(rule["health"] == "ok", f"rule {rule['name']}: {rule.get('lastError') or 'evaluated'}")
        if rule["type"] == "recording":
            tally.check(bool(api.range(rule["name"], start, end)), f"rule {rule['name']} has recorded")
    seen = {series["metric"]["alertname"] for series in api.range("ALERTS", start, end)}
    for name in sorted(PENDING_AT_LEAST):
        tally.check(name in seen, f"alert {name} became pending")


def check_names(tally: Tally, api: prometheus.Api, texts: list[str], exported: set[str]) -> None:
    """Every metric that is named exists; every metric that exists is used or documented."""
    named = {metric for text in texts for metric in expressions.metrics(text)}
    known = set(api.label_values("", "__name__"))
    for metric in sorted(named - may_be_empty.FOREIGN):
        tally.check(metric in known, f"{metric} exists")
    used = {expressions.family(metric) for metric in named} | named
    documented = set(re.findall(r"(?m)^\| `(\w+)` \|", README.read_text(encoding="utf-8")))
    for metric in sorted(exported):
        tally.check(metric in used or metric in documented, f"{metric} is used or documented")
    print(f"{len(exported)} metrics exported, {len(exported & used)} of them used, {len(exported & documented)} documented")


def check_try(tally: Tally, telemetry: int, drawn: pathlib.Path) -> None:
    """dashboards/try.sh against a sidecar: it finds it, loads the rules, and at Ctrl-C draws the dashboards and leaves nothing behind."""
    port = servers.free_port()
    words = [
        str(ROOT / "dashboards" / "try.sh"),
        "--telemetry",
        f"127.0.0.1:{telemetry}",
        "--port",
        str(port),
        "--seconds",
        "60",
        "--draw",
        str(drawn),
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        api = prometheus.Api(f"http://127.0.0.1:{port}")
        api.wait_until_ready()
        deadline = time.monotonic() + 15
        while not (up := api.instant("up", time.time())) and time.monotonic() < deadline:
            time.sleep(0.5)
        tally.check([value for _, value in up] == [1.0], "try.sh scrapes the sidecar")
        tally.check(len(api.rules()) > 40, "try.sh loads the rules")
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    tally.check(process.returncode == 0 and f":{port}/alerts" in said, "try.sh says where to look, and ends at Ctrl-C")
    tally.check(len(list(drawn.glob("*.svg"))) == len(list(DASHBOARDS.glob("*.json"))), "try.sh draws the dashboards")
    try:
        api.instant("up", time.time())
        tally.check(False, "try.sh leaves no Prometheus behind")
    except OSError:
        tally.check(True, "try.sh leaves no Prometheus behind")


def check(options: argparse.Namespace, scene: Scene) -> Tally:
    tally = Tally(options.verbose)
    start, end = scene.play(options.seconds)
    api, dashboards = scene.api, expressions.load(DASHBOARDS)
    whole = f"{round(end - start)}s"
    asked = expressions.queries(dashboards, RATE_INTERVAL, whole)
    answers = check_panels(tally, api, asked, start, end)
    marks = expressions.annotations(dashboards, RATE_INTERVAL, whole)
    marked = [(mark, api.range(expression, start, end)) for _, mark, expression in marks]
    for (where, _, _), (_, found) in zip(marks, marked, strict=True):
        tally.check(bool(found), where)
    for where, selector, label in expressions.variable_queries(dashboards):
        tally.check(bool(api.label_values(selector, label)), where)
    check_rules(tally, api, start, end)
    rule_texts = [rule["query"] for rule in api.rules()]
    check_names(tally, api, [query.expression for query in asked] + [expression for _, _, expression in marks] + rule_texts, scene.exported())
    print(
        f"{len(dashboards)} dashboards, {sum(len(d['panels']) for d in dashboards.values())} panels and rows, {len(asked)} queries, {len(rule_texts)} rules"
    )
    check_try(tally, scene.embedded.telemetry, scene.folder / "drawn")
    if options.render:
        span = render.Span(start, end)
        render.write(pathlib.Path(options.render), dashboards, answers, span._replace(marks=render.marks_of(marked, span)))
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--herdgate", required=True, help="the program")
    parser.add_argument("--seconds", type=float, default=75, help="how long the load runs")
    parser.add_argument("--render", metavar="DIR", help="draw each dashboard there, as SVG")
    parser.add_argument("--logs", default=str(ROOT / "build" / "dashboards"), help="where the processes' logs go")
    parser.add_argument("--verbose", action="store_true", help="name the checks that passed, too")
    options = parser.parse_args()
    os.makedirs(options.logs, exist_ok=True)
    started = servers.Servers(options.logs)
    with tempfile.TemporaryDirectory(prefix="herdgate-dashboards-") as folder:
        try:
            tally = check(options, Scene(started, options.herdgate, pathlib.Path(folder)))
        finally:
            started.stop()
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
