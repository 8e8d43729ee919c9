"""What is measured, as data: the loads, the figures taken from them, and the goals that figures must reach."""

import dataclasses

SMALL = ("key:", 100_000, 100)  # prefix, keys, bytes of a value
LARGE = ("v64k:", 2_000, 65_536)
HOT = ("hot:", 200, 100)  # as many as are hot at once: all of them are near after the warm-up
PRELOADS = (SMALL, LARGE, HOT)
# Of the stampede targets' policies; written through each of them with an expiry, so that what refreshes knows their
# lives.
PAGES = ("page:", 10_000, 100)
HOT_PAGES = ("hotpage:", 200, 100)  # all of them are near after the warm-up
PAGE_TTL = 3600

# (target, what it is held against), both in the same round.
WATCHED = (("herdgate-1-policy", "herdgate-1"), ("herdgate-1-coalesce", "herdgate-1-policy"),
           ("herdgate-1-refresh", "herdgate-1-policy"))
NEAR_WATCHED = (("herdgate-1-everything", "herdgate-1-near-alone"),)
OUTSIDE = (("herdgate-1-everything", "herdgate-1"),)


@dataclasses.dataclass(frozen=True)
class Load:
    """One run of herdgate_load against one target."""

    title: str
    mode: str = "get"
    connections: int = 50
    pipeline: int = 1
    keys: tuple = SMALL
    rate: int = 0
    mget_keys: int = 0
    figure: str = "ratio"  # the figure that the table compares
    ttl: int = 0  # seconds that SETs ask for; 0: none
    policies: bool = False  # also through a Herdgate with policies
    near: bool = False  # through those with a near cache, and through no other
    against: tuple = ()  # pairs of targets: through these, and through no other

    def flags(self, threads):
        prefix, space, size = self.keys
        flags = {"mode": self.mode, "connections": self.connections, "pipeline": self.pipeline, "prefix": prefix,
                 "key-space": space, "value-bytes": size, "threads": min(threads, self.connections)}
        if self.rate:
            flags["rate"] = self.rate
        if self.ttl:
            flags["ttl"] = self.ttl
        if self.mget_keys:
            flags["mget-keys"] = self.mget_keys
        return [text for name, value in flags.items() for text in (f"--{name}", str(value))]


def stampede_loads(name, title, keys, against):
    """What stampede protection costs requests that it has nothing to do for."""
    get = lambda **more: Load(f"{title}: GET, {more.pop('what')}", keys=keys, against=against, **more)
    set_ = lambda **more: Load(f"{title}: SET EX, {more.pop('what')}", mode="set", ttl=PAGE_TTL, keys=keys,
                               against=against, **more)
    return {
        f"{name}_get_p1": get(what="depth 1, 50 connections"),
        f"{name}_get_p16": get(what="depth 16, 50 connections", pipeline=16),
        f"{name}_1conn": get(what="1 connection, one request at a time", connections=1),
        f"{name}_set_p1": set_(what="depth 1, 50 connections"),
        f"{name}_set_p16": set_(what="depth 16, 50 connections", pipeline=16),
    }


LOADS = {
    "get_p1": Load("GET, depth 1, 50 connections, 100-byte values", policies=True),
    "set_p1": Load("SET, depth 1, 50 connections, 100-byte values", mode="set", policies=True),
    "get_p16": Load("GET, depth 16, 50 connections, 100-byte values", pipeline=16, policies=True),
    "set_p16": Load("SET, depth 16, 50 connections, 100-byte values", mode="set", pipeline=16,
                    policies=True),
    "set_ttl_p1": Load("SET EX, depth 1, 50 connections, 100-byte values", mode="set", ttl=3600, policies=True),
    "set_ttl_p16": Load("SET EX, depth 16, 50 connections, 100-byte values", mode="set", pipeline=16, ttl=3600,
                        policies=True),
    "get_p64": Load("GET, depth 64, 50 connections, 100-byte values", pipeline=64),
    "get_64k": Load("GET, depth 1, 50 connections, 64 KiB values", keys=LARGE),
    "mix_64k": Load("1 SET to 10 GETs, depth 1, 50 connections, 64 KiB values", mode="mix", keys=LARGE),
    "c500": Load("GET, depth 1, 500 connections, 100-byte values", connections=500),
    "latency_1conn": Load("GET, 1 connection, one request at a time", connections=1, figure="added_p50_us"),
    "open_20k": Load("1 SET to 10 GETs, open loop, 20,000 a second over 50 connections", mode="mix", rate=20_000,
                     figure="added_p50_us"),
    "near_p1": Load("near hits, depth 1, 50 connections, 100-byte values", keys=HOT, near=True),
    "near_p16": Load("near hits, depth 16, 50 connections, 100-byte values", pipeline=16, keys=HOT, near=True),
    "near_p64": Load("near hits, depth 64, 50 connections, 100-byte values", pipeline=64, keys=HOT, near=True),
    "near_1conn": Load("near hits, 1 connection, one request at a time", connections=1, keys=HOT, figure="p50_ratio",
                       near=True),
    "mget_10k": Load("MGET of 10,000 keys, 1 connection, 100-byte values", mode="mget", connections=1,
                     mget_keys=10_000, figure="p50_ratio"),
    **stampede_loads("watched", "hits of watched keys in Redis", PAGES, WATCHED),
    **stampede_loads("everything", "near hits, everything on", HOT_PAGES, NEAR_WATCHED),
    **stampede_loads("outside", "keys of no policy, everything on", SMALL, OUTSIDE),
}

