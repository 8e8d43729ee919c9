"""Celery with a real worker process: results, groups, chords, chains, retries, remote control, events."""

import os
import signal
import subprocess
import sys
import threading
import time

import redis
from celery import chain, chord, group
from celery.exceptions import TaskRevokedError

from celery_app import QUEUE, add, app, echo, fail, third_time, total
from checks import DB, HOST, OTHER_DB, PORT, check, expect, expect_raises, main, wait_until

NODE = f"worker@{QUEUE}"
SECONDS = 30
worker = None


def start():
    global worker
    for db in (DB, OTHER_DB):
        redis.Redis(host=HOST, port=PORT, db=db).flushdb()
    command = [sys.executable, "-m", "celery", "-A", "celery_app", "worker", "--hostname", NODE, "--concurrency", "2"]
    worker = subprocess.Popen([*command, "--loglevel", "WARNING"], cwd=os.path.dirname(os.path.abspath(__file__)))


def stop_worker():
    if worker and worker.poll() is None:
        worker.kill()


def inspect():
    return app.control.inspect(destination=[NODE], timeout=3, limit=1)


@check
def the_worker_answers_ping():
    wait_until(lambda: inspect().ping(), "the worker is up", SECONDS)
    expect(inspect().ping(), {NODE: {"ok": "pong"}})
    expect("celery_app.add" in inspect().registered()[NODE], True)


@check
def results():
    expect(add.delay(2, 3).get(timeout=SECONDS), 5)
    calls = [(i, add.delay(i, i)) for i in range(200)]
    expect([call.get(timeout=SECONDS) for _, call in calls], [2 * i for i, _ in calls])
    text = "x" * 300_000
    expect(echo.delay(text).get(timeout=SECONDS), text)


@check
def priorities_and_countdown():
    calls = [add.apply_async((i, 1), priority=i % 10) for i in range(30)]
    expect([call.get(timeout=SECONDS) for call in calls], [i + 1 for i in range(30)])
    started = time.monotonic()
    expect(add.apply_async((1, 1), countdown=1).get(timeout=SECONDS), 2)
    assert time.monotonic() - started > 0.8


@check
def groups_chords_and_chains():
    expect(group(add.s(i, i) for i in range(20))().get(timeout=SECONDS), [2 * i for i in range(20)])
    expect(chord([add.s(i, i) for i in range(20)])(total.s()).get(timeout=SECONDS), 380)
    expect(chain(add.s(1, 2), add.s(3), add.s(4))().get(timeout=SECONDS), 10)


@check
def failures_and_retries():
    expect_raises(ValueError, "meant to fail", lambda: fail.delay().get(timeout=SECONDS))
    expect(third_time.delay().get(timeout=SECONDS), 2)


@check
def revoke():
    later = add.apply_async((1, 1), countdown=5)
    wait_until(lambda: scheduled(later.id), "the worker holds the task")
    later.revoke()
    wait_until(lambda: later.id in (inspect().revoked() or {}).get(NODE, []), "the worker knows of the revoke")
    expect_raises(TaskRevokedError, "revoked", lambda: later.get(timeout=SECONDS))


def scheduled(task_id):
    rows = (inspect().scheduled() or {}).get(NODE, [])
    return any(row["request"]["id"] == task_id for row in rows)


@check
def events():
    asked, seen = set(), []

    def listen():
        with app.connection() as connection:
            receiver = app.events.Receiver(connection)

            def heard(event):
                seen.append(event["uuid"])
                receiver.should_stop = event["uuid"] in asked

            receiver.handlers["task-succeeded"] = heard
            try:
                receiver.capture(limit=None, timeout=SECONDS, wakeup=False)
            except TimeoutError:
                pass

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    # Events from before the subscription are lost, so tasks are asked for until one of them is heard.
    deadline = time.monotonic() + SECONDS
    while not asked.intersection(seen) and time.monotonic() < deadline:
        call = echo.delay("seen")
        asked.add(call.id)
        expect(call.get(timeout=SECONDS), "seen")
        thread.join(0.5)
    assert asked.intersection(seen), "no task-succeeded event arrived"


@check
def warm_shutdown():
    worker.send_signal(signal.SIGTERM)
    expect(worker.wait(SECONDS), 0, "exit code of the worker:")


try:
    main(before=start)
finally:
    stop_worker()
