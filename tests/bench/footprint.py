#!/usr/bin/env python3
"""Memory and CPU of the sidecar's container: idle, at 1,000 and at 20,000 operations a second, with the near cache empty and with 10,000 keys in it.

footprint.py [--seconds N] [--loops N|auto ...] [--json FILE]   builds the image and the load generator if they are not there; needs root and Debian 12.

The image runs as in tests/pod: user 65532, read-only root, network namespace of a pod, a real redis-server at the other end of a veth. The load is open
loop from the pod's own loopback: 16 connections, GETs of 10,000 keys with values of 1 kB. Memory is the median of one reading a second;
CPU is the running time of all of the process's threads. `machine` is how many cores other programs used meanwhile.
Prints a table in Markdown.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from harness import machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/pod"))
import container  # noqa: E402
import pod as pods  # noqa: E402

KEYS, VALUE_BYTES, CONNECTIONS = 10_000, 1024, 16
RATES = (0, 1_000, 20_000)
SETTLE = 5
CONFIG = """listen: tcp://127.0.0.1:6380
upstream: {url: redis://redis.example:6379}
telemetry: {listen: 0.0.0.0:9638}
admin: {listen: 127.0.0.1:6381}
loops: %(loops)s
policies:
  - name: bench
    match: ["key:*"]
    near: {enabled: %(near)s, max_ttl: 60s}
"""


def build():
    """The image's root file system and the generator; each is built only where it is missing."""
    root, generator = ROOT / "build/image/root", ROOT / "build/release/herdgate_load"
    if not (ROOT / "build/image/image.json").exists():
        subprocess.run([ROOT / "helm/image/build.sh"], check=True, stdout=sys.stderr)
    if not generator.exists():
        script = '. tests/lib/common.sh; . tests/lib/build.sh; build_preset release -DHERDGATE_TESTS=OFF -DHERDGATE_BENCH=ON herdgate_load'
        subprocess.run(["bash", "-euc", script], check=True, cwd=ROOT, stdout=sys.stderr)
    return root, generator


def memory(pid):
    """Bytes: resident, the share that is fair if pages are shared, and what is the process's own."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        found = dict(re.findall(r"^(Rss|Pss|Anonymous):\s+(\d+)", file.read(), re.M))
    return {name.lower(): int(kib) * 1024 for name, kib in found.items()}


class Bench:
    def __init__(self, pod, generator):
        self._pod = pod
        self._generator = generator

    def load(self, *flags, inside=True):
        """Starts the generator, in the pod or beside Redis."""
        address = ("127.0.0.1", 6380) if inside else (pods.NODE, 6379)
        command = [self._generator, "--host", address[0], "--port", str(address[1]), "--connections", str(CONNECTIONS),
                   "--key-space", str(KEYS), "--value-bytes", str(VALUE_BYTES), *map(str, flags)]
        where = self._pod.net if inside else self._pod.node
        return where.run(lambda: subprocess.Popen(command, stdout=subprocess.PIPE, text=True))

    def finish(self, process):
        result = json.loads(process.communicate(timeout=300)[0])
        if result["errors"] or result["failure"]:
            raise SystemExit(f"footprint.py: {result['failure'] or result['first_error']}")
        return result

    def fill(self):
        """Reads until the near cache holds the keys; it takes up what is read again."""
        end = time.monotonic() + 60
        while (self._pod.metric("herdgate_near_entries") or 0) < 0.98 * KEYS and time.monotonic() < end:
            self.finish(self.load("--mode", "get", "--seconds", 2))

    def measure(self, rate, seconds):
        running = self.load("--mode", "get", "--rate", rate, "--seconds", seconds + 2 * SETTLE) if rate else None
        time.sleep(SETTLE)
        pid, cores, readings = self._pod.sidecar.pid, os.sched_getaffinity(0), []
        begun, cpu, busy = time.monotonic(), machine.process_cpu(pid), machine.machine_cpu(cores)[0]
        while time.monotonic() - begun < seconds:
            readings.append(memory(pid))
            time.sleep(1)
        took = time.monotonic() - begun
        spent, all_spent = machine.process_cpu(pid) - cpu, machine.machine_cpu(cores)[0] - busy
        result = self.finish(running) if running else {"rps": 0, "p50_us": 0, "p99_us": 0}
        return {"rate": rate, "rps": result["rps"], "p50_us": result["p50_us"], "p99_us": result["p99_us"],
                "entries": int(self._pod.metric("herdgate_near_entries") or 0), "loops": int(self._pod.metric("herdgate_loops")),
                "cpu_ms_per_s": spent / took * 1e3, "machine_cores": all_spent / took,
                **{name: statistics.median(reading[name] for reading in readings) for name in readings[0]}}


def run(root, generator, loops, near, seconds):
    """The rows of one sidecar, started afresh."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="herdgate-footprint-"))
    folder.chmod(0o755)
    pod = pods.Pod(root, folder / "pod")
    try:
        pod.config.put(**{"herdgate.yaml": CONFIG % {"loops": loops, "near": "true" if near else "false"}})
        pod.tokens.put(tokens="")
        bench = Bench(pod, generator)
        bench.finish(bench.load("--mode", "preload", "--pipeline", 16, inside=False))
        pod.start_sidecar(["serve", "--config=/etc/herdgate/config/herdgate.yaml"])
        if near:
            bench.fill()
        return [{"near": near, **bench.measure(rate, seconds)} for rate in RATES]
    finally:
        pod.close()
        shutil.rmtree(folder)


def table(rows):
    yield "| loops | near cache | load | RSS | PSS | anonymous | CPU, ms per s | p50 | machine, cores busy |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for row in rows:
        load = f"{row['rps']:,.0f} ops/s" if row["rate"] else "idle"
        sizes = [f"{row[name] / 1e6:.1f} MB" for name in ("rss", "pss", "anonymous")]
        half = f"{row['p50_us']:.0f} us" if row["rate"] else ""
        near = f"{row['entries']:,} keys" if row["near"] else "off"
        yield "| " + " | ".join([str(row["loops"]), near, load, *sizes, f"{row['cpu_ms_per_s']:.1f}", half, f"{row['machine_cores']:.1f}"]) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="of each row")
    parser.add_argument("--loops", nargs="+", default=["auto", "1"])
    parser.add_argument("--json", type=pathlib.Path, help="keep all figures")
    arguments = parser.parse_args()
    root, generator = build()
    container.unshare(container.CLONE_NEWNS)
    container.mount(None, "/", None, container.MS_REC | container.MS_PRIVATE)
    rows = []
    for loops in arguments.loops:
        for near in (False, True):
            rows += run(root, generator, loops, near, arguments.seconds)
    print("\n".join(table(rows)))
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine.describe(), "seconds": arguments.seconds, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
