"""Runs the client scenarios against one endpoint, several at a time, and prints one line for each.

By default the endpoint is a fresh `herdgate serve` in front of a fresh redis-server. Every scenario gets database
numbers and a key prefix of its own. Exit code 1 if one failed; with CI=true a missing tool is a failure too.
"""

import argparse
import concurrent.futures
import dataclasses
import os
import queue
import shutil
import signal
import subprocess
import sys
import time

import policy_watch
import values_watch
from scenarios import SCENARIOS, STAMPEDES, copy_programs
from servers import Endpoint, Servers
from stampede_judge import StampedeWatch

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SCENARIO_SECONDS = 150
LEAST_NEAR_HITS = 20  # of all scenarios together, with --near
STAMPEDE_SECONDS = {True: 4.5, False: 7}  # of traffic: direct, through Herdgate
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
    stampede = "many callers of keys that expire, on plain Redis and then with policies_stampede.yaml; with --direct only the former"
    parser.add_argument("--stampede", action="store_true", help=stampede)
    parser.add_argument("--herdgate", metavar="FILE", default=herdgate, help="the binary (build/release/herdgate)")
    parser.add_argument("--only", metavar="NAME", action="append", help="this scenario, or those that start so")
    parser.add_argument("--jobs", type=int, default=4, help="how many scenarios at a time, 1 to 7 (4)")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "clients"), help=argparse.SUPPRESS)
    parser.add_argument("--no-install", action="store_true", help="use what is installed")
    parser.add_argument("--list", action="store_true", help="print the scenarios, run none")
    options = parser.parse_args()
    if options.stampede and (options.endpoint or options.memory or options.policies or options.near):
        parser.error("--stampede goes with no other endpoint than --direct")
    return options


def start_endpoints(options, servers):
    """An endpoint for each slot, mostly one for all: (those of ordinary scenarios, those of direct ones)."""
    if options.endpoint:
        host, _, port = options.endpoint.rpartition(":")
        return [Endpoint(host or "127.0.0.1", int(port))] * options.jobs, []
    if options.stampede:
        return start_pairs(options, servers), [direct_endpoint(servers)] * options.jobs
    if options.direct:
        return [direct_endpoint(servers)] * options.jobs, []
    redis = None if options.memory else servers.redis()
    upstream = f"redis://127.0.0.1:{redis}" if redis else "memory://"
    if options.near:
        # Near is only the database of the upstream's URL: each slot's has a Herdgate of its own.
        flags = ["--config", os.path.join(HERE, "policies_near.yaml")]
        endpoints = [servers.herdgate(binary(options), f"{upstream}/{database(slot)}", flags, f"herdgate-{slot}") for slot in range(options.jobs)]
    else:
        flags = ["--config", os.path.join(HERE, "policies.yaml")] if options.policies else []
        endpoints = [servers.herdgate(binary(options), upstream, flags)] * options.jobs
    for endpoint in endpoints:
        endpoint.redis = redis
    return endpoints, []


def direct_endpoint(servers):
    port = servers.redis(**values_watch.EVENTS)
    endpoint = Endpoint("127.0.0.1", port)
    endpoint.redis = port
    return endpoint


def start_pairs(options, servers):
    """For each slot two Herdgates, as of two pods, before one Redis; none if only what is direct will run."""
    if options.direct:
        return []
    redis = servers.redis(**values_watch.EVENTS)
    flags = ["--config", os.path.join(HERE, "policies_stampede.yaml")]
    pairs = []
    for slot in range(options.jobs):
        upstream = f"redis://127.0.0.1:{redis}/{database(slot)}"
        one, other = (servers.herdgate(binary(options), upstream, flags, f"herdgate-{slot}{pod}") for pod in "ab")
        one.other_port, one.redis = other.port, redis
        pairs.append(one)
    return pairs


def binary(options):
    if not os.access(options.herdgate, os.X_OK):
        raise SystemExit(f"no Herdgate at {options.herdgate}: build it, or name it with --herdgate")
    return os.path.abspath(options.herdgate)


