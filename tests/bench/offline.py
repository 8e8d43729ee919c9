#!/usr/bin/env python3
"""What an app notices of a Redis that is killed, or hangs, under load, through a sidecar with cache policies. See README.md.

  offline.py                       kill -9 for 30 s, then SIGSTOP for 30 s
  offline.py --seconds 5 --check   shorter; exit 1 when a goal is missed
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from harness import servers

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOT_KEYS = 16
HOT_READERS = 6
CACHE_ASIDE = 4
PLAIN = 8  # connections that ask for keys of no policy: they wait, and want to reconnect
ATTEMPTS_GOAL = 10  # a second
RECOVERY_GOAL_MS = 1000
PATIENCE = 60  # seconds
CONFIG = """
listen: ["tcp://127.0.0.1:{port}"]
upstream: {{url: "redis://127.0.0.1:{upstream}", timeout: 1s}}
telemetry: {{listen: "127.0.0.1:{telemetry}"}}
loops: 2
policies:
  - {{name: cache, match: ["c:*"], near: {{enabled: true}}}}
"""


class Link:
    """A connection with one command at a time; replies are (kind, value)."""

    def __init__(self, port):
        import socket

        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")

    def ask(self, *words):
        encoded = [word.encode() for word in words]
        self._socket.sendall(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
        line = self._lines.readline()
        if not line:
            raise servers.ServerError("a connection was closed")
        kind = line[:1].decode()
        if kind == "$":
            size = int(line[1:])
            return kind, None if size < 0 else self._lines.read(size + 2)[:-2]
        return kind, line[1:].strip().decode()


class Reader(threading.Thread):
    """An app's loop, until told to stop; counts what it gets."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.link = Link(port)
        self.stopping = False
        self.counts = {"value": 0, "nil": 0, "error": 0, "write_error": 0}
        self.slowest = 0.0
        self.broken = None

    def run(self):
        try:
            while not self.stopping:
                self.once()
        except (OSError, servers.ServerError) as error:
            if not self.stopping:
                self.broken = str(error)

    def get(self, key):
        started = time.perf_counter()
        kind, value = self.link.ask("GET", key)
        self.slowest = max(self.slowest, time.perf_counter() - started)
        self.counts["error" if kind == "-" else "nil" if value is None else "value"] += 1
        return value


class HotReader(Reader):
    def once(self):
        self.get(f"c:hot{random.randrange(HOT_KEYS)}")


class CacheAside(Reader):
    def once(self):
        key = f"c:item{random.randrange(5000)}"
        if self.get(key) is None and self.link.ask("SET", key, "x" * 100, "EX", "60")[0] == "-":
            self.counts["write_error"] += 1


class Plain(Reader):
    def once(self):
        self.get("plain")
        time.sleep(0.01)


class Deleter(Reader):
    deleted = []

    def once(self):
        key = f"c:gone{len(self.deleted)}"
        if self.link.ask("DEL", key)[0] == ":":
            self.deleted.append(key)
        time.sleep(0.002)


class Bench:
    def __init__(self, arguments, directory):
        self.directory = directory
        self.redis_port, self.port, self.telemetry = (servers.free_port() for _ in range(3))
        self.redis = None
        self.start_redis()
        config = os.path.join(directory, "herdgate.yaml")
        with open(config, "w") as file:
            file.write(CONFIG.format(port=self.port, upstream=self.redis_port, telemetry=self.telemetry))
        with open(os.path.join(directory, "herdgate.log"), "w") as log:
            self.gate = subprocess.Popen([arguments.herdgate, "serve", "--config", config], stdout=log, stderr=log)
        self.wait(lambda: self.metric('herdgate_near_mode{mode="tracked"') == 1)

    def start_redis(self):
        """With its data on disk, so that what was deleted must be deleted there."""
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.redis_port), "--save", "", "--appendonly", "yes",
                   "--appendfsync", "always", "--dir", self.directory, "--logfile", os.path.join(self.directory, "redis.log")]
        self.redis = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.wait(self.answers)

    def answers(self):
        try:
            return Link(self.redis_port).ask("PING")[1] == "PONG"
        except (OSError, servers.ServerError):
            return False

    @staticmethod
    def wait(fact):
        deadline = time.monotonic() + PATIENCE
        while not fact():
            if time.monotonic() > deadline:
                raise servers.ServerError("nothing came of waiting")
            time.sleep(0.002)

    def metrics(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.telemetry}/metrics", timeout=5) as reply:
                return reply.read().decode()
        except OSError:
            return ""

    def metric(self, prefix):
        return sum(float(line.rsplit(" ", 1)[1]) for line in self.metrics().splitlines() if line.startswith(prefix))

    def stop(self):
        self.gate.terminate()
        self.redis.kill()
        self.gate.wait()
        self.redis.wait()