# These run no load of their own kind: cpu reads get_p1's rounds, near_cost reads get_p16's and runs micro_cache, the
# others start fresh processes.
CPU_LOAD = "get_p1"
SKETCH_LOAD = "get_p16"
FOOTPRINTS = ("memory", "start")
ALL = (*LOADS, "cpu", "near_cost", *FOOTPRINTS)

FIGURES = {
    "ratio": "ops/s over direct",
    "plain_ratio": "ops/s over herdgate-1",
    "added_p50_us": "p50 added to direct, us",
    "p50_ratio": "p50 over direct",
    "redis_cpu_ratio": "Redis CPU per op over direct",
    "base_ratio": "ops/s over what it is held against",
    "base_added_p50_us": "p50 added to that, us",
    "base_added_cpu_us": "proxy CPU added to that, us/op",
    "connected_rss_mb": "RSS with 500 connections, MB",
    "connected_anonymous_mb": "RssAnon with 500 connections, MB",
    "after_burst_ratio": "RSS after the burst over idle",
    "start_ms": "start to first PONG, ms",
    "sketch_share": "hot-key sketch over CPU per looked-up GET",
    "entry_overhead_bytes": "bytes of an entry beyond key and value",
}


@dataclasses.dataclass(frozen=True)
class Goal:
    workload: str
    figure: str
    at_least: float | None = None
    at_most: float | None = None
    loops: int = 0  # 0: for any number of loops
    kinds: tuple = ("herdgate", "extra")  # of the targets that are judged

    def met(self, value):
        return value >= self.at_least if self.at_least is not None else value <= self.at_most

    def text(self):
        return f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"


GOALS = (
    Goal("get_p1", "ratio", at_least=0.85, loops=1),
    Goal("get_p1", "ratio", at_least=1.5, loops=2),
    Goal("get_p16", "ratio", at_least=1.3, loops=1),
    Goal("get_p64", "ratio", at_least=1.1, loops=1),
    Goal("get_p1", "plain_ratio", at_least=0.95, kinds=("policies",)),
    Goal("set_p1", "plain_ratio", at_least=0.95, kinds=("policies",)),
    Goal("set_ttl_p1", "plain_ratio", at_least=0.95, kinds=("policies",)),
    Goal("get_p16", "plain_ratio", at_least=0.85, kinds=("policies",)),
    Goal("set_p16", "plain_ratio", at_least=0.85, kinds=("policies",)),
    Goal("set_ttl_p16", "plain_ratio", at_least=0.85, kinds=("policies",)),
    Goal("get_64k", "ratio", at_least=0.6, loops=1),
    Goal("mix_64k", "ratio", at_least=0.6, loops=1),
    Goal("cpu", "redis_cpu_ratio", at_most=0.28, loops=1),
    Goal("latency_1conn", "added_p50_us", at_most=75, loops=1),
    Goal("mget_10k", "p50_ratio", at_most=1.3, loops=1),
    Goal("near_p1", "ratio", at_least=1.0, loops=1, kinds=("near",)),
    Goal("near_p1", "ratio", at_least=2.0, loops=2, kinds=("near",)),
    Goal("near_p16", "ratio", at_least=2.2, kinds=("near",)),
    Goal("near_p64", "ratio", at_least=4.0, kinds=("near",)),
    Goal("near_1conn", "p50_ratio", at_most=1.0, kinds=("near",)),
    Goal("watched_get_p16", "base_ratio", at_least=0.95, kinds=("coalesce", "refresh")),
    Goal("watched_1conn", "base_added_p50_us", at_most=30, kinds=("coalesce", "refresh")),
    Goal("everything_get_p16", "base_ratio", at_least=0.95, kinds=("everything",)),
    Goal("everything_1conn", "base_added_p50_us", at_most=30, kinds=("everything",)),
    Goal("outside_get_p16", "base_ratio", at_least=0.95, kinds=("everything",)),
    Goal("outside_1conn", "base_added_p50_us", at_most=30, kinds=("everything",)),
    Goal("near_cost", "sketch_share", at_most=0.02, loops=1),
    Goal("near_cost", "entry_overhead_bytes", at_most=96, loops=1),
    Goal("memory", "connected_rss_mb", at_most=12),
    Goal("memory", "connected_anonymous_mb", at_most=6),
    Goal("memory", "after_burst_ratio", at_most=1.5),
    Goal("start", "start_ms", at_most=10),
)
