"""How the redis-py scenario connects: one protocol for the whole program, and the helpers of its checks."""

import sys
import threading

import redis

from checks import DB, HOST, PORT

PROTOCOL = int(sys.argv[1]) if len(sys.argv) > 1 else 2
# Debian's 4.3.4 has no `protocol` argument.
NEW = int(redis.__version__.split(".")[0]) >= 5


def options(db=DB, **kwargs):
    if NEW:
        kwargs["protocol"] = PROTOCOL
    return dict(host=HOST, port=PORT, db=db, socket_timeout=30, **kwargs)


def client(db=DB, **kwargs):
    return redis.Redis(**options(db, **kwargs))


def single(**kwargs):
    """A client on exactly one connection, so that the state of that connection can be checked."""
    return client(single_connection_client=True, **kwargs)


r = client()


def in_thread(function):
    """Starts function() in a thread; the result is a function that waits for its value, or raises its error."""
    box = {}

    def body():
        try:
            box["value"] = function()
        except Exception as error:  # handed to the waiting thread
            box["error"] = error

    thread = threading.Thread(target=body, daemon=True)
    thread.start()

    def result():
        thread.join(20)
        if thread.is_alive():
            raise AssertionError("the thread is still blocked")
        if "error" in box:
            raise box["error"]
        return box["value"]

    return result
