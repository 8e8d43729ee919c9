#!/usr/bin/env python3
"""A plain app of the pod: redis-py, a pool, threads that read and write without pause; it knows nothing of Herdgate.

app.py --url URL --report FILE [--threads N] [--requests N] [--after-term SECONDS]

Each round of a thread is: GET of a page (and SET on a miss), SET and GET of a key of its own, INCR, and a transaction. Each request is counted as done or
failed, as the app would see it; a key of its own that holds something else than was written is `wrong`. FILE gets a line of JSON twenty times a second.
With --requests it is a job: it ends by itself. SIGTERM lets it go on for --after-term seconds, then it closes its connections and ends with 0.
"""

import argparse
import collections
import json
import os
import random
import signal
import sys
import threading
import time

import redis

PAGES = 200


class App:
    def __init__(self, arguments):
        self.client = redis.Redis.from_url(arguments.url, socket_timeout=5)
        self.lock = threading.Lock()
        self.done = collections.Counter()
        self.failed = collections.Counter()
        self.errors = collections.Counter()
        self.wrong = 0
        self.last_done = time.monotonic()
        self.gap = 0.0  # the longest time without any success
        self.stop_at = None
        self.left = arguments.requests
        self.after_term = arguments.after_term

    def attempt(self, kind, request):
        """The request's value, or None and a failure counted."""
        try:
            value = request()
        except (redis.RedisError, OSError) as error:
            with self.lock:
                self.failed[kind] += 1
                self.errors[f"{kind}: {type(error).__name__}: {error}"[:120]] += 1
            time.sleep(0.02)
            return None
        with self.lock:
            now = time.monotonic()
            self.gap, self.last_done = max(self.gap, now - self.last_done), now
            self.done[kind] += 1
            self.left -= 1
        return value

    def round(self, name, number):
        client, page = self.client, f"page:{random.randrange(PAGES)}"
        failed = self.failed["read"]
        if self.attempt("read", lambda: client.get(page)) is None and self.failed["read"] == failed:
            self.attempt("write", lambda: client.set(page, "x" * 100, ex=30))
        own = f"own:{name}"
        if self.attempt("own", lambda: client.set(own, number)):
            seen = self.attempt("own", lambda: client.get(own))
            self.wrong += seen is not None and int(seen) != number
        self.attempt("count", lambda: client.incr(f"count:{name}"))
        self.attempt("transaction", lambda: client.pipeline().set(f"pair:{name}", number).get(f"pair:{name}").execute())

    def work(self, name):
        number = 0
        while (self.stop_at is None or time.monotonic() < self.stop_at) and self.left > 0:
            number += 1
            self.round(name, number)
            time.sleep(0.002)

    def on_term(self, *_):
        self.stop_at = time.monotonic() + self.after_term

    def report(self, file, ended=False):
        with self.lock:
            line = {"done": dict(self.done), "failed": dict(self.failed), "errors": dict(self.errors), "wrong": self.wrong,
                    "gap": self.gap, "ended": ended, "terminating": self.stop_at is not None}
            self.gap = 0.0
        file.write(json.dumps(line) + "\n")
        file.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--report", required=True)
    parser.add_argument("--threads", type=int, default=3)
    parser.add_argument("--requests", type=int, default=sys.maxsize)
    parser.add_argument("--after-term", type=float, default=1.0)
    arguments = parser.parse_args()
    app = App(arguments)
    signal.signal(signal.SIGTERM, app.on_term)
    threads = [threading.Thread(target=app.work, args=(f"{os.getpid()}:{index}",)) for index in range(arguments.threads)]
    with open(arguments.report, "a", encoding="utf-8") as file:
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            app.report(file)
            time.sleep(0.05)
        app.client.close()
        app.report(file, ended=True)


if __name__ == "__main__":
    main()
