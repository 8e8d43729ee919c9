#!/usr/bin/env python3
"""What an invalidation by the HTTP API costs others, and whether it does what it says. See README.md.

  purge.py                        all parts, three rounds each; exit 1 when a bound is broken
  purge.py --only hard --rounds 1
  purge.py --json figures.json
"""

import argparse
import collections
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from harness import admin, servers

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GROWTH_GOAL_MB = 10
P99_GOAL = 2  # times what it was before
P99_NOISE_US = 100  # below which a p99 is the machine's own
CANCEL_GOAL = 1  # seconds
PAIR_GOAL_MS = 50
SOFT_SIGMAS = 4  # lives end at random: how many end within a second is a Poisson number
PROBE_SECONDS = 8
POLICIES = """policies:
  - {name: purged, match: ["purge:*"], near: {enabled: true, max_ttl: 60s}}
  - {name: soft, match: ["soft:*"], stampede: {coalesce: on}}
  - {name: pair, match: ["pair:*"], near: {enabled: true, max_ttl: 60s}}
"""


class Probe:
    """Another client of Redis, at a modest rate: `done()` gives its latencies."""

    def __init__(self, load, port, rate, seconds):
        command = [load, "--host", "127.0.0.1", "--port", str(port), "--prefix", "probe:", "--key-space", "1000", "--connections", "4",
                   "--rate", str(rate), "--warmup", "0.2", "--seconds", str(seconds)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)

    def done(self):
        figures = json.loads(self._process.communicate(timeout=120)[0])
        if figures["errors"] or figures["misses"] or figures["failure"]:
            raise servers.ServerError(f"the probe went wrong: {figures}")
        return figures


class Sampler(threading.Thread):
    """The sidecar's memory and the job's progress while it runs."""

    def __init__(self, rig, job):
        super().__init__(daemon=True)
        self._rig, self._job = rig, job
        self.peak = 0
        self.seen = []  # (seconds, state, progress, done)
        self.start()

    def run(self):
        api, began = self._rig.api(), time.perf_counter()
        while True:
            job = api.job(self._job)
            self.peak = max(self.peak, self._rig.resident_bytes())
            self.seen.append((time.perf_counter() - began, job["state"], job["progress"], job["done"]))
            if job["finished"]:
                return
            time.sleep(0.05)

    def steps(self):
        """How many different amounts were seen, or -1 if one went back."""
        done = [row[3] for row in self.seen]
        progress = [row[2] for row in self.seen]
        return len(set(done)) if done == sorted(done) and progress == sorted(progress) else -1


def fill(rig, arguments):
    direct = rig.direct()
    direct.ask("FLUSHALL", "SYNC")
    direct.ask("DEBUG", "POPULATE", arguments.keys - arguments.purged, "stay", 40)
    direct.ask("DEBUG", "POPULATE", arguments.purged, "purge", 40)
    direct.ask_all([("SET", f"probe:{number:012}", "v" * 100) for number in range(1000)])
    return direct


def cancelled(api, direct, name, purged):
    """Cancels the job when a third is done: (seconds until the answer, until it has ended, keys gone later than that)."""
    admin.wait_for(lambda: api.job(name)["done"] > purged / 3, 600, 0.02)
    asked = time.perf_counter()
    api.expect(200, "POST", f"/invalidations/{name}/cancel")
    acknowledged = time.perf_counter() - asked
    admin.wait_for(lambda: api.job(name)["finished"], every=0.001)
    effective = time.perf_counter() - asked
    left = direct.ask("DBSIZE")
    time.sleep(1)
    return acknowledged, effective, left - direct.ask("DBSIZE")


def finish(api, name):
    admin.wait_for(lambda: api.job(name)["finished"], 1200, 0.05)
    job = api.job(name)
    lines = api.report(name)
    return job, sum(line.get("done", 0) for line in lines if "cursor" in line and "state" not in line)


def held_up(direct):
    """Microseconds that Redis itself took for a page and for a batch, of 1,000 the longest, since the last reset."""
    lines = dict(line.split(":", 1) for line in direct.ask("INFO", "latencystats").split() if ":" in line)
    return {f"{name}_p999_us": float(lines[f"latency_percentiles_usec_{name}"].rsplit("p99.9=", 1)[1]) for name in ("scan", "unlink")}


