"""Judges the record of a stampede scenario: how often the database was asked per expiry, and what callers got, and when.

What a record is: python/stampede.py. An expiry is one that Redis itself has told of (values_watch.py), or the start, when nothing is cached yet.
Redis expires a key once, however many callers then find nothing, so the number does not depend on what is to be judged by it.
"""

import bisect
import collections
import dataclasses

from values_watch import ValuesWatch

LEAST_EXPIRIES = 3  # of so many a crowd must have seen, or it proves little
LEAST_DIRECT = 3.0  # recomputes per expiry that must be exceeded where nothing protects the database
TTL = 1.0
COMPUTING = 0.2  # at most
# A value's key expires so long after it was asked for, and whoever was told to expire it is so late at most.
OLDEST = TTL + COMPUTING + 0.8
LATE = 0.5  # of an expiry's message; below TTL


@dataclasses.dataclass(frozen=True)
class Crowd:
    """What one crowd of a scenario must show through Herdgate."""

    name: str
    most: float = 1.05  # recomputes per expiry; 0: only told, see why in scenarios.py
    least_direct: float = LEAST_DIRECT
    longest: float = 2.3  # seconds that a lookup takes at most, computing left out: max_wait and a little
    oldest: float = OLDEST  # seconds since a value was asked for, when a lookup that gets it begins
    # What the names in Redis hold of which the expiries count; empty: those that end in the key.
    expiring: str = ""
    # The keys outlive their values in Redis: what comes so many seconds after the first of a stampede is another.
    apart: float = 0.0


class StampedeWatch:
    """Counts the expiries while a scenario runs, and judges it then. `direct`: there is no Herdgate, so there must be a stampede."""

    def __init__(self, port, database, record, crowds, direct):
        self._values = ValuesWatch(port, database)
        self._record, self._crowds, self._direct = record, crowds, direct
        self.told = ""

    def stop(self):
        """What is wrong, in words; empty if nothing is."""
        ends = self._values.stop()
        try:
            wrong, self.told = judge(self._record, ends, self._crowds, self._direct)
        except (OSError, ValueError) as error:
            wrong = f"no record: {error}"
        return wrong


class Record:
    def __init__(self, path):
        self.asked = collections.defaultdict(dict)  # (crowd, key) -> {value: time}
        self.got = collections.defaultdict(list)  # (crowd, key) -> [(value, seconds, time)]
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                what, crowd, key, value, *rest = line.rstrip("\n").split("\t")
                if what == "asked":
                    self.asked[crowd, key][value] = float(value.rpartition("|")[2])
                else:
                    self.got[crowd, key].append((value, float(rest[0]), float(rest[1])))


def judge(path, ends, crowds, direct):
    """(what is wrong, what was measured), both in words. `ends`: (time, name in Redis) of each value's, in order."""
    record, wrong, told = Record(path), [], []
    for crowd in crowds:
        keys = sorted({key for name, key in [*record.asked, *record.got] if name == crowd.name})
        wrong += [f"{crowd.name}: {text}" for key in keys for text in _wrong_answers(record, crowd, key)]
        stampedes = [sizes for key in keys if record.asked[crowd.name, key] for sizes in [_sizes(record, crowd, key, ends)]]
        count, asked = sum(map(len, stampedes)), sum(map(sum, stampedes))
        mean = asked / count if count else 0.0
        told.append(f"{crowd.name} {mean:.2f}/{count}")
        if count < LEAST_EXPIRIES:
            wrong.append(f"{crowd.name}: {count} expiries are too few")
        elif direct and mean <= crowd.least_direct:
            wrong.append(f"{crowd.name}: {mean:.2f} recomputes per expiry are no stampede")
        elif not direct and crowd.most and mean > crowd.most:
            wrong.append(f"{crowd.name}: {mean:.2f} recomputes per expiry, at most {crowd.most:g} wanted: {stampedes}")
    return "; ".join(wrong[:5]), ", ".join(told)


def _sizes(record, crowd, key, ends):
    """How often the database was asked for the key, at the start and after each expiry."""
    asked = sorted(record.asked[crowd.name, key].values())
    if crowd.apart:
        begins = []
        for time in asked:
            if not begins or time > begins[-1] + crowd.apart:
                begins.append(time)
    else:
        mine = (lambda name: crowd.expiring in name) if crowd.expiring else (lambda name: name.endswith(":" + key))
        begins = [asked[0], *(time - LATE for time, name in ends if mine(name) and time - LATE <= asked[-1])]
    stops = [bisect.bisect_left(asked, begin) for begin in begins[1:]] + [len(asked)]
    return [stop - start for start, stop in zip([0, *stops], stops)]


def _wrong_answers(record, crowd, key):
    asked = record.asked[crowd.name, key]
    for value, seconds, time in record.got[crowd.name, key]:
        if value not in asked:
            yield f"{key} was {value!r}, which nobody has computed"
        elif time - seconds - asked[value] > crowd.oldest:
            yield f"{key} was {time - seconds - asked[value]:.2f} s old"
        if seconds > crowd.longest:
            yield f"a lookup of {key} took {seconds:.2f} s"