def chosen(options):
    if options.stampede:
        # On the CPUs of one machine a crowd is heard by those beside it: what is direct comes first.
        found = [dataclasses.replace(s, name=s.name + "-direct", direct=True) for s in STAMPEDES]
        found += [] if options.direct else STAMPEDES
    else:
        found = [s for s in SCENARIOS if (s.memory or not options.memory) and (s.policies or not options.policies)]
    if options.only:
        found = [s for s in found if any(s.name == name or s.name.startswith(name) for name in options.only)]
        if not found:
            raise SystemExit(f"no such scenario: {', '.join(options.only)} (see --list)")
    return found


def database(slot):
    """Two databases a slot: a scenario may flush its own, and move between them. Database 0 stays untouched."""
    return 2 * slot + 1


def record_of(scenario, logs):
    return os.path.join(logs, scenario.name + ".record")


def watch_of(scenario, options, endpoint, slot, logs):
    """What looks at Redis while the scenario runs, or None. Its stop() tells what is wrong, and then its `told` what was seen."""
    if scenario.crowds:
        return StampedeWatch(endpoint.redis, database(slot), record_of(scenario, logs), scenario.crowds, scenario.direct)
    if options.policies:
        return policy_watch.Watch(endpoint.redis, database(slot), scenario.policies, scenario.unmatched_key)
    return None


def environment(scenario, options, endpoint, slot, logs):
    return {
        **os.environ,
        "REDIS_HOST": endpoint.host,
        "REDIS_PORT": str(endpoint.port),
        "REDIS_OTHER_PORT": str(endpoint.other_port),
        "REDIS_DB": str(database(slot)),
        "REDIS_OTHER_DB": str(database(slot) + 1),
        "KEY_PREFIX": scenario.name + ":",
        "MEMORY": "1" if options.memory else "",
        "POLICIES": scenario.policies if options.policies else "",
        "STAMPEDE_SECONDS": str(STAMPEDE_SECONDS[scenario.direct]),
        "RECORD": record_of(scenario, logs),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def run(scenario, options, endpoints, slots, logs):
    """(outcome, seconds, remark) of one scenario; outcome is ok, FAILED or skip."""
    lacking = scenario.lacks(options.build)
    if lacking:
        return ("FAILED" if IN_CI else "skip"), 0.0, f"missing: {lacking}"
    slot = slots.get()
    path = os.path.join(logs, scenario.name + ".log")
    endpoint = endpoints[slot]
    started = time.monotonic()
    watch = None
    try:
        watch = watch_of(scenario, options, endpoint, slot, logs)
        with open(path, "wb") as log:
            process = subprocess.Popen(
                scenario.command(HERE, options.build), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=environment(scenario, options, endpoint, slot, logs), cwd=options.build, start_new_session=True,
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
        code, remark = 1, f"{wrong} (measured: {watch.told})" if watch.told else wrong
    seconds = time.monotonic() - started
    if code:
        return "FAILED", seconds, f"{remark}, see {path}"
    return "ok", seconds, watch.told if watch else left_out(path)


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
        ordinary, direct = start_endpoints(options, servers)
        copy_programs(HERE, options.build)
        slots = queue.SimpleQueue()
        for slot in range(options.jobs):
            slots.put(slot)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            futures = {pool.submit(run, s, options, direct if s.direct else ordinary, slots, logs): s.name for s in chosen(options)}
            for future in concurrent.futures.as_completed(futures):
                tell(futures[future], future.result(), logs, counts)
        if options.near:
            tell("near-hits", near_hits(ordinary), logs, counts)
        for process in servers.herdgates:
            tell("herdgate-shutdown", shutdown(process), logs, counts)
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
        for scenario in SCENARIOS + STAMPEDES:
            print(f"{scenario.name:<22} {'memory  ' if scenario.memory else '        '} {scenario.client}")
        return 0
    logs = os.path.join(options.build, "logs")
    shutil.rmtree(logs, ignore_errors=True)
    os.makedirs(logs)
    return run_all(options, logs)


sys.exit(main())