def hard_round(rig, arguments):
    """1 of 3 keys go by pattern: first a third of them, until it is cancelled, then the rest."""
    direct, api = fill(rig, arguments), rig.api()
    stored = direct.ask("DBSIZE")
    target = {"kind": "pattern", "pattern": "purge:*", "mode": "hard"}
    direct.ask("CONFIG", "RESETSTAT")
    quiet = Probe(arguments.load, rig.redis_port, arguments.probe_rate, PROBE_SECONDS).done()
    preview, preview_seconds = api.preview(target)
    before = rig.resident_bytes()
    first = api.begin(preview, rate=arguments.rate)["id"]
    sampled = [Sampler(rig, first)]
    acknowledged, effective, late = cancelled(api, direct, first, arguments.purged)
    jobs = [finish(api, first)]
    second = api.begin(api.preview(target)[0], rate=arguments.rate)["id"]
    sampled.append(Sampler(rig, second))
    busy = Probe(arguments.load, rig.redis_port, arguments.probe_rate, min(PROBE_SECONDS, 0.5 * arguments.purged / arguments.rate)).done()
    still = api.job(second)["finished"] is None
    jobs.append(finish(api, second))
    for one in sampled:
        one.join(admin.PATIENCE)
    gone = stored - direct.ask("DBSIZE")
    wrong = abs(preview["estimated"] - arguments.purged) / arguments.purged
    counts = [job["deleted"] for job, _ in jobs]
    exact = sum(counts) == gone == arguments.purged and counts[0] + counts[1] == sum(job["matched"] for job, _ in jobs)
    return {
        "preview_seconds": preview_seconds, "preview_error": wrong, "preview_exact": preview["exact"],
        "cancel_acknowledged_ms": acknowledged * 1000, "cancel_effective_ms": effective * 1000, "late_keys": late,
        "report_exact": exact and all(listed == job["deleted"] for job, listed in jobs),
        "first_state": jobs[0][0]["state"], "second_state": jobs[1][0]["state"], "steps": min(one.steps() for one in sampled),
        "per_second": jobs[1][0]["per_second"], "seconds": jobs[1][0]["seconds"], "probe_within_purge": still,
        "growth_mb": (max(one.peak for one in sampled) - before) / 1e6,
        "p50_before_us": quiet["p50_us"], "p99_before_us": quiet["p99_us"], "p50_during_us": busy["p50_us"], "p99_during_us": busy["p99_us"],
        "p99_ratio": busy["p99_us"] / quiet["p99_us"], **held_up(direct),
    }


def judge_hard(rows):
    p99 = statistics.median(max(row["p99_during_us"], P99_NOISE_US) / max(row["p99_before_us"], P99_NOISE_US) for row in rows)
    return {
        "reports are exact": all(row["report_exact"] and row["late_keys"] == 0 for row in rows),
        "the first job was cancelled, the second done": all((row["first_state"], row["second_state"]) == ("cancelled", "done") for row in rows),
        "progress is seen live": all(row["steps"] > 5 and row["probe_within_purge"] for row in rows),
        f"a cancel takes effect within {CANCEL_GOAL} s": max(row["cancel_effective_ms"] for row in rows) < CANCEL_GOAL * 1000,
        f"the sidecar grows by less than {GROWTH_GOAL_MB} MB": max(row["growth_mb"] for row in rows) < GROWTH_GOAL_MB,
        f"p99 of another client within {P99_GOAL} of before": p99 <= P99_GOAL,
        "the preview is within 5 %": max(row["preview_error"] for row in rows) < 0.05,
    }


class App(threading.Thread):
    """Reads all soft keys in turn; what is missing it recomputes, which the origin counts."""

    def __init__(self, port, keys, share):
        super().__init__(daemon=True)
        self._link = admin.Link(port)
        self._keys = [f"soft:{number}" for number in range(share[0], keys, share[1])]
        self.recomputed = []  # when
        self.reads = 0
        self.stopping = False

    def run(self):
        at = 0
        while not self.stopping:
            key = self._keys[at % len(self._keys)]
            at += 1
            self.reads += 1
            if self._link.ask("GET", key) is None:
                self.recomputed.append(time.monotonic())
                self._link.ask("SET", key, "v", "EX", 3600)


def busiest_second(times):
    """The most of them within any second."""
    window, most = collections.deque(), 0
    for moment in sorted(times):
        window.append(moment)
        while window[0] <= moment - 1:
            window.popleft()
        most = max(most, len(window))
    return most


def soft_round(rig, arguments):
    rig.direct().ask("FLUSHALL", "SYNC")
    fill_link = rig.client()
    for first in range(0, arguments.soft_keys, 500):
        fill_link.ask_all([("SET", f"soft:{number}", "v", "EX", 3600) for number in range(first, min(first + 500, arguments.soft_keys))])
    apps = [App(rig.ports[0], arguments.soft_keys, (number, 4)) for number in range(4)]
    for app in apps:
        app.start()
    time.sleep(1)
    api = rig.api()
    preview, _ = api.preview({"kind": "policy", "policy": "soft", "mode": "soft"})
    job = api.begin(preview, rate=arguments.soft_rate, soft_seconds=5)["id"]
    done, _ = finish(api, job)
    time.sleep(7)
    for app in apps:
        app.stopping = True
    for app in apps:
        app.join(admin.PATIENCE)
    times = [moment for app in apps for moment in app.recomputed]
    return {"shortened": done["shortened"], "seconds": done["seconds"], "reads": sum(app.reads for app in apps), "recomputed": len(times),
            "busiest_second": busiest_second(times), "paced_rate": arguments.soft_rate}


