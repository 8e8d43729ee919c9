"""A sidecar with its HTTP API in front of a Redis of its own, and the two ways to ask them: HTTP with a token, and RESP."""

import hashlib
import http.client
import json
import os
import socket
import time

from . import servers

TOKEN = "hg_bench"
SCOPES = "read,inspect,invalidate,purge_all,operate"
PATIENCE = 30  # seconds


def wait_for(fact, patience=PATIENCE, every=0.005):
    deadline = time.monotonic() + patience
    while not (found := fact()):
        if time.monotonic() > deadline:
            raise servers.ServerError("nothing came of waiting")
        time.sleep(every)
    return found


class Link:
    """A RESP connection; replies are numbers, strings, None or lists of them."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def ask(self, *words):
        return self.ask_all([words])[0]

    def ask_all(self, commands):
        """All in one write; an error reply ends the run."""
        self._socket.sendall(b"".join(self._encoded(words) for words in commands))
        return [self._read() for _ in commands]

    def close(self):
        self._file.close()
        self._socket.close()

    @staticmethod
    def _encoded(words):
        parts = [str(word).encode() for word in words]
        return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)

    def _read(self):
        line = self._file.readline()
        kind, text = line[:1], line[1:].strip().decode()
        if kind == b"$":
            return None if text == "-1" else self._file.read(int(text) + 2)[:-2].decode()
        if kind == b"*":
            return [self._read() for _ in range(int(text))]
        if kind == b"-" or not line:
            raise servers.ServerError(text or "a connection was closed")
        return int(text) if kind == b":" else text


class Api:
    """The HTTP API of one sidecar over one connection."""

    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._keys = 0

    def ask(self, method, path, body=None, **headers):
        """(status, the answer's JSON, or its text where it is none)"""
        headers = {"Authorization": f"Bearer {TOKEN}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if method != "GET":
            headers |= {"X-Herdgate-Request": "1", "Content-Type": "application/json"}
        text = None if body is None else json.dumps(body)
        self._connection.request(method, "/api/v1" + path, text, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        return answer.status, json.loads(text) if "json" == answer.headers.get_content_subtype() else text

    def expect(self, status, method, path, body=None, **headers):
        got, answer = self.ask(method, path, body, **headers)
        if got != status:
            raise servers.ServerError(f"{method} {path} answered {got}: {answer}")
        return answer

    def preview(self, target):
        """The preview when it is ready, and after how many seconds."""
        began = time.perf_counter()
        preview = self.expect(200, "POST", "/invalidations/preview", target)
        while preview["state"] == "running":
            time.sleep(0.002)
            preview = self.expect(200, "GET", "/invalidations/preview/" + preview["token"])
        if preview["state"] != "ready":
            raise servers.ServerError(f"a preview failed: {preview.get('error')}")
        return preview, time.perf_counter() - began

    def begin(self, preview, **options):
        self._keys += 1
        body = {"preview_token": preview["token"], **options}
        return self.expect(202, "POST", "/invalidations", body, Idempotency_Key=f"{os.getpid()}-{id(self)}-{self._keys}")

    def job(self, name):
        return self.expect(200, "GET", "/invalidations/" + name)

    def report(self, name):
        return [json.loads(line) for line in self.expect(200, "GET", f"/invalidations/{name}/report.jsonl").splitlines()]


class Rig:
    """A redis-server and sidecars in front of it, each with an HTTP API."""

    def __init__(self, herdgate, directory, policies, sidecars=1):
        self._started = []
        self._directory = directory
        tokens = os.path.join(directory, "tokens")
        with open(tokens, "w") as file:
            file.write(f"bench {SCOPES} {hashlib.sha256(TOKEN.encode()).hexdigest()}\n")
        self.redis_port = servers.free_port()
        redis = ["redis-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--enable-debug-command", "yes"]
        self.redis = self._start("redis", [*redis, "--port", str(self.redis_port)], self.redis_port)
        self.ports, self.admin_ports, self.gates = [], [], []
        for number in range(sidecars):
            port, admin = servers.free_port(), servers.free_port()
            config = os.path.join(directory, f"herdgate-{number}.yaml")
            with open(config, "w") as file:
                file.write(f'listen: ["tcp://127.0.0.1:{port}"]\nupstream: {{url: "redis://127.0.0.1:{self.redis_port}"}}\n'
                           f"admin: {{listen: 127.0.0.1:{admin}, tokens_file: {tokens}}}\nloops: 1\n{policies}")
            self.gates.append(self._start(f"herdgate-{number}", [herdgate, "serve", "--config", config, "--telemetry", "off"], port))
            self.ports.append(port)
            self.admin_ports.append(admin)
        for admin in self.admin_ports:
            wait_for(lambda api=Api(admin): api.ask("GET", "/snapshot")[1]["near"]["mode"] in ("tracked", "off"))

    def api(self, number=0):
        return Api(self.admin_ports[number])

    def direct(self):
        return Link(self.redis_port)

    def client(self, number=0):
        return Link(self.ports[number])

    def resident_bytes(self, number=0):
        return resident_bytes(self.gates[number].pid)

    def stop(self):
        for server in reversed(self._started):
            server.stop()

    def _start(self, name, command, port):
        server = servers.Server(name, "herdgate", command, port, None, os.path.join(self._directory, name + ".log"))
        self._started.append(server)
        server.start()
        return server


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
