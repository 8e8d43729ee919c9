#!/usr/bin/env python3
"""Compares Herdgate with direct Redis and with other proxies, in interleaved rounds. See README.md.

  run.py                                  everything (about half an hour)
  run.py --only get_p1 cpu --rounds 3     some workloads
  run.py --list                           the workloads and their goals
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile

from harness import footprint, machine, measure, report, servers, workloads

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MEMORY_ROUNDS = 3  # at most: each takes a fresh process and many seconds


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--only", nargs="+", metavar="WORKLOAD", choices=workloads.ALL, help="these workloads instead of all")
    add("--targets", nargs="*", metavar="NAME", default=servers.STANDARD, choices=servers.STANDARD,
        help=f"these instead of all of {' '.join(servers.STANDARD)}; direct is always there, extras too")
    add("--extra", nargs="+", metavar="NAME[:LOOPS]=WHAT", default=[],
        help="one more target: HOST:PORT of this machine, or a command that holds {port} and {upstream}")
    add("--rounds", type=int, default=5, help="rounds per workload (5)")
    add("--seconds", type=float, default=1.5, help="measured seconds per run (1.5)")
    add("--warmup", type=float, default=0.3, help="seconds before them (0.3)")
    add("--settle", type=float, default=4, help="memory: seconds after a burst (4)")
    add("--json", metavar="FILE", help="write all samples, figures and verdicts")
    add("--check", action="store_true", help="exit with 1 when a goal is missed or a judged target did not run")
    add("--list", action="store_true", help="show the workloads and goals, run nothing")
    add("--herdgate", default=os.path.join(ROOT, "build", "release", "herdgate"), help="build/release/herdgate")
    add("--load", help="the generator (herdgate_load beside --herdgate, else build/release/herdgate_load)")
    add("--redis-server", default="redis-server")
    add("--redis-port", type=int, help="port of the Redis that is started (a free one)")
    add("--generator-threads", type=int, default=2, help="threads of the generator (2)")
    add("--max-foreign", type=float, default=0.25, help="cores that others may use before a run is repeated (0.25)")
    add("--retries", type=int, default=3, help="how often at most (3)")
    add("--no-pin", action="store_true", help="leave the cores to the scheduler")
    return parser.parse_args()


def list_workloads():
    for name in workloads.ALL:
        title = workloads.LOADS[name].title if name in workloads.LOADS else {
            "cpu": "CPU time per operation, from the rounds of get_p1",
            "near_cost": "the near cache's memory per entry, and the hot-key sketch's share of a GET",
            "memory": "resident memory: idle, 500 connections, after bursts of depth 64",
            "start": "time from start to the first PONG",
        }[name]
        print(f"{name:14} {title}")
        for goal in workloads.GOALS:
            if goal.workload == name:
                loops = f" with {goal.loops} loop(s)" if goal.loops else ""
                print(f"{'':14}   goal: {workloads.FIGURES[goal.figure]} {goal.text()}{loops}")


def find_generator(arguments):
    beside = os.path.join(os.path.dirname(arguments.herdgate), "herdgate_load")
    for path in (arguments.load, beside, os.path.join(ROOT, "build", "release", "herdgate_load")):
        if path and os.access(path, os.X_OK):
            return path
    raise servers.ServerError("herdgate_load is not built: cmake --preset release && cmake --build --preset release")


class Run:
    """One invocation: the servers, and what has been measured so far."""

    def __init__(self, arguments, directory):
        self.arguments = arguments
        self.generator = find_generator(arguments)
        self.micro = os.path.join(os.path.dirname(self.generator), "tests", "bench", "micro", "micro_cache")
        self.layout = machine.choose_layout(os.sched_getaffinity(0), pin=not arguments.no_pin)
        self.fleet = servers.Fleet(directory, self.layout, arguments)
        self.redis = self.fleet.redis()
        self.proxies = self.fleet.proxies()
        self.meter = measure.Meter(self.generator, self.layout, self.redis, arguments)
        self.samples = {}  # {workload: {target: [sample]}}
        self.figures = {}  # {workload: {target: {figure: spread}}}

    def start(self):
        self.redis.start()
        self.meter.preload()
        for proxy in list(self.proxies):
            try:
                proxy.start()
                if proxy.kind == "policies":
                    self.meter.preload(proxy, (workloads.SMALL,))
                if proxy.kind in servers.STAMPEDES:
                    self.meter.preload(proxy, (workloads.PAGES, workloads.HOT_PAGES), workloads.PAGE_TTL)
            except servers.ServerError as error:
                self._skip(proxy, str(error))

    def stop(self):
        for server in (*self.proxies, self.redis):
            server.stop()

    def load(self, name):
        """Measures a load once, however many workloads read it."""
        if name in self.samples:
            return
        load = workloads.LOADS[name]
        self.samples[name] = measure.run_rounds(self.meter, load, self.targets_of(load), self.arguments.rounds)
        self.figures[name] = report.load_figures(self.samples[name], load.against)

    def targets_of(self, load):
        if load.against:
            named = {target for pair in load.against for target in pair}
            return [proxy for proxy in self.proxies if proxy.name in named]
        takes = {"policies": load.policies, "near": load.near, "extra": True, **dict.fromkeys(servers.STAMPEDES, False)}
        return [self.redis, *(proxy for proxy in self.proxies if takes.get(proxy.kind, not load.near))]

    def workload(self, name):
        """The workload's markdown."""
        if name in workloads.LOADS:
            self.load(name)
            table = report.against_table if workloads.LOADS[name].against else report.load_table
            return table(workloads.LOADS[name], self.samples[name], self.figures[name])
        if name == "cpu":
            self.load(workloads.CPU_LOAD)
            self.figures["cpu"] = self.figures[workloads.CPU_LOAD]
            return report.cpu_table(self.samples[workloads.CPU_LOAD], self.figures["cpu"])
        if name == "near_cost":
            self.load(workloads.SKETCH_LOAD)
            self.figures[name] = footprint.near_cost(self.micro, self.samples[workloads.SKETCH_LOAD])
            return report.near_cost_table(self.figures[name])
        self.footprint(name)
        return report.memory_table(self.figures[name]) if name == "memory" else report.start_table(self.figures[name])

    def footprint(self, name):
        """Memory or start time of fresh processes. `direct` is a Redis of its own: the upstream keeps running."""
        fresh_redis = self.fleet.redis(port=servers.free_port())
        self.samples[name] = {}
        for server in (fresh_redis, *self.proxies):
            if not server.startable or server.kind in ("policies", "near", *servers.STAMPEDES):
                continue
            try:
                self.samples[name][server.name] = self._footprint_rounds(name, server)
            except (servers.ServerError, OSError) as error:
                print(f"!! {server.name}: {error}", file=sys.stderr)
                self.samples[name][server.name] = []
        fresh_redis.stop()
        self.figures[name] = {
            target: {key: report.spread([one[key] for one in rounds]) for key in (rounds[0] if rounds else {})}
            for target, rounds in self.samples[name].items()
        }

    def _footprint_rounds(self, name, server):
        if name == "start":
            return footprint.start_times(server)
        rounds = min(self.arguments.rounds, MEMORY_ROUNDS)
        return [footprint.memory(server, self.generator, self.layout, self.arguments.settle) for _ in range(rounds)]

    def targets(self):
        all_servers = (self.redis, *self.proxies)
        return [{"name": server.name, "kind": server.kind, "loops": server.loops} for server in all_servers]

    def verdicts(self):
        return report.judge(self.figures, self.targets())

    def _skip(self, proxy, why):
        self.fleet.skipped[proxy.name] = why
        proxy.stop()
        self.proxies.remove(proxy)


