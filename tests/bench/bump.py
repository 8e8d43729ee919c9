#!/usr/bin/env python3
"""How long a bump takes, and until when every sidecar honours it: `herdgate bump` over many keys, seen through three sidecars. See README.md.

  bump.py                          1,000,000 keys, three sidecars, 20 more bumps
  bump.py --keys 10000 --check     fewer keys; exit 1 when a goal is missed
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from harness import servers

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SIDECARS = 3
BUMP_GOAL_MS = 5  # in Redis, from the bump's first command to its last
LAG_GOAL_MS = 50  # from then on until no sidecar shows an old value
PATIENCE = 10  # seconds
COUNTER = '"__herdgate:generation:bench"'
POLICY = """upstream: {{url: "redis://127.0.0.1:{upstream}"}}
policies:
  - name: bench
    match: ["key:*"]
    mode: enforce
    version: {{schema: 7, generation: true}}
"""


class Link:
    """A connection with one command at a time, for replies that are one line or one string."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")

    def ask(self, *words):
        encoded = [word.encode() for word in words]
        self._socket.sendall(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
        return self.read()

    def read(self):
        line = self._lines.readline()
        if line[:1] == b"$":
            size = int(line[1:])
            return None if size < 0 else self._lines.read(size + 2)[:-2].decode()
        if line[:1] == b"-" or not line:
            raise servers.ServerError(line.decode() or "a connection was closed")
        return line[1:].strip().decode()


class Watcher:
    """Asks one sidecar for one key again and again; when_gone() is the time of the first request that got nil."""

    def __init__(self, port, key):
        self._link = Link(port)
        self._key = key
        self._gone = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def when_gone(self):
        self._thread.join(PATIENCE)
        if self._gone is None:
            raise servers.ServerError("a sidecar still shows a key of the old generation")
        return self._gone

    def _run(self):
        while True:
            asked = time.time()
            if self._link.ask("GET", self._key) is None:
                self._gone = asked
                return


class Monitor:
    """Redis's own times of the commands on the policy's counter."""

    def __init__(self, port):
        self._link = Link(port)
        self._link.ask("MONITOR")
        self._link._socket.settimeout(PATIENCE)

    def bump(self):
        """(first, last): when the bump's WATCH and its SET were executed."""
        first = None
        while True:
            when, _, command = self._link.read().partition(" ")
            if COUNTER not in command:
                continue
            name = command.split('"')[1].upper()
            if name == "WATCH":
                first = float(when)
            if name == "SET" and first is not None:
                return first, float(when)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--bumps", type=int, default=20, help="after the one that hides all keys (20)")
    parser.add_argument("--herdgate", default=os.path.join(ROOT, "build", "release", "herdgate"))
    parser.add_argument("--load", help="the generator (herdgate_load beside --herdgate, else build/release/herdgate_load)")
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    return parser.parse_args()


class Bench:
    def __init__(self, arguments, directory):
        self.arguments = arguments
        self.config = os.path.join(directory, "herdgate.yaml")
        self.started = []
        self.redis_port = servers.free_port()
        self._start("redis-server", ["redis-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], "--port", self.redis_port, directory)
        with open(self.config, "w") as file:
            file.write(POLICY.format(upstream=self.redis_port))
        self.ports = [servers.free_port() for _ in range(SIDECARS)]
        command = [arguments.herdgate, "serve", "--config", self.config, "--telemetry", "off", "--loops", "1"]
        for port in self.ports:
            self._start(f"herdgate-{port}", command, "--listen", f"tcp://127.0.0.1:{port}", directory)

    def _start(self, name, command, flag, value, directory):
        port = int(str(value).rpartition(":")[2])
        server = servers.Server(name, "herdgate", [*command, flag, str(value)], port, None, os.path.join(directory, name + ".log"))
        self.started.append(server)
        server.start()

    def stop(self):
        for server in reversed(self.started):
            server.stop()

    def fill(self, count):
        beside = os.path.join(os.path.dirname(self.arguments.herdgate), "herdgate_load")
        for generator in (self.arguments.load, beside, os.path.join(ROOT, "build", "release", "herdgate_load")):
            if generator and os.access(generator, os.X_OK):
                break
        subprocess.run([generator, "--host", "127.0.0.1", "--port", str(self.ports[0]), "--mode", "preload", "--pipeline", "64",
                        "--prefix", "key:", "--key-space", str(count), "--value-bytes", "32"], check=True, stdout=subprocess.DEVNULL)
        stored = int(Link(self.redis_port).ask("DBSIZE"))
        if stored < count:
            raise servers.ServerError(f"only {stored} of {count} keys were stored")

    def bump(self, key):
        """(ms that the bump took in Redis, ms from its end until the last sidecar shows nothing of the old generation)"""
        for port in self.ports:
            if Link(port).ask("GET", key) is None:
                raise servers.ServerError(f"{key} is not there before the bump")
        monitor = Monitor(self.redis_port)
        watchers = [Watcher(port, key) for port in self.ports]
        subprocess.run([self.arguments.herdgate, "bump", self.config, "bench"], check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
        first, last = monitor.bump()
        return (last - first) * 1000, max(max(watcher.when_gone() for watcher in watchers) - last, 0) * 1000

    def is_hidden(self, count):
        """Whether a sample of the old keys is hidden from every sidecar, and still in Redis: they were not deleted."""
        links = [Link(port) for port in self.ports]
        step = max(count // 1000, 1)
        shown = sum(link.ask("GET", f"key:{number:012}") is not None for link in links for number in range(0, count, step))
        return shown == 0 and int(Link(self.redis_port).ask("DBSIZE")) >= count


def run(bench, arguments):
    bench.fill(arguments.keys)
    took, lag = bench.bump(f"key:{1:012}")
    hidden = bench.is_hidden(arguments.keys)
    print(f"{arguments.keys:,} keys, {SIDECARS} sidecars: {'all hidden, none deleted' if hidden else 'NOT ALL HIDDEN'}")
    print(f"  the bump took {took:.2f} ms in Redis (goal {BUMP_GOAL_MS}); every sidecar honoured it {lag:.2f} ms later (goal {LAG_GOAL_MS})")
    rows = []
    for number in range(arguments.bumps):
        Link(bench.ports[0]).ask("SET", f"key:again{number}", "v")
        rows.append(bench.bump(f"key:again{number}"))
    for what, values in zip(("bump", "lag"), zip(*rows)):
        print(f"  {len(values)} more: {what} median {statistics.median(values):.2f} ms, longest {max(values):.2f} ms")
    return hidden and took <= BUMP_GOAL_MS and max(lag, *(row[1] for row in rows)) <= LAG_GOAL_MS


def main():
    arguments = parse_arguments()
    arguments.herdgate = os.path.abspath(arguments.herdgate)
    with tempfile.TemporaryDirectory(prefix="herdgate-bump-") as directory:
        bench = None
        try:
            bench = Bench(arguments, directory)
            met = run(bench, arguments)
        except (servers.ServerError, subprocess.SubprocessError, OSError) as error:
            print(f"bump.py: {error}", file=sys.stderr)
            return 2
        finally:
            if bench:
                bench.stop()
    return 1 if arguments.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
