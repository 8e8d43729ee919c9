"""The check list of one scenario.

A scenario is a program that registers checks with @check and ends with checks.main().
Every check runs, whatever the others did; a failure prints its traceback, and the exit code is 1 if any failed.
The runner passes the endpoint in the environment (see ../README.md).
"""

import os
import signal
import sys
import time
import traceback

HOST = os.environ.get("REDIS_HOST", "127.0.0.1")
PORT = int(os.environ.get("REDIS_PORT", "6379"))
DB = int(os.environ.get("REDIS_DB", "1"))
OTHER_DB = int(os.environ.get("REDIS_OTHER_DB", "2"))
PREFIX = os.environ.get("KEY_PREFIX", "test:")
# Set when the endpoint is the embedded store: only checks registered with memory=True run.
MEMORY = os.environ.get("MEMORY") == "1"
# Set when Herdgate gives every key of the scenario a version and a TTL.
POLICIES = os.environ.get("POLICIES") == "all"
CHECK_SECONDS = 45

_checks = []


class Hung(BaseException):
    """A check did not end in CHECK_SECONDS. Not an Exception, so that no client library swallows it."""


def check(function=None, *, memory=False):
    def register(target):
        _checks.append((target.__name__, target, memory))
        return target

    return register(function) if function else register


def key(name):
    return PREFIX + name


def binary(size, seed=7):
    """The same `size` bytes for the same seed, holding every byte value."""
    import random

    return bytes(range(256))[:size] + random.Random(seed).randbytes(max(0, size - 256))


def expect(actual, wanted, what=""):
    if actual != wanted:
        raise AssertionError(f"{what} expected {_short(wanted)}, got {_short(actual)}".strip())


def expect_raises(kind, text, function, *args, **kwargs):
    try:
        value = function(*args, **kwargs)
    except kind as error:
        if text not in str(error):
            raise AssertionError(f"expected an error with {text!r}, got {error!r}") from error
        return
    raise AssertionError(f"expected {kind.__name__} with {text!r}, got the value {_short(value)}")


def wait_until(condition, what, seconds=15):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def main(before=None):
    if before:
        before()
    failed = 0
    for name, target, memory in _checks:
        if MEMORY and not memory:
            continue
        if len(sys.argv) > 1 and sys.argv[-1].startswith("check=") and sys.argv[-1] != "check=" + name:
            continue
        failed += not _run(name, target)
    sys.exit(1 if failed else 0)


def _run(name, target):
    def hung(_signal, _frame):
        raise Hung(f"still running after {CHECK_SECONDS} s")

    signal.signal(signal.SIGALRM, hung)
    signal.alarm(CHECK_SECONDS)
    started = time.monotonic()
    try:
        target()
    except (Exception, Hung):
        print(f"  FAILED {name} {time.monotonic() - started:.2f}s", flush=True)
        traceback.print_exc(file=sys.stdout)
        return False
    finally:
        signal.alarm(0)
    print(f"  ok {name} {time.monotonic() - started:.2f}s", flush=True)
    return True


def _short(value):
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]}... ({len(text)} characters)"