def environment(run):
    names = ("rounds", "seconds", "warmup", "settle", "generator_threads", "max_foreign", "retries")
    settings = {name: getattr(run.arguments, name) for name in names}
    versions = {"redis": servers.version(run.arguments.redis_server, "--version"),
                "twemproxy": servers.version("nutcracker", "-V"), "haproxy": servers.version("haproxy", "-v"),
                "herdgate": servers.version(run.arguments.herdgate, "--version")}
    parties = ("redis", "proxy", "proxy_two", "generator")
    cores = {name: sorted(getattr(run.layout, name)) for name in parties if getattr(run.layout, name)}
    return {"machine": machine.describe(), "pinned": cores, "remark": run.layout.remark, "versions": versions,
            "settings": settings, "skipped": run.fleet.skipped}


def print_heading(around):
    host = around["machine"]
    print(f"# {host['cores']} cores, {host['cpu']}, kernel {host['kernel']}")
    print(", ".join(f"{name} {version}" for name, version in around["versions"].items() if version))
    cores = ", ".join(f"{who} {at}" for who, at in around["pinned"].items()) or "any"
    print(f"Cores: {cores} ({around['remark']})")
    for name, why in around["skipped"].items():
        print(f"SKIPPED {name}: {why}")


def write_json(path, run, around):
    document = {"schema": 1, **around, "targets": run.targets(), "samples": run.samples, "figures": run.figures,
                "verdicts": run.verdicts()}
    with open(path, "w") as file:
        json.dump(document, file, indent=1)
        file.write("\n")


def execute(run):
    arguments = run.arguments
    run.start()
    around = environment(run)
    print_heading(around)
    for name in arguments.only or workloads.ALL:
        text = run.workload(name)
        title = workloads.LOADS[name].title if name in workloads.LOADS else name
        print(f"\n## {name}" + (f": {title}" if title != name else "") + f"\n{text}", flush=True)
        if arguments.json:
            write_json(arguments.json, run, around)
    verdicts = run.verdicts()
    if verdicts:
        print("\n## Against the goals\n" + report.verdict_table(verdicts))
    unjudged = set(run.fleet.skipped) - set(servers.PEERS)
    return not unjudged and all(row["verdict"].startswith("pass") for row in verdicts)


def main():
    arguments = parse_arguments()
    if arguments.list:
        list_workloads()
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped
    with tempfile.TemporaryDirectory(prefix="herdgate-bench-") as directory:
        run = None
        try:
            run = Run(arguments, directory)
            met = execute(run)
        except (servers.ServerError, subprocess.TimeoutExpired) as error:
            print(f"run.py: {error}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            return 130
        finally:
            if run:
                run.stop()
    return 1 if arguments.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
