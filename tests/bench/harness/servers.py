"""The servers that are compared: how each is started, pinned, reached and stopped."""

import contextlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import time

from . import machine

START_LIMIT = 10  # seconds until a server must answer
PEERS = ("twemproxy", "haproxy")
POLICIES = "herdgate-1-policies"
NEAR_TARGETS = {"herdgate-1-near": 1, "herdgate-2-near": 2}
# Kinds of policies for pages, from nothing but the policy to everything on.
STAMPEDES = {
    "policy": "stampede: {coalesce: off}",
    "coalesce": "stampede: {coalesce: on}",
    "refresh": "stampede: {coalesce: on}, refresh: {mode: synthetic}",
    "near-alone": "stampede: {coalesce: off}, near: {enabled: true, max_ttl: 60s}",
    "everything": "stampede: {coalesce: on}, refresh: {mode: synthetic}, near: {enabled: true, max_ttl: 60s}",
}
STAMPEDE_TARGETS = {f"herdgate-1-{kind}": kind for kind in STAMPEDES}
STANDARD = ("herdgate-1", POLICIES, "herdgate-2", *NEAR_TARGETS, *STAMPEDE_TARGETS, *PEERS)
# Every key gets a version and an expiry: what policies cost at most.
POLICY_FILE = """policies:
  - name: everything
    match: ["*"]
    mode: enforce
    ttl: {missing: apply, default: 1h, min: 1s, max: 24h, jitter: 10%}
    version: {schema: 7}
"""
# Only keys that no other load asks for.
NEAR_FILE = """policies:
  - name: hot
    match: ["hot:*"]
    near: {enabled: true, max_ttl: 60s}
"""
STAMPEDE_FILE = """policies:
  - {{name: pages, match: ["page:*", "hotpage:*"], {options}}}
"""
PING = b"*1\r\n$4\r\nPING\r\n"