def warm(bench):
    link = Link(bench.port)
    for number in range(HOT_KEYS):
        link.ask("SET", f"c:hot{number}", "v" * 100)
    for number in range(200000 // 40):
        link.ask("SET", f"c:gone{number}", "v")


def outage(bench, arguments, how):
    warm(bench)
    readers = [HotReader(bench.port) for _ in range(HOT_READERS)] + [CacheAside(bench.port) for _ in range(CACHE_ASIDE)]
    plain = [Plain(bench.port) for _ in range(PLAIN)]
    for reader in readers + plain:
        reader.start()
    time.sleep(3)
    for reader in readers:
        reader.slowest = 0.0
        reader.counts = dict.fromkeys(reader.counts, 0)
    Deleter.deleted = []
    failed = bench.metric('herdgate_upstream_errors_total{reason="connect"}')
    began = time.monotonic()
    if how == "kill -9":
        bench.redis.kill()
        bench.redis.wait()
    else:
        bench.redis.send_signal(signal.SIGSTOP)
    deleter = Deleter(bench.port)
    deleter.start()
    time.sleep(arguments.seconds - 1.5)
    deleter.stopping = True
    deleter.join(PATIENCE)
    time.sleep(1.5)  # a scrape is kept for a second
    lasted = time.monotonic() - began
    attempts = (bench.metric('herdgate_upstream_errors_total{reason="connect"}') - failed) / lasted
    hot = {name: sum(reader.counts[name] for reader in readers if isinstance(reader, HotReader)) for name in readers[0].counts}
    aside = {name: sum(reader.counts[name] for reader in readers if isinstance(reader, CacheAside)) for name in readers[0].counts}
    slowest = max(reader.slowest for reader in readers)
    if how == "kill -9":
        bench.start_redis()
    else:
        bench.redis.send_signal(signal.SIGCONT)
        bench.wait(bench.answers)
    answering = time.monotonic()
    link = Link(bench.port)
    bench.wait(lambda: link.ask("SET", "c:back", "1")[0] == "+")
    recovery = (time.monotonic() - answering) * 1000
    direct = Link(bench.redis_port)
    still = sum(direct.ask("EXISTS", key)[1] != "0" for key in deleter.deleted)
    for reader in readers + plain:
        reader.stopping = True
    broken = [reader.broken for reader in readers if reader.broken]
    for reader in readers + plain:
        reader.join(PATIENCE)
    print(f"{how} for {lasted:.0f} s:")
    print(f"  hot keys: {hot['value']:,} values, {hot['nil']:,} misses, {hot['error']:,} errors")
    print(f"  cache-aside: {aside['value']:,} values, {aside['nil']:,} misses, {aside['error']:,} errors on reads; {aside['write_error']:,} on writes")
    print(f"  slowest read {slowest * 1000:.0f} ms; connections lost: {len(broken)}")
    print(f"  attempts to connect: {attempts:.1f} a second (goal < {ATTEMPTS_GOAL})")
    print(f"  {len(deleter.deleted):,} deletes acknowledged meanwhile, {still} of these keys there afterwards")
    print(f"  back {recovery:.0f} ms after Redis answered (goal {RECOVERY_GOAL_MS})")
    return (hot["error"] + aside["error"] + len(broken) + still == 0 and hot["value"] > 0 and attempts < ATTEMPTS_GOAL
            and recovery < RECOVERY_GOAL_MS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30, help="how long Redis is away each time (30)")
    parser.add_argument("--herdgate", default=os.path.join(ROOT, "build", "release", "herdgate"))
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="herdgate-offline-") as directory:
        bench = None
        try:
            bench = Bench(arguments, directory)
            met = [outage(bench, arguments, how) for how in ("kill -9", "SIGSTOP")]
        except (servers.ServerError, OSError) as error:
            print(f"offline.py: {error}", file=sys.stderr)
            return 2
        finally:
            if bench:
                bench.stop()
    return 1 if arguments.check and not all(met) else 0


if __name__ == "__main__":
    sys.exit(main())
