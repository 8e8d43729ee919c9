#!/usr/bin/env python3
"""How soon a write that goes to Redis directly is seen through a sidecar whose near cache holds the key, under load. See README.md.

  visible.py                         2,000 writes, 2 readers, the generator at full speed
  visible.py --rate 20000 --check    the generator at 20,000 requests a second; exit 1 when the goal is missed
"""

import argparse
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time

from bump import Link, ROOT
from harness import servers

GOAL_P99_MS = 5
KEY = "key:visible"
PATIENCE = 30  # seconds
POLICY = """policies:
  - name: everything
    match: ["*"]
    near: {enabled: true, max_ttl: 30s}
"""


def cores():
    """For Redis, the sidecar, the generator and the readers; nothing is pinned where there are fewer than four."""
    mine = sorted(os.sched_getaffinity(0))
    return [{core} for core in mine[:4]] if len(mine) >= 4 else [None] * 4


def watch(port, last, results):
    """Reads the key again and again until it holds `last`; puts [(value, when its first reply came)] and the number of reads."""
    link = Link(port)
    seen, before, reads = [], -1, 0
    while before < last:
        value = int(link.ask("GET", KEY) or 0)
        reads += 1
        if value == before:
            continue
        seen.append((value, time.monotonic()))
        if value < before:
            results.put(("went back", before, value))
            return
        before = value
    results.put((seen, reads))


def delays(answered, seen):
    """Milliseconds from each write's reply to the reply of the first read that shows it or a later one; 0 if that was sooner."""
    found, place = [], 0
    for number, when in enumerate(answered, 1):
        while seen[place][0] < number:
            place += 1
        found.append(max(seen[place][1] - when, 0) * 1000)
    return found


def percentile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def calls_of_get(link):
    """How many GETs Redis has answered."""
    link._socket.sendall(b"*2\r\n$4\r\nINFO\r\n$12\r\ncommandstats\r\n")
    for line in link.read().splitlines():
        if line.startswith("cmdstat_get:calls="):
            return int(line.split("=")[1].split(",")[0])
    return 0


class Bench:
    def __init__(self, arguments, directory):
        self.arguments = arguments
        self.started = []
        self.load = None
        self.redis_core, self.sidecar_core, self.load_core, self.readers_core = cores()
        if arguments.loops > 1 and self.sidecar_core:
            self.sidecar_core = self.sidecar_core | self.redis_core
        config = os.path.join(directory, "herdgate.yaml")
        with open(config, "w") as file:
            file.write(POLICY)
        self.redis_port, self.port = servers.free_port(), servers.free_port()
        self._start("redis-server", ["redis-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", str(self.redis_port)],
                    self.redis_port, self.redis_core, directory)
        self._start("herdgate", [arguments.herdgate, "serve", "--config", config, "--telemetry", "off", "--loops", str(arguments.loops), "--upstream",
                                 f"redis://127.0.0.1:{self.redis_port}", "--listen", f"tcp://127.0.0.1:{self.port}"], self.port, self.sidecar_core, directory)

    def _start(self, name, command, port, core, directory):
        server = servers.Server(name, "herdgate", command, port, core, os.path.join(directory, name + ".log"))
        self.started.append(server)
        server.start()

    def _generator(self, *words):
        return [self.arguments.load, "--host", "127.0.0.1", "--port", str(self.port), "--prefix", "key:", "--key-space", "10000",
                "--value-bytes", "100", *words]

    def start_load(self):
        subprocess.run(self._generator("--mode", "preload", "--pipeline", "64"), check=True, stdout=subprocess.DEVNULL)
        rate = ["--rate", str(self.arguments.rate)] if self.arguments.rate else []
        command = self._generator("--mode", self.arguments.mode, "--connections", "20", "--seconds", "3600", *rate)
        with servers.on_cores(self.load_core):
            self.load = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def wait_until_near(self):
        """Until reads are answered here: Redis is asked no more."""
        link, direct = Link(self.port), Link(self.redis_port)
        direct.ask("SET", KEY, "0")
        deadline = time.monotonic() + PATIENCE
        while True:
            before = calls_of_get(direct)
            for _ in range(20):
                link.ask("GET", KEY)
            if calls_of_get(direct) == before:
                return
            if time.monotonic() > deadline:
                raise servers.ServerError("the near cache does not take the key")

    def stop(self):
        if self.load:
            self.load.kill()
            self.load.wait()
        for server in reversed(self.started):
            server.stop()


def gathered(results, readers, answered):
    """(the delays that these readers found, their reads)"""
    everything, reads = [], 0
    for _ in range(readers):
        found = results.get(timeout=PATIENCE)
        if found[0] == "went back":
            raise servers.ServerError(f"a reader saw {found[2]} after {found[1]}")
        everything += delays(answered, found[0])
        reads += found[1]
    return everything, reads


def figures(values):
    return f"p50 {percentile(values, 0.5):.3f} ms, p99 {percentile(values, 0.99):.3f} ms, at most {max(values):.3f} ms"


def run(bench, arguments):
    bench.wait_until_near()
    bench.start_load()
    time.sleep(1)
    results = multiprocessing.Queue()
    control = multiprocessing.Queue()
    through = [(bench.port, results)] * arguments.readers + [(bench.redis_port, control)]
    readers = [multiprocessing.Process(target=watch, args=(port, arguments.writes, to), daemon=True) for port, to in through]
    with servers.on_cores(bench.readers_core):
        for reader in readers:
            reader.start()
    time.sleep(0.5)
    direct = Link(bench.redis_port)
    answered = []
    for number in range(1, arguments.writes + 1):
        time.sleep(random.uniform(0.002, 0.008))
        direct.ask("SET", KEY, str(number))
        answered.append(time.monotonic())
    everything, reads = gathered(results, arguments.readers, answered)
    itself, _ = gathered(control, 1, answered)
    if bench.load.poll() is not None:
        raise servers.ServerError("the generator ended too soon")
    load = f"{arguments.rate:,} requests a second" if arguments.rate else "full speed"
    print(f"{arguments.writes:,} writes, {arguments.readers} readers ({reads:,} reads), {arguments.loops} loop(s), {arguments.mode} at {load}:")
    print(f"  a foreign write was visible after {figures(everything)} (goal: p99 {GOAL_P99_MS} ms)")
    print(f"  to a reader on Redis itself after {figures(itself)}: what the machine and Python do to the figure")
    return percentile(everything, 0.99) <= GOAL_P99_MS


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writes", type=int, default=2000)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--loops", type=int, default=1)
    parser.add_argument("--rate", type=int, default=0, help="the generator's requests a second (0: as many as it can)")
    parser.add_argument("--mode", default="get", help="what the generator sends (get)")
    parser.add_argument("--herdgate", default=os.path.join(ROOT, "build", "release", "herdgate"))
    parser.add_argument("--load", default=os.path.join(ROOT, "build", "release", "herdgate_load"), help="the generator")
    parser.add_argument("--check", action="store_true", help="exit 1 when the goal is missed")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="herdgate-visible-") as directory:
        bench = None
        try:
            bench = Bench(arguments, directory)
            met = run(bench, arguments)
        except (servers.ServerError, subprocess.SubprocessError, OSError) as error:
            print(f"visible.py: {error}", file=sys.stderr)
            return 2
        finally:
            if bench:
                bench.stop()
    return 1 if arguments.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
