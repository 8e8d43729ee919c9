"""An app's load on every feature that has figures of its own: threads that read and fill caches through two sidecars, bounded in rate and time."""

import random
import socket
import threading
import time
from collections.abc import Callable

PATIENCE = 5.0  # seconds for a reply


class Link:
    """A connection with one command at a time. Replies: bytes, int, None, or a Failure; lists are read and given as their length."""

    def __init__(self, port: int):
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")

    def ask(self, *words: str | int) -> object:
        self.send(*words)
        return self._read()

    def send(self, *words: str | int) -> None:
        self.send_bytes(encode(words))

    def pipeline(self, *commands: tuple[str | int, ...]) -> list[object]:
        """Commands in one write, then their replies."""
        self.send_bytes(b"".join(encode(command) for command in commands))
        return [self._read() for _ in commands]

    def send_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def _read(self) -> object:
        line = self._lines.readline()
        if not line:
            raise ConnectionError("closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            return None if int(rest) < 0 else self._lines.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self._read() for _ in range(max(0, int(rest)))]
        if kind == b"-":
            return Failure(rest.decode())
        return int(rest) if kind == b":" else rest

    def close(self) -> None:
        self._socket.close()


def encode(words: tuple[str | int, ...]) -> bytes:
    encoded = [str(word).encode() for word in words]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)


class Failure(str):
    """An error reply."""


