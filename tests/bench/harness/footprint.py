"""Memory and start time: each server is started afresh, so that nothing of an earlier load is counted."""

import contextlib
import json
import socket
import statistics
import subprocess
import time

from . import machine, report, servers, workloads

CONNECTIONS = 500
BURST_SECONDS = 2
STARTS = 7
MB = 1e6
GET = b"*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000001\r\n"


def start_times(server):
    """{start_ms: [...]}: from just before the process is made to its first PONG; the last process keeps running."""
    times = []
    for _ in range(STARTS):
        server.stop()
        time.sleep(0.1)
        times.append({"start_ms": server.start() * 1e3})
    return times


def memory(server, generator, layout, settle):
    """Resident memory of a fresh process: idle, with 500 connections, and around bursts of depth 64 from 500 more."""
    server.stop()
    server.start()
    time.sleep(0.5)
    idle = machine.process_memory(server.pid)
    connected = _with_connections(server)
    open_after = _burst(server, generator, layout, settle)
    time.sleep(settle)
    server.check()
    after = machine.process_memory(server.pid)
    return {
        "idle_rss_mb": idle.rss / MB,
        "idle_anonymous_mb": idle.anonymous / MB,
        "connected_rss_mb": connected.rss / MB,
        "connected_anonymous_mb": connected.anonymous / MB,
        "peak_rss_mb": machine.peak_memory(server.pid) / MB,
        "burst_open_rss_mb": open_after.rss / MB,
        "after_burst_rss_mb": after.rss / MB,
        "after_burst_ratio": after.rss / idle.rss,
    }


def near_cost(program, samples):
    """{target: figures} of what the near cache costs, by micro_cache; `samples`: the rounds whose GETs the sketch is held against."""
    flags = ["--benchmark_filter=BM_SampledTouch/one_zipf_all:1|BM_EntryBytes", "--benchmark_format=json",
             "--benchmark_repetitions=5"]
    try:
        done = subprocess.run([program, *flags], capture_output=True, text=True, check=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        raise servers.ServerError(f"micro_cache (cmake -DHERDGATE_BENCH=ON, libbenchmark-dev): {error}") from None
    rows = [row for row in json.loads(done.stdout)["benchmarks"] if row["run_type"] == "iteration"]
    touches = [row["cpu_time"] for row in rows if row["name"].startswith("BM_SampledTouch")]
    per_get = statistics.median(one["proxy_cpu_us"] for one in samples["herdgate-1"] if not one.get("failure")) * 1e3
    return {"herdgate-1": {
        "sketch_ns": report.spread(touches),
        "sketch_share": report.spread([touch / per_get for touch in touches]),
        "entry_overhead_bytes": report.spread([row["beyond"] for row in rows if "beyond" in row]),
    }}


def _with_connections(server):
    with contextlib.ExitStack() as stack:
        address = ("127.0.0.1", server.port)
        peers = [stack.enter_context(socket.create_connection(address, 5)) for _ in range(CONNECTIONS)]
        for peer in peers:
            peer.sendall(GET)
        for peer in peers:
            if not peer.recv(4096).startswith(b"$"):
                raise servers.ServerError(f"{server.name}: a GET was not answered with a value")
        time.sleep(0.2)
        return machine.process_memory(server.pid)


def _burst(server, generator, layout, settle):
    """The memory at the end of `settle` seconds after the burst, in which its connections stay open."""
    load = workloads.Load("", connections=CONNECTIONS, pipeline=64)
    command = [generator, "--port", str(server.port), "--seconds", str(BURST_SECONDS), "--linger", str(settle)]
    with servers.on_cores(layout.generator):
        burst = subprocess.Popen(command + load.flags(2), stdout=subprocess.DEVNULL)
    try:
        last = machine.process_memory(server.pid)
        while True:
            reading = machine.process_memory(server.pid)
            if burst.poll() is not None:
                break
            last = reading
            time.sleep(0.05)
    finally:
        burst.kill()
        burst.wait()
    if burst.returncode != 0:
        raise servers.ServerError(f"{server.name}: the burst failed")
    return last
