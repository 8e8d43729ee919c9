"""Network namespaces without names, so that nothing of them outlives the process, and the requests of probes."""

import concurrent.futures
import http.client
import os
import re
import socket
import subprocess
import threading
import time

import container


def open_own():
    return os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)


class Namespace:
    """A network namespace with its loopback up. Lives as long as `fd` is open or a process is in it."""

    def __init__(self):
        def make():
            container.unshare(container.CLONE_NEWNET)
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            return open_own()

        self.fd = _in_new_thread(make)

    def run(self, task):
        """`task` in a thread that is inside; sockets and processes that it makes stay inside."""
        def enter():
            container.setns(self.fd)
            return task()

        return _in_new_thread(enter)

    def ip(self, *words):
        return self.run(lambda: subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout)

    def close(self):
        os.close(self.fd)


def _in_new_thread(task):
    """Namespaces belong to threads, so the thread ends with the task."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(task).result()


def join(one, one_address, other, other_address):
    """A cable between two namespaces."""
    one.ip("link", "add", "eth0", "type", "veth", "peer", "name", "peer0")
    one.run(lambda: subprocess.run(["ip", "link", "set", "peer0", "netns", f"/proc/{os.getpid()}/fd/{other.fd}"], check=True))
    one.ip("addr", "add", f"{one_address}/30", "dev", "eth0")
    one.ip("link", "set", "eth0", "up")
    other.ip("addr", "add", f"{other_address}/30", "dev", "peer0")
    other.ip("link", "set", "peer0", "up")


def wait_for(holds, seconds, pause=0.02):
    """Whether it held within the time; an error of the network counts as not yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            if holds():
                return True
        except (OSError, http.client.HTTPException):
            pass
        if time.monotonic() > end:
            return False
        time.sleep(pause)


def http_get(host, port, path, headers=None, seconds=2):
    """(status, body) of one request, as a probe makes it."""
    peer = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        peer.request("GET", path, headers=headers or {})
        answer = peer.getresponse()
        return answer.status, answer.read().decode()
    finally:
        peer.close()


def ask(address, pairs):
    """The replies to commands, one after the other; `address`: (host, port), or a path. `pairs`: (command, reply of this length)."""
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as peer:
        peer.settimeout(5)
        peer.connect(address)
        replies = []
        for command, expected in pairs:
            peer.sendall(command.encode() + b"\r\n")
            reply = b""
            while len(reply) < len(expected) and (chunk := peer.recv(4096)):
                reply += chunk
            replies.append(reply)
        return replies


def metric(text, name):
    """The value of the first series that begins so, or None."""
    found = re.search(rf"^{re.escape(name)}[^ ]* (\S+)$", text, re.M)
    return float(found.group(1)) if found else None