def judge_soft(rows):
    return {
        "the origin is asked at most at the paced rate": all(row["busiest_second"] <= row["paced_rate"] + SOFT_SIGMAS * row["paced_rate"] ** 0.5 for row in rows),
        "each key was recomputed once at most": all(0 < row["recomputed"] <= row["shortened"] for row in rows),
    }


def pair_round(rig, arguments):
    """From the request that begins a job at one sidecar until the other no longer answers from its near cache."""
    api, near, direct = rig.api(0), rig.client(1), rig.direct()
    delays = []
    for number in range(arguments.pairs):
        key = f"pair:{number}"
        direct.ask("SET", key, "v")
        inspect = rig.api(1)
        admin.wait_for(lambda: (near.ask("GET", key), inspect.expect(200, "POST", "/keys/inspect", {"key": key})["near"]["state"])[1] == "fresh")
        preview, _ = api.preview({"kind": "key", "keys": [{"key": key}], "mode": "hard"})
        begun = []
        asking = threading.Thread(target=lambda ready=preview, into=begun: (into.append(time.perf_counter()), api.begin(ready)))
        asking.start()
        while near.ask("GET", key) is not None:
            pass
        delays.append((time.perf_counter() - begun[0]) * 1000)
        asking.join()
    return {"rounds": len(delays), "median_ms": statistics.median(delays), "max_ms": max(delays)}


def judge_pair(rows):
    return {f"another sidecar's near cache follows within {PAIR_GOAL_MS} ms": max(row["max_ms"] for row in rows) < PAIR_GOAL_MS}


PARTS = {"hard": (hard_round, judge_hard, 1), "soft": (soft_round, judge_soft, 1), "pair": (pair_round, judge_pair, 2)}


def show(part, rows, verdicts):
    print(f"{part}: {len(rows)} rounds, median [min to max]")
    for name, value in rows[0].items():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            values = [row[name] for row in rows]
            print(f"  {name:24} {statistics.median(values):>14,.2f}  [{min(values):,.2f} to {max(values):,.2f}]")
        else:
            print(f"  {name:24} {', '.join(str(row[name]) for row in rows)}")
    for what, met in verdicts.items():
        print(f"  {'met   ' if met else 'MISSED'} {what}")


def run(arguments, figures):
    for part in arguments.only:
        round_of, judge, sidecars = PARTS[part]
        with tempfile.TemporaryDirectory(prefix="herdgate-purge-") as directory:
            rig = None
            try:
                rig = admin.Rig(arguments.herdgate, directory, POLICIES, sidecars)
                rows = []
                for _ in range(arguments.rounds):
                    rows.append(round_of(rig, arguments))
            finally:
                if rig:
                    rig.stop()
        verdicts = judge(rows)
        show(part, rows, verdicts)
        figures[part] = {"rounds": rows, "met": verdicts}
    return all(met for part in figures.values() for met in part["met"].values())


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keys", type=int, default=3_000_000, help="in Redis")
    parser.add_argument("--purged", type=int, default=1_000_000, help="of them")
    parser.add_argument("--rate", type=int, default=50_000, help="keys a second at most (50,000)")
    parser.add_argument("--probe-rate", type=int, default=1000, help="GETs a second of the other client (1,000)")
    parser.add_argument("--soft-keys", type=int, default=5000)
    parser.add_argument("--soft-rate", type=int, default=500)
    parser.add_argument("--pairs", type=int, default=200, help="invalidations seen from another sidecar, in each round (200)")
    parser.add_argument("--herdgate", default=os.path.join(ROOT, "build", "release", "herdgate"))
    parser.add_argument("--load", help="the generator (herdgate_load beside --herdgate)")
    parser.add_argument("--json", help="write all figures to this file")
    arguments = parser.parse_args()
    arguments.herdgate = os.path.abspath(arguments.herdgate)
    arguments.load = arguments.load or os.path.join(os.path.dirname(arguments.herdgate), "herdgate_load")
    return arguments


def main():
    arguments, figures = parse_arguments(), {}
    try:
        met = run(arguments, figures)
    except (servers.ServerError, subprocess.SubprocessError, OSError) as error:
        print(f"purge.py: {error}", file=sys.stderr)
        return 2
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(figures, file, indent=1)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
