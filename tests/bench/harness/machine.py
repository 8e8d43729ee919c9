"""What the kernel says about CPU time, memory and cores. Linux only; all times in seconds, all sizes in bytes."""

import dataclasses
import os
import platform
import re

TICK = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True)
class Layout:
    """Which cores each party runs on; None everywhere means that nothing is pinned."""

    redis: frozenset | None
    proxy: frozenset | None  # a proxy with one loop
    proxy_two: frozenset | None  # a proxy with two loops
    generator: frozenset | None
    used: frozenset  # all cores of the run: what others do on these disturbs it
    remark: str


def choose_layout(cores, pin=True):
    """Redis and a proxy get a core each, the generator two or more. See README.md for why.

    With four cores there is no third one for a second loop: it shares Redis's, which multiplexing leaves mostly idle.
    """
    cores = sorted(cores)
    if not pin or len(cores) < 4:
        why = "not asked for" if not pin else f"only {len(cores)} cores"
        remark = f"nothing is pinned ({why}); figures with two loops mean little here"
        return Layout(None, None, None, None, frozenset(cores), remark)
    one = lambda *at: frozenset(cores[i] for i in at)
    if len(cores) == 4:
        remark = "two loops share a core with Redis: no core is to spare"
        return Layout(one(0), one(1), one(0, 1), one(2, 3), one(0, 1, 2, 3), remark)
    remark = "two loops have cores of their own"
    return Layout(one(0), one(1), one(1, 2), frozenset(cores[3:7]), frozenset(cores[:7]), remark)


def process_cpu(pid):
    """CPU time of all threads that live, to the nanosecond."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                total += int(file.read().split()[0])
        except OSError:
            pass  # the thread has ended
    return total / 1e9


def machine_cpu(cores):
    """(busy, stolen) CPU time of these cores, added up. Busy is user, nice, system, irq and softirq time."""
    busy = stolen = 0
    with open("/proc/stat") as file:
        for line in file:
            found = re.match(r"cpu(\d+) ", line)
            if found and int(found.group(1)) in cores:
                user, nice, system, _, _, irq, softirq, steal = map(int, line.split()[1:9])
                busy += user + nice + system + irq + softirq
                stolen += steal
    return busy / TICK, stolen / TICK


@dataclasses.dataclass(frozen=True)
class Memory:
    rss: int
    anonymous: int


def process_memory(pid):
    """Resident memory now. smaps_rollup counts pages; /proc/PID/status may lag by some hundred KiB per thread."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        text = file.read()
    kib = lambda name: int(re.search(rf"^{name}:\s+(\d+)", text, re.M).group(1))
    return Memory(kib("Rss") * 1024, kib("Anonymous") * 1024)


def peak_memory(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)) * 1024


def listener_pid(port):
    """The process that listens on a TCP port of this machine, or None."""
    sockets = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not os.path.exists(table):
            continue
        with open(table) as file:
            for row in map(str.split, file.readlines()[1:]):
                if row[3] == "0A" and int(row[1].rsplit(":", 1)[1], 16) == port:
                    sockets.add(f"socket:[{row[9]}]")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if any(os.readlink(f"/proc/{pid}/fd/{fd}") in sockets for fd in os.listdir(f"/proc/{pid}/fd")):
                return int(pid)
        except OSError:
            pass  # not ours to look into, or gone
    return None


def describe():
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*:\s*(.+)", file.read())
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": model.group(1) if model else platform.machine(),
        "kernel": platform.release(),
    }
