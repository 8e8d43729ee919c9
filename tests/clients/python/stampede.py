"""What the stampede scenarios in Python share: the database that is asked, the record of it, and the crowds.

A crowd is some processes with some threads each, that do the same step again and again for STAMPEDE_SECONDS. All crowds of a scenario run at the
same time. The record is what the runner judges, a line for each time the database was asked and for each value that a caller got:

    asked <crowd> <key> <value>
    got   <crowd> <key> <value> <seconds without computing> <time>

A value names its key and when the database was asked for it: `key|number|time`. Tabs stand between the fields.
"""

import itertools
import multiprocessing
import os
import random
import sys
import threading
import time
import traceback

HOST = os.environ.get("REDIS_HOST", "127.0.0.1")
PORT = int(os.environ.get("REDIS_PORT", "6379"))
OTHER_PORT = int(os.environ.get("REDIS_OTHER_PORT", PORT))
DB = int(os.environ.get("REDIS_DB", "1"))
PREFIX = os.environ.get("KEY_PREFIX", "test:")
SECONDS = float(os.environ.get("STAMPEDE_SECONDS", "7"))
TTL = 1  # second

_record = os.open(os.environ.get("RECORD", os.devnull), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
_numbers = itertools.count()
_thread = threading.local()
_crowds = []


def crowd(processes=1, threads=16):
    """Registers a crowd: the function is called in each process with the port of its sidecar, and returns the step. The crowd has its name."""

    def register(setup):
        _crowds.append((setup, processes, threads))
        return setup

    return register


def compute(crowd_name, *keys):
    """Asks the database for these keys at once; takes 100 to 200 ms. The values, in order."""
    values = [f"{key}|{os.getpid()}.{next(_numbers)}|{time.time():.6f}" for key in keys]
    for key, value in zip(keys, values):
        _write("asked", crowd_name, key, value)
    started = time.monotonic()
    time.sleep(random.uniform(0.1, 0.2))
    _thread.computing += time.monotonic() - started
    return values


def lookup(crowd_name, read):
    """Records the values by their keys that read() returns, from the cache or from compute()."""
    _thread.computing = 0
    started = time.monotonic()
    values = read()
    seconds = time.monotonic() - started - _thread.computing
    for key, value in values.items():
        _write("got", crowd_name, key, value, f"{seconds:.6f}", f"{time.time():.6f}")


def main():
    context = multiprocessing.get_context("fork")
    children = [
        context.Process(target=_process, args=(setup, (PORT, OTHER_PORT)[number % 2], threads))
        for setup, processes, threads in _crowds
        for number in range(processes)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    sys.exit(1 if any(child.exitcode for child in children) else 0)


def _process(setup, port, count):
    step, errors = setup(port), []
    workers = [threading.Thread(target=_repeat, args=(step, time.monotonic() + SECONDS, errors)) for _ in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for error in errors[:3]:
        traceback.print_exception(error, file=sys.stdout)
    if errors:
        sys.exit(f"{setup.__name__}: {len(errors)} of {count} threads failed")


def _repeat(step, until, errors):
    try:
        while time.monotonic() < until:
            step()
            time.sleep(random.uniform(0.002, 0.02))
    except Exception as error:  # printed by the main thread
        errors.append(error)


def _write(*fields):
    os.write(_record, ("\t".join(fields) + "\n").encode())
