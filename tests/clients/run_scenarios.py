"""Runs the client scenarios against one endpoint, several at a time, and prints one line for each.

By default the endpoint is a fresh `herdgate serve` in front of a fresh redis-server. Every scenario gets database
numbers and a key prefix of its own. Exit code 1 if one failed; with CI=true a missing tool is a failure too.
"""

import argparse
import concurrent.futures
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import policy_watch
from scenarios import SCENARIOS, copy_programs

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SCENARIO_SECONDS = 150
LEAST_NEAR_HITS = 20  # of all scenarios together, with --near
IN_CI = os.environ.get("CI") == "true"


def arguments():
    parser = argparse.ArgumentParser(prog="run.sh", description="Real Redis clients through Herdgate.")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--endpoint", metavar="HOST:PORT", help="use what listens there; flushes its databases 1 to 14")
    where.add_argument("--direct", action="store_true", help="a fresh redis-server, without Herdgate")
    where.add_argument("--memory", action="store_true", help="Herdgate on its embedded store: the subset it promises")
    where.add_argument("--policies", action="store_true", help="with policies.yaml: frameworks' caches, and queues beside them")
    where.add_argument("--near", action="store_true", help="--policies with policies_near.yaml: the same, and hot reads answered by Herdgate")
    herdgate = os.path.join(ROOT, "build", "release", "herdgate")
    parser.add_argument("--herdgate", metavar="FILE", default=herdgate, help="the binary (build/release/herdgate)")
    parser.add_argument("--only", metavar="NAME", action="append", help="this scenario, or those that start so")
    parser.add_argument("--jobs", type=int, default=4, help="how many scenarios at a time, 1 to 7 (4)")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "clients"), help=argparse.SUPPRESS)
    parser.add_argument("--no-install", action="store_true", help="use what is installed")
    parser.add_argument("--list", action="store_true", help="print the scenarios, run none")
    return parser.parse_args()


class Servers:
    """The processes in front of which the scenarios run. Stopped in reverse order, whatever happens."""

    def __init__(self, logs):
        self.logs = logs
        self.folder = tempfile.mkdtemp(prefix="herdgate-clients-")
        self.processes = []

    def start(self, name, command):
        with open(os.path.join(self.logs, name + ".log"), "wb") as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder))
        return self.processes[-1]

    def redis(self):
        port = free_port()
        options = {"bind": "127.0.0.1", "port": port, "save": "", "appendonly": "no", "repl-diskless-sync-delay": 0}
        words = [str(word) for name, value in options.items() for word in ("--" + name, value)]
        wait_for_pong(port, self.start("redis-server", ["redis-server", *words]))
        return port

    def herdgate(self, binary, upstream, flags=(), name="herdgate"):
        endpoint = Endpoint("127.0.0.1", free_port(), free_port())
        listen = f"tcp://127.0.0.1:{endpoint.port}"
        command = [binary, "serve", "--listen", listen, "--upstream", upstream, "--telemetry", f"127.0.0.1:{endpoint.telemetry}", *flags]
        endpoint.process = self.start(name, command)
        wait_for_pong(endpoint.port, endpoint.process)
        return endpoint

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Endpoint:
    """Where scenarios connect to, and what serves it where this program has started it."""

    def __init__(self, host, port, telemetry=None):
        self.host, self.port, self.telemetry, self.process = host, port, telemetry, None

    def near_hits(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.telemetry}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        hits = ('herdgate_lookups_total{outcome="near_hit"', 'herdgate_lookups_total{outcome="negative_hit"')
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(hits))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_pong(port, process, seconds=15):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as link:
                link.sendall(b"PING\r\n")
                if link.recv(64).startswith(b"+PONG"):
                    return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"{process.args[0]} did not answer PING on port {port} (exit code {process.poll()})")


def start_endpoints(options, servers):
    """An endpoint for each slot, mostly one for all, and the port of Redis behind them or None."""
    if options.endpoint:
        host, _, port = options.endpoint.rpartition(":")
        return [Endpoint(host or "127.0.0.1", int(port))] * options.jobs, None
    if options.direct:
        return [Endpoint("127.0.0.1", servers.redis())] * options.jobs, None
    if not os.access(options.herdgate, os.X_OK):
        raise SystemExit(f"no Herdgate at {options.herdgate}: build it, or name it with --herdgate")
    redis = None if options.memory else servers.redis()
    upstream = f"redis://127.0.0.1:{redis}" if redis else "memory://"
    binary = os.path.abspath(options.herdgate)
    if options.near:
        # Near is only the database of the upstream's URL: each slot's has a Herdgate of its own.
        flags = ["--config", os.path.join(HERE, "policies_near.yaml")]
        slots = range(options.jobs)
        return [servers.herdgate(binary, f"{upstream}/{database(slot)}", flags, f"herdgate-{slot}") for slot in slots], redis
    flags = ["--config", os.path.join(HERE, "policies.yaml")] if options.policies else []
    return [servers.herdgate(binary, upstream, flags)] * options.jobs, redis


def chosen(options):
    found = [s for s in SCENARIOS if (s.memory or not options.memory) and (s.policies or not options.policies)]
    if options.only:
        found = [s for s in found if any(s.name == name or s.name.startswith(name) for name in options.only)]
        if not found:
            raise SystemExit(f"no such scenario: {', '.join(options.only)} (see --list)")
    return found