class Load:
    """Runs scenes until stopped. Each has a thread, a link to one of the sidecars, and a seeded source of chance; it survives lost connections."""

    def __init__(self, ports: list[int], redis: int, embedded: int):
        """`ports`: of the sidecars; `redis`: what is behind them; `embedded`: a sidecar of its own."""
        self.ports, self.redis, self.embedded = ports, redis, embedded
        self.stopped = threading.Event()
        self.threads: list[threading.Thread] = []
        self.turns = 0  # a rough count of commands, to see that the load ran

    def start(self) -> None:
        for count, scene in SCENES:
            for _ in range(count):
                number = len(self.threads)
                thread = threading.Thread(target=self._run, args=(scene, number), daemon=True)
                self.threads.append(thread)
                thread.start()

    def stop(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join(2 * PATIENCE)

    def _run(self, scene: Callable[["Load", Link, random.Random], None], number: int) -> None:
        chance, port = random.Random(number), {other_writer: self.redis, tinker: self.embedded}.get(scene, self.ports[number % len(self.ports)])
        while not self.stopped.is_set():
            try:
                link = Link(port)
                while not self.stopped.is_set():
                    scene(self, link, chance)
                    self.turns += 1
                link.close()
            except (OSError, ValueError):
                self.stopped.wait(0.2)


def cache_aside(link: Link, key: str, compute: float, expiry_ms: int) -> None:
    """What every app does: read, and on nil compute and store."""
    if link.ask("GET", key) is None:
        time.sleep(compute)
        link.ask("SET", key, "x" * 200, "PX", expiry_ms)


def users(load: Load, link: Link, chance: random.Random) -> None:
    number = min(int(chance.paretovariate(0.7)), 3000)
    cache_aside(link, f"user:{number}", 0.002, 20_000)
    if chance.random() < 0.03:
        link.ask("DEL", f"user:{number}")
    if chance.random() < 0.02:
        link.ask("SET", f"user:extra:{number}", "no expiry asked for")
    if chance.random() < 0.05:
        link.ask("MGET", *(f"user:{n}" for n in range(1, 6)))
    load.stopped.wait(0.002)


def large(load: Load, link: Link, chance: random.Random) -> None:
    """More hot values than the near cache has room for."""
    key = f"page:large:{chance.randrange(60)}"
    if link.ask("GET", key) is None:
        link.ask("SET", key, "x" * 30_000, "EX", 60)
    load.stopped.wait(0.003)


def pages(load: Load, link: Link, chance: random.Random) -> None:
    cache_aside(link, f"page:{chance.randrange(3)}", 0.05, 1500)
    load.stopped.wait(0.004)


def feeds(load: Load, link: Link, chance: random.Random) -> None:
    key = f"feed:{chance.randrange(2)}"
    cache_aside(link, key, 0.08, 2500)
    if chance.random() < 0.001:
        link.ask("DEL", key)
    load.stopped.wait(0.004)


def ranks(load: Load, link: Link, chance: random.Random) -> None:
    cache_aside(link, f"rank:{chance.randrange(2)}", 0.04, 2500)
    load.stopped.wait(0.003)


def reports(load: Load, link: Link, chance: random.Random) -> None:
    del chance
    cache_aside(link, "report:1", 0.25, 1000)
    load.stopped.wait(0.01)


def never_stored(load: Load, link: Link, chance: random.Random) -> None:
    link.ask("GET", f"feed:never:{chance.randrange(3)}")
    load.stopped.wait(0.4)


def learned(load: Load, link: Link, chance: random.Random) -> None:
    cache_aside(link, f"learned:{chance.randrange(2000)}", 0.001, 5000)
    if chance.random() < 0.01:
        link.ask("INCR", "learned:counter")
    load.stopped.wait(0.01)


def ruled(load: Load, link: Link, chance: random.Random) -> None:
    """Writes that rules refuse, or would."""
    for prefix in ("strict", "audited"):
        link.ask("SET", f"{prefix}:1", "v")
        link.ask("SET", f"{prefix}:2", "v", "EX", chance.choice((10, 1000)))
        link.ask("GET", f"{prefix}:{chance.choice((2, 3))}")
    load.stopped.wait(0.1)


def spare(load: Load, link: Link, chance: random.Random) -> None:
    cache_aside(link, f"spare:{chance.randrange(30)}", 0.001, 3000)
    load.stopped.wait(0.01)


def deleters(load: Load, link: Link, chance: random.Random) -> None:
    """Deletes keep coming while Redis is away; a few hundred are more than may be remembered."""
    link.ask("DEL", f"page:gone:{chance.randrange(400)}")
    load.stopped.wait(0.02)


def others(load: Load, link: Link, chance: random.Random) -> None:
    """Keys of no policy, transactions, scripts, blocking commands, errors."""
    link.ask("INCR", "visits")
    link.ask("LPUSH", "visits", "wrong type")
    link.ask("EVAL", "return 1", 0)
    for word in (("MULTI",), ("INCR", "a"), ("EXEC",)):
        link.ask(*word)
    link.ask("WATCH", "a")
    link.ask("UNWATCH")
    link.ask("LPUSH", "queue", "job")
    link.ask("BLPOP", "queue", 1)
    link.pipeline(("GET", "visits"), ("EVAL", "return 2", 0), ("GET", "a"))
    link.ask("SET", "other", "v" * 2000)
    load.stopped.wait(0.05)


def visitors(load: Load, link: Link, chance: random.Random) -> None:
    """Connections that come and go, well and badly."""
    guest = Link(load.ports[chance.randrange(len(load.ports))])
    if chance.random() < 0.1:
        guest.send_bytes(b"*x\r\n")
    elif chance.random() < 0.1:
        guest.send("GET", "feed:0")
        guest.send("GET", "feed:1")
    else:
        guest.ask("QUIT")
    guest.close()
    link.ask("PING")
    load.stopped.wait(0.1)


def other_writer(load: Load, link: Link, chance: random.Random) -> None:
    """Writes that go to Redis directly."""
    link.ask("SET", f"page:{chance.randrange(3)}", "written elsewhere", "PX", 1500)
    load.stopped.wait(0.5)


def tinker(load: Load, link: Link, chance: random.Random) -> None:
    """A developer without a Redis, on a store that is too small."""
    link.ask("SET", f"k:{chance.randrange(10_000)}", "x" * 2000)
    load.stopped.wait(0.01)


# How many threads play which scene.
SCENES: list[tuple[int, Callable[[Load, Link, random.Random], None]]] = [
    (4, users),
    (2, large),
    (6, pages),
    (8, feeds),
    (4, ranks),
    (4, reports),
    (2, never_stored),
    (1, learned),
    (1, ruled),
    (2, spare),
    (2, deleters),
    (2, others),
    (1, visitors),
    (1, other_writer),
    (1, tinker),
]
