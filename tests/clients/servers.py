"""The servers that scenarios run against."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request


class Servers:
    """The processes in front of which the scenarios run. Stopped in reverse order, whatever happens."""

    def __init__(self, logs):
        self.logs = logs
        self.folder = tempfile.mkdtemp(prefix="herdgate-clients-")
        self.processes = []
        self.herdgates = []

    def start(self, name, command):
        with open(os.path.join(self.logs, name + ".log"), "wb") as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder))
        return self.processes[-1]

    def redis(self, **more):
        port = free_port()
        options = {"bind": "127.0.0.1", "port": port, "save": "", "appendonly": "no", "repl-diskless-sync-delay": 0, **more}
        words = [str(word) for name, value in options.items() for word in ("--" + name, value)]
        wait_for_pong(port, self.start(f"redis-server-{len(self.processes)}", ["redis-server", *words]))
        return port

    def herdgate(self, binary, upstream, flags=(), name="herdgate"):
        endpoint = Endpoint("127.0.0.1", free_port(), free_port())
        listen = f"tcp://127.0.0.1:{endpoint.port}"
        command = [binary, "serve", "--listen", listen, "--upstream", upstream, "--telemetry", f"127.0.0.1:{endpoint.telemetry}", *flags]
        self.herdgates.append(self.start(name, command))
        wait_for_pong(endpoint.port, self.herdgates[-1])
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
    """Where a scenario connects to. `other_port`: the same data through another Herdgate, if there is one; `redis`: the port of Redis behind both."""

    def __init__(self, host, port, telemetry=None):
        self.host, self.port, self.other_port, self.telemetry, self.redis = host, port, port, telemetry, None

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