def database(slot):
    """Two databases a slot: a scenario may flush its own, and move between them. Database 0 stays untouched."""
    return 2 * slot + 1


def environment(scenario, options, endpoint, slot):
    return {
        **os.environ,
        "REDIS_HOST": endpoint.host,
        "REDIS_PORT": str(endpoint.port),
        "REDIS_DB": str(database(slot)),
        "REDIS_OTHER_DB": str(database(slot) + 1),
        "KEY_PREFIX": scenario.name + ":",
        "MEMORY": "1" if options.memory else "",
        "POLICIES": scenario.policies if options.policies else "",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def run(scenario, options, endpoints, redis, slots, logs):
    """(outcome, seconds, remark) of one scenario; outcome is ok, FAILED or skip."""
    lacking = scenario.lacks(options.build)
    if lacking:
        return ("FAILED" if IN_CI else "skip"), 0.0, f"missing: {lacking}"
    slot = slots.get()
    path = os.path.join(logs, scenario.name + ".log")
    started = time.monotonic()
    watch = None
    try:
        if options.policies:
            watch = policy_watch.Watch(redis, database(slot), scenario.policies, scenario.unmatched_key)
        with open(path, "wb") as log:
            process = subprocess.Popen(
                scenario.command(HERE, options.build), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=environment(scenario, options, endpoints[slot], slot), cwd=options.build, start_new_session=True,
            )
        try:
            code = process.wait(SCENARIO_SECONDS)
            remark = f"exit code {code}"
        except subprocess.TimeoutExpired:
            code, remark = 1, f"still running after {SCENARIO_SECONDS} s"
        end_group(process)
    finally:
        wrong = watch.stop() if watch else ""
        slots.put(slot)
    if wrong and not code:
        code, remark = 1, wrong
    seconds = time.monotonic() - started
    return ("FAILED", seconds, f"{remark}, see {path}") if code else ("ok", seconds, left_out(path))


def left_out(path):
    """What a scenario that is ok says it did not check."""
    with open(path, errors="replace") as lines:
        return "; ".join(line.strip() for line in lines if line.startswith("  skip "))


def end_group(process):
    """Also ends what the scenario left behind, such as a worker of a queue."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def near_hits(endpoints):
    """That the scenarios passed says nothing of a near cache that answered nothing."""
    hits = sum(endpoint.near_hits() for endpoint in endpoints)
    return ("ok" if hits >= LEAST_NEAR_HITS else "FAILED"), 0.0, f"{hits:g} keys answered from the near cache"


def shutdown(process):
    """Herdgate must have lived until here, and must drain and exit 0 on SIGTERM."""
    if process.poll() is not None:
        return "FAILED", 0.0, f"herdgate died with exit code {process.returncode}"
    started = time.monotonic()
    process.terminate()
    try:
        code = process.wait(10)
    except subprocess.TimeoutExpired:
        return "FAILED", 10.0, "herdgate still runs 10 s after SIGTERM"
    return ("FAILED" if code else "ok"), time.monotonic() - started, f"exit code {code}" if code else ""


def tell(name, result, logs, counts):
    outcome, seconds, remark = result
    counts[outcome] += 1
    print(f"{outcome:<7} {name:<22} {seconds:6.1f} s  {remark}".rstrip(), flush=True)
    log = os.path.join(logs, name.removesuffix("-shutdown") + ".log")
    if outcome == "FAILED" and os.path.exists(log):
        with open(log, errors="replace") as lines:
            tail = lines.readlines()[-60:]
        print("".join("        | " + line[:300].rstrip("\n") + "\n" for line in tail), end="", flush=True)


def run_all(options, logs):
    servers, counts = Servers(logs), {"ok": 0, "FAILED": 0, "skip": 0}
    try:
        endpoints, redis = start_endpoints(options, servers)
        copy_programs(HERE, options.build)
        slots = queue.SimpleQueue()
        for slot in range(options.jobs):
            slots.put(slot)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            futures = {pool.submit(run, s, options, endpoints, redis, slots, logs): s.name for s in chosen(options)}
            for future in concurrent.futures.as_completed(futures):
                tell(futures[future], future.result(), logs, counts)
        if options.near:
            tell("near-hits", near_hits(endpoints), logs, counts)
        for endpoint in dict.fromkeys(endpoints):
            if endpoint.process:
                tell("herdgate-shutdown", shutdown(endpoint.process), logs, counts)
    finally:
        servers.stop()
    print(f"{counts['ok']} passed, {counts['FAILED']} failed, {counts['skip']} skipped")
    return 1 if counts["FAILED"] else 0


def main():
    options = arguments()
    options.jobs = min(max(options.jobs, 1), 7)
    options.policies |= options.near
    options.build = os.path.abspath(options.build)
    if options.list:
        for scenario in SCENARIOS:
            print(f"{scenario.name:<22} {'memory  ' if scenario.memory else '        '} {scenario.client}")
        return 0
    logs = os.path.join(options.build, "logs")
    shutil.rmtree(logs, ignore_errors=True)
    os.makedirs(logs)
    return run_all(options, logs)


sys.exit(main())
