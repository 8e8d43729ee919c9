"""Runs one load against one server and accounts for every core's time meanwhile; runs rounds of them, interleaved."""

import json
import os
import resource
import subprocess
import sys
import time

from . import machine, servers, workloads

PAUSE = 0.5  # seconds before a disturbed run is repeated


class Meter:
    """Drives herdgate_load. `redis` is the upstream of every proxy and itself the target `direct`."""

    def __init__(self, generator, layout, redis, arguments):
        self._generator = generator
        self._layout = layout
        self._redis = redis
        self._arguments = arguments

    def preload(self, server=None, preloads=workloads.PRELOADS, ttl=0):
        """Fills Redis, through `server` if there is one: with policies, keys have other names in Redis."""
        for prefix, space, size in preloads:
            flags = ["--mode", "preload", "--pipeline", "16", "--prefix", prefix]
            flags += ["--key-space", str(space), "--value-bytes", str(size)]
            flags += ["--ttl", str(ttl)] if ttl else []
            done = self._run(server or self._redis, flags)
            if done["errors"] or done["failure"]:
                raise servers.ServerError(f"preload: {done['failure'] or done['first_error']}")

    def sample(self, load, server):
        """One run, repeated while other programs disturb it; of the tries the least disturbed one."""
        tries = []
        for attempt in range(self._arguments.retries + 1):
            if attempt:
                time.sleep(PAUSE)
            tries.append(self._once(load, server))
            if tries[-1]["failure"] or tries[-1]["foreign_cores"] <= self._arguments.max_foreign:
                break
        best = min(tries, key=lambda sample: (bool(sample["failure"]), sample["foreign_cores"]))
        best["repeated"] = len(tries) - 1
        best["noisy"] = best["foreign_cores"] > self._arguments.max_foreign
        return best

    def _once(self, load, server):
        window = ["--seconds", str(self._arguments.seconds), "--warmup", str(self._arguments.warmup)]
        before = self._accounts(server)
        sample = self._run(server, load.flags(self._arguments.generator_threads) + window)
        after = self._accounts(server)
        spent = {name: after[name] - before[name] for name in before}
        operations = max(sample["total_ops"], 1)
        own = spent["redis"] + spent["proxy"] + spent["generator"] + spent["self"]
        sample.update(
            redis_cpu_us=spent["redis"] / operations * 1e6,
            proxy_cpu_us=spent["proxy"] / operations * 1e6,
            generator_cpu_us=spent["generator"] / operations * 1e6,
            redis_cores=spent["redis"] / spent["wall"],
            proxy_cores=spent["proxy"] / spent["wall"],
            foreign_cores=max(0.0, spent["machine"] - own) / spent["wall"],
            stolen_cores=spent["stolen"] / spent["wall"],
        )
        return sample

    def _accounts(self, server):
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        itself = resource.getrusage(resource.RUSAGE_SELF)
        busy, stolen = machine.machine_cpu(self._layout.used)
        proxied = server is not self._redis and server.pid
        return {
            "wall": time.perf_counter(),
            "machine": busy,
            "stolen": stolen,
            "redis": machine.process_cpu(self._redis.pid),
            "proxy": machine.process_cpu(server.pid) if proxied else 0.0,
            "generator": children.ru_utime + children.ru_stime,
            "self": itself.ru_utime + itself.ru_stime,
        }

    def _run(self, server, flags):
        server.check()
        limit = self._arguments.seconds + self._arguments.warmup + 60
        command = [self._generator, "--host", "127.0.0.1", "--port", str(server.port), *flags]
        with servers.on_cores(self._layout.generator):
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
        server.check()
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise servers.ServerError(f"{os.path.basename(self._generator)}: {done.stderr.strip()}") from None


def run_rounds(meter, load, targets, rounds):
    """{name: [sample per round]}. Every round visits all targets, starting one further each time."""
    samples = {server.name: [] for server in targets}
    lost = set()
    for number in range(rounds):
        turn = number % len(targets)
        for server in targets[turn:] + targets[:turn]:
            if server.name in lost:
                continue
            try:
                samples[server.name].append(meter.sample(load, server))
            except (servers.ServerError, subprocess.TimeoutExpired, OSError) as error:
                print(f"!! {server.name}: {error}", file=sys.stderr)
                lost.add(server.name)
                samples[server.name].append({"failure": str(error)})
    return samples
