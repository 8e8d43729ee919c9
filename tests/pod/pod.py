"""A pod without a cluster: namespaces, volumes and containers as a kubelet makes them, and a Redis on another machine's address.

Everything is in namespaces of this process, and so is gone when it ends. Needs root.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import container
import network

POD, NODE = "10.200.0.2", "10.200.0.1"
TELEMETRY, ADMIN = 9638, 6381
PYTHON = "/usr/bin/python3"  # Debian's, which has redis-py
HERE = pathlib.Path(__file__).resolve().parent


def rendered_flags(golden):
    """The flags of `herdgate serve` in a pod as the chart renders it."""
    found = re.search(r"- args:\n( +)- serve\n((?:\1- .*\n)+)", golden.read_text())
    return ["serve", *re.findall(r"- (\S+)", found.group(2))]


class Mounted:
    """A ConfigMap or Secret as a kubelet mounts it: files are links through ..data, which changes by one rename."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self._version = 0

    def put(self, **texts):
        self._version += 1
        fresh = self.folder / f"..2026_{self._version}"
        fresh.mkdir()
        fresh.chmod(0o755)
        for name, text in texts.items():
            (fresh / name).write_text(text)
            (fresh / name).chmod(0o644)
        old = self.folder / "..data"
        previous = os.readlink(old) if old.is_symlink() else None
        (self.folder / "..data_tmp").symlink_to(fresh.name)
        os.rename(self.folder / "..data_tmp", old)
        for name in texts:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        if previous:
            shutil.rmtree(self.folder / previous)


class Redis:
    """A real redis-server on the node's address, outside the pod."""

    def __init__(self, pod):
        self._pod = pod
        self._process = None
        self.start()

    def start(self):
        command = ["redis-server", "--bind", NODE, "--port", "6379", "--protected-mode", "no", "--save", "", "--appendonly", "no"]
        log = open(self._pod.folder / "redis.log", "ab")
        with log:
            self._process = self._pod.node.run(
                lambda: subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._pod.folder))
        if not network.wait_for(lambda: self.ask("PING") == b"+PONG\r\n", 10):
            raise RuntimeError("redis-server did not start")

    def ask(self, command, like=b"\r\n"):
        return self._pod.node.run(lambda: network.ask((NODE, 6379), [(command, like)])[0])

    def kill(self):
        self._process.kill()
        self._process.wait()

    close = kill


class App:
    """The app's container: the machine's own root, for what an app's image holds is no matter here; a user of its own."""

    def __init__(self, pod, name, url, uid, *flags):
        self._report = pod.folder / f"{name}.jsonl"
        self._report.touch()
        os.chown(self._report, uid, uid)
        command = [PYTHON, "-B", str(HERE / "app.py"), "--url", url, "--report", str(self._report), *flags]
        self.log = open(pod.folder / f"{name}.log", "ab")
        self._process = pod.net.run(lambda: subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, user=uid, group=uid, extra_groups=[]))

    def now(self):
        """The newest line of its report."""
        lines = self._report.read_text().rsplit("\n", 2)
        return json.loads(lines[-2]) if len(lines) > 1 and lines[-2] else {"done": {}, "failed": {}, "errors": {}, "wrong": 0}

    def done(self):
        return sum(self.now()["done"].values())

    def failed(self, *kinds):
        return sum(count for kind, count in self.now()["failed"].items() if not kinds or kind in kinds)

    def reports(self):
        return self._report.read_text().splitlines()

    def longest_gap(self, since):
        """The longest time without a success after the first `since` lines of its report."""
        return max((json.loads(line)["gap"] for line in self.reports()[since:]), default=0)

    @property
    def code(self):
        return self._process.poll()

    def terminate(self):
        self._process.terminate()

    def wait(self, seconds):
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self):
        self._process.kill()
        self._process.wait()
        self.log.close()


class Pod:
    """One pod: its network, its volumes, and the sidecar's container; `folder` holds everything and stays for who looks into a failure."""

    def __init__(self, root, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        self.root = self.folder / "root"
        shutil.copytree(root, self.root, symlinks=True)
        self.node, self.net = network.Namespace(), network.Namespace()
        network.join(self.net, POD, self.node, NODE)
        self.config, self.tokens = Mounted(self.folder / "config"), Mounted(self.folder / "tokens")
        self.socket = self.folder / "socket"
        self.socket.mkdir()
        container.mount("tmpfs", str(self.socket), "tmpfs", 0, "mode=777,size=1m")
        (self.folder / "hosts").write_text(f"127.0.0.1 localhost\n{NODE} redis.example\n")
        self.sidecar, self.restarts = None, 0
        self._open = [Redis(self)]
        self.redis = self._open[0]

    def start_sidecar(self, flags, seconds=10):
        """Starts it, waits for its startup probe as a kubelet does before it starts the app, and returns how long that took."""
        started = time.monotonic()
        self.sidecar = container.Container(
            self.root, ["/usr/bin/herdgate", *flags], self.folder / "sidecar.log", net=self.net.fd,
            volumes=[(self.config.folder, "/etc/herdgate/config", True), (self.tokens.folder, "/etc/herdgate/tokens", True),
                     (self.socket, "/run/herdgate", False), (self.folder / "hosts", "/etc/hosts", True)])
        self._open.append(self.sidecar)
        if not network.wait_for(lambda: self.probe("/startupz") == 200, seconds, 0.005):
            raise RuntimeError(f"the sidecar did not start: {self.sidecar.words()}")
        return time.monotonic() - started

    def start_app(self, name, over, uid, *flags):
        url = f"unix://{self.socket}/redis.sock" if over == "socket" else "redis://127.0.0.1:6380"
        self._open.append(App(self, name, url, uid, *flags))
        return self._open[-1]

    def get(self, port, path, headers=None):
        """(status, body): telemetry from the node, as probes and scrapes come; the API from inside the pod."""
        if port == TELEMETRY:
            return self.node.run(lambda: network.http_get(POD, port, path))
        return self.net.run(lambda: network.http_get("127.0.0.1", port, path, headers))

    def probe(self, path):
        try:
            return self.get(TELEMETRY, path)[0]
        except OSError:
            return 0

    def metric(self, name):
        return network.metric(self.get(TELEMETRY, "/metrics")[1], name)

    def stop_sidecar(self, seconds=10):
        """SIGTERM as a kubelet sends it; the seconds that it took to end."""
        started = time.monotonic()
        self.sidecar.signal(signal.SIGTERM)
        self.sidecar.wait(seconds)
        return time.monotonic() - started

    def close(self):
        for one in reversed(self._open):
            one.close()
        subprocess.run(["umount", str(self.socket)], check=False)
        self.net.close()
        self.node.close()
        shutil.rmtree(self.root, ignore_errors=True)