class ServerError(Exception):
    """A server did not start or has died; the text names it and quotes its last words."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def on_cores(cores):
    """What is started inside inherits these cores: as taskset does, without its extra exec in a start time."""
    before = os.sched_getaffinity(0)
    if cores:
        os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pings(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 0.5) as peer:
            peer.settimeout(0.5)
            peer.sendall(PING)
            return peer.recv(64).startswith(b"+PONG")
    except OSError:
        return False


class Server:
    """One process under comparison. `command` may hold {port}; None means that it runs already (an --extra address)."""

    def __init__(self, name, kind, command, port, cores, log_path, loops=1):
        self.name = name
        self.kind = kind  # direct, herdgate, policies, near, one of STAMPEDES, peer or extra
        self.loops = loops
        self.port = port
        self._command = command
        self._cores = cores
        self._log_path = log_path
        self._process = None
        self._adopted = machine.listener_pid(port) if command is None else None

    @property
    def pid(self):
        return self._process.pid if self._process else self._adopted

    @property
    def startable(self):
        return self._command is not None

    def start(self):
        """Starts the process and returns the seconds until its first PONG."""
        if not self.startable:
            if not pings(self.port):
                raise ServerError(f"{self.name}: nothing answers on port {self.port}")
            return None
        if pings(self.port):
            raise ServerError(f"{self.name}: port {self.port} is in use")
        with open(self._log_path, "wb") as log, on_cores(self._cores):
            started = time.perf_counter()
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while not pings(self.port):
            if self._process.poll() is not None or time.perf_counter() - started > START_LIMIT:
                raise ServerError(f"{self.name} did not start: {self._last_words()}")
            time.sleep(0.0002)
        return time.perf_counter() - started

    def check(self):
        if self._process and self._process.poll() is not None:
            raise ServerError(f"{self.name} ended with status {self._process.returncode}: {self._last_words()}")

    def stop(self):
        if not self._process:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _last_words(self):
        with open(self._log_path, "rb") as log:
            return log.read()[-300:].decode(errors="replace").strip() or "(it wrote nothing)"


class Fleet:
    """Makes the servers of one run. Files go to `directory`; every proxy has the Redis on `upstream` behind it."""

    def __init__(self, directory, layout, arguments):
        self._directory = directory
        self._layout = layout
        self._arguments = arguments
        self.upstream = arguments.redis_port or free_port()
        self.skipped = {}

    def redis(self, port=None):
        binary = self._find("direct", self._arguments.redis_server)
        if not binary:
            raise ServerError("redis-server is not installed")
        port = port or self.upstream
        command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        return self._server("direct", "direct", command, port, self._layout.redis)

    def proxies(self):
        made = [self._herdgate(1), self._herdgate(1, POLICIES), self._herdgate(2)]
        made += [self._herdgate(loops, name) for name, loops in NEAR_TARGETS.items()]
        made += [self._herdgate(1, name) for name in STAMPEDE_TARGETS]
        made += [self._twemproxy(), self._haproxy()]
        made += [self._extra(text) for text in self._arguments.extra]
        return [server for server in made if server]

    def _herdgate(self, loops, name=None):
        kind = "near" if name in NEAR_TARGETS else STAMPEDE_TARGETS.get(name, "herdgate")
        kind = "policies" if name == POLICIES else kind
        name = name or f"herdgate-{loops}"
        binary = self._find(name, self._arguments.herdgate)
        if not binary:
            return None
        port = free_port()
        command = [binary, "serve", "--listen", f"tcp://127.0.0.1:{port}"]
        command += ["--upstream", f"redis://127.0.0.1:{self.upstream}", "--telemetry", "off", "--loops", str(loops)]
        if kind == "policies":
            command += ["--config", self._write("policies.yaml", POLICY_FILE)]
        if kind == "near":
            command += ["--config", self._write("near.yaml", NEAR_FILE)]
        if kind in STAMPEDES:
            command += ["--config", self._write(f"{kind}.yaml", STAMPEDE_FILE.format(options=STAMPEDES[kind]))]
        return self._server(name, kind, command, port, self._proxy_cores(loops), loops)

    def _twemproxy(self):
        binary = self._find("twemproxy", "nutcracker")
        if not binary:
            return None
        port = free_port()
        text = (f"bench:\n  listen: 127.0.0.1:{port}\n  redis: true\n  hash: fnv1a_64\n  distribution: modula\n"
                f"  auto_eject_hosts: false\n  backlog: 1024\n  servers:\n    - 127.0.0.1:{self.upstream}:1\n")
        command = [binary, "-c", self._write("twemproxy.yml", text), "-a", "127.0.0.1", "-s", str(free_port())]
        return self._server("twemproxy", "peer", command, port, self._layout.proxy)

    def _haproxy(self):
        binary = self._find("haproxy", "haproxy")
        if not binary:
            return None
        port = free_port()
        text = ("global\n  nbthread 1\n  maxconn 4096\n"
                "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n"
                f"listen redis\n  bind 127.0.0.1:{port}\n  server upstream 127.0.0.1:{self.upstream}\n")
        command = [binary, "-db", "-q", "-f", self._write("haproxy.cfg", text)]
        return self._server("haproxy", "peer", command, port, self._layout.proxy)

    def _extra(self, text):
        """NAME[:LOOPS]=HOST:PORT of this machine, or NAME[:LOOPS]=COMMAND with {port} and {upstream}."""
        form = re.fullmatch(r"([\w.-]+)(?::(\d+))?=(.+)", text)
        address = form and re.fullmatch(r"[\w.-]+:(\d+)", form.group(3))
        if not form or not (address or "{port}" in text):
            raise ServerError(f"--extra {text}: neither NAME=HOST:PORT nor NAME=COMMAND with {{port}}")
        name, loops, rest = form.group(1), int(form.group(2) or 1), form.group(3)
        if address:
            return self._server(name, "extra", None, int(address.group(1)), None, loops)
        port = free_port()
        command = [part.format(port=port, upstream=self.upstream) for part in shlex.split(rest)]
        return self._server(name, "extra", command, port, self._proxy_cores(loops), loops)

    def _proxy_cores(self, loops):
        return self._layout.proxy if loops == 1 else self._layout.proxy_two

    def _server(self, name, kind, command, port, cores, loops=1):
        log_path = os.path.join(self._directory, f"{name}.log")
        return Server(name, kind, command, port, cores, log_path, loops)

    def _find(self, name, program):
        """The program's path. None is noted in `skipped`, or the user did not want the target."""
        if name != "direct" and name not in self._arguments.targets:
            return None
        path = shutil.which(program) or (shutil.which(program, path="/usr/sbin") if "/" not in program else None)
        if not path:
            self.skipped[name] = f"{program} not found"
        return path

    def _write(self, name, text):
        path = os.path.join(self._directory, name)
        with open(path, "w") as file:
            file.write(text)
        return path


def version(*command):
    """The version number in a program's own words, or None."""
    program = shutil.which(command[0]) or shutil.which(command[0], path="/usr/sbin")
    if not program:
        return None
    try:
        done = subprocess.run([program, *command[1:]], capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return found.group(0) if found else None
