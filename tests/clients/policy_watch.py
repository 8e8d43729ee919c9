"""Watches the database of a scenario in Redis itself while the scenario runs: do its keys obey the policies of policies.yaml?"""

import socket
import threading

PERIOD = 0.02  # seconds between two looks
VERSION = "v7:"
LEAST_KEYS = {"all": 20, "none": 3}  # of so many a look must have been, or it proves little

# One look, atomic. For each key that does not obey: its name and why. Last, how many keys there are.
LOOK = """
local bad = {}
local keys = redis.call('KEYS', '*')
for _, key in ipairs(keys) do
  local versioned = string.find(key, '^v%d+[%.:]') ~= nil or string.find(key, '^g%d+:') ~= nil
  if ARGV[1] == 'all' then
    if string.sub(key, 1, string.len(ARGV[2])) ~= ARGV[2] then
      if key ~= ARGV[3] then bad[#bad + 1] = 'no version: ' .. key end
    elseif redis.call('PTTL', key) < 0 then
      bad[#bad + 1] = 'no TTL: ' .. key
    end
  elseif versioned then
    bad[#bad + 1] = 'a version: ' .. key
  end
end
bad[#bad + 1] = tostring(#keys)
return bad
"""


class Watch:
    """Looks again and again, on a thread of its own, until stop(). `keys` is "all" (each has version and TTL) or "none" (none has a version);
    `free` is one name that no policy matches."""

    def __init__(self, port, database, keys, free=""):
        self._link = Link(port)
        self._link.ask("SELECT", str(database))
        # A scenario before may have left keys that obey other policies.
        self._link.ask("FLUSHDB")
        self._look = ("EVAL", LOOK, "0", keys, VERSION, free)
        self._stopping = threading.Event()
        self._suspects = set()
        self._least_keys = LEAST_KEYS[keys]
        self._most_keys = 0
        self._looks = 0
        self._wrong = ""
        self.told = ""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self):
        """What is wrong, in words; empty if nothing is."""
        self._stopping.set()
        self._thread.join()
        self._link.close()
        if not self._wrong and self._most_keys < self._least_keys:
            self._wrong = f"{self._looks} looks at the keys saw {self._most_keys} at most"
        return self._wrong

    def _run(self):
        try:
            while not self._wrong and not self._stopping.wait(PERIOD):
                self._once()
        except (OSError, ValueError) as error:
            self._wrong = f"the keys can't be watched: {error}"

    def _once(self):
        *bad, count = self._link.ask(*self._look)
        self._looks += 1
        self._most_keys = max(self._most_keys, int(count))
        # A TTL that follows a command may be seen to be missing once.
        lasting = [text for text in bad if text in self._suspects or not text.startswith("no TTL")]
        self._suspects = set(bad)
        if lasting:
            self._wrong = f"{len(lasting)} keys break the policies: {', '.join(sorted(lasting)[:3])}"


class Link:
    """A connection to Redis that understands as much of its protocol as the watch needs."""

    def __init__(self, port, timeout=10):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        self._replies = self._socket.makefile("rb")

    def ask(self, *words):
        encoded = [word.encode() for word in words]
        bulks = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)
        self._socket.sendall(b"*%d\r\n" % len(encoded) + bulks)
        return self.read()

    def end(self):
        """Ends a read() that another thread is in, too."""
        self._socket.shutdown(socket.SHUT_RDWR)

    def close(self):
        self._replies.close()
        self._socket.close()

    def read(self):
        line = self._replies.readline()
        kind, text = line[:1], line[1:].strip()
        if kind == b"*":
            return [self.read() for _ in range(int(text))]
        if kind == b"$":
            return self._replies.read(int(text) + 2)[:-2].decode(errors="backslashreplace")
        if kind == b"-" or not line:
            raise ValueError(text.decode() or "Redis closed the connection")
        return text.decode()
