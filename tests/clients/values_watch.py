"""Listens to Redis itself: when which value has ended."""

import threading
import time

from policy_watch import Link

# Options of the server: it publishes each key's expiry and deletion.
EVENTS = {"notify-keyspace-events": "Exg"}
OWN_KEYS = "__herdgate:"


class ValuesWatch:
    """Listens on a thread of its own until stop(). An app may delete a key that it takes for expired a moment before Redis does."""

    def __init__(self, port, database):
        self._link = Link(port, timeout=None)
        self._ends = []
        self._link.ask("SUBSCRIBE", f"__keyevent@{database}__:expired")
        self._link.ask("SUBSCRIBE", f"__keyevent@{database}__:del")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        """(time, key) of each value's end, in order."""
        self._link.end()
        self._thread.join()
        self._link.close()
        return [(time, key) for time, key in self._ends if not key.startswith(OWN_KEYS)]

    def _run(self):
        try:
            while True:
                _kind, _channel, key = self._link.read()
                self._ends.append((time.time(), key))
        except (OSError, ValueError):
            pass  # ended
