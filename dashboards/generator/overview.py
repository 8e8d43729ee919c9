"""Overview: is the cache helping, and is it safe?"""

from . import queries as q
from .grafana import ORANGE, OUTCOME_COLOURS, RED, YELLOW, Column, Json, falling, lines, note, rising, stat, table
from .page import Row, dashboard

NEAR = 'source="near"'
ARITHMETIC = """\
**Effective latency** is what one lookup costs its caller on average: the share of each outcome times its latency.

| part | share | latency |
|---|---|---|
| answered near (`near_hit`, `negative_hit`, `stale`) | counted | taken as 0: some microseconds |
| asked Redis (`hit`, `waited`, all misses) | counted | mean of `herdgate_command_duration_seconds{class="read"}` |
| waited for another's value (`waited`, `timeout_miss`) | counted | measured: `herdgate_waited_seconds_total` |
| computed (`miss`, `synthetic_miss`, `timeout_miss`, `plain_miss`) | counted | mean of `herdgate_recompute_seconds`, from nil to the SET, of values that had a flight |

**Without Herdgate** every lookup asks Redis (mean of `herdgate_upstream_duration_seconds{class="read"}`), and those that waited or got an old value compute as well \
(`herdgate_recompute_seconds_avoided_total`: for each of them the time that its policy's values take). Assumed: computing takes as long as it does now. A database that a \
stampede overloads takes longer, so the true saving is larger. The mean of reads includes reads of keys without a policy.
"""


def build(what_if: bool = False) -> Json:
    del what_if  # the same either way
    return dashboard(
        "overview",
        "Is the cache helping, and is it safe? Start here; the links above lead to the parts and keep time and variables.",
        [
            Row("Is it safe?", safe()),
            Row("Is it helping?", helping() + helping_charts()),
            Row("Effective latency and savings", savings() + savings_charts()),
            Row("By policy", by_policy()),
            Row("By instance", by_instance()),
        ],
        policy=True,
    )


def safe() -> list[Json]:
    return [
        stat(
            "Sidecars",
            "How many sidecars are scraped. If it is lower than the number of pods, look at Prometheus' page of targets.",
            "count(herdgate_loops{I})",
            "short",
        ),
        stat(
            "Redis reached",
            "The share of sidecars that reach their upstream. Below 100 %: open *upstream*; one alone is a matter of its node, all of them of Redis.",
            "avg(herdgate_upstream_up{I})",
            "percentunit",
            falling(1, 0.99),
        ),
        stat(
            "Commands refused",
            "Commands refused because no upstream was reached in time, of all commands. The objective is 0.1 %; above it, open *upstream*.",
            q.ratio(
                q.total("herdgate_upstream_refused_total"), f"{q.total('herdgate_commands_total')} + {q.total('herdgate_upstream_refused_total')}"
            ),
            "percentunit",
            rising((0.001, YELLOW), (0.0144, RED)),
            decimals=2,
        ),
        stat(
            "Read p99",
            "99 of 100 reads got Redis' reply within this time, queueing in the sidecar included; near answers don't ask Redis and don't count. "
            "The objective is 5 ms; "
            "above it, compare with Redis' own time in *upstream*.",
            q.quantile(0.99, "herdgate_command_duration_seconds", more=q.READS),
            "s",
            rising((0.005, YELLOW), (0.025, RED)),
        ),
        stat(
            "Stale answers",
            "The share of lookups that got a value past its expiry, because another computes or because Redis is away. More than a few percent for "
            "long: open *stampede*.",
            q.ratio(q.lookups(more='outcome="stale"'), q.lookups()),
            "percentunit",
            rising((0.1, YELLOW), (0.5, ORANGE)),
            decimals=1,
        ),
        stat(
            "Configurations refused",
            "Sidecars whose configuration file has a mistake; they run on with the one before. Their log says where it is.",
            "sum(1 - herdgate_config_last_reload_success{I})",
            "short",
            rising((1, RED)),
        ),
    ]


def helping() -> list[Json]:
    return [
        stat("Lookups", "Keys looked up under cache policies; an MGET of ten keys counts ten.", q.lookups(), "ops"),
        stat(
            "Hit ratio",
            "(near_hit + hit) of all lookups: they found a living value. Waiting and old values are no hits. If it falls, *policy* shows which "
            "outcome grows instead.",
            q.hit_ratio(),
            "percentunit",
            falling(0.8, 0.5),
            decimals=1,
        ),
        stat(
            "Origin offload",
            "1 - misses of all lookups: lookups that did not make an app compute, waiting and old values included.",
            q.offload(),
            "percentunit",
            falling(0.9, 0.6),
            decimals=1,
        ),
        stat(
            "Answered near",
            "Lookups answered from the sidecar's own memory, without asking Redis. 0 where no policy has `near: {enabled: true}`, or the near cache is off.",
            q.ratio(q.lookups(more=NEAR), q.lookups()),
            "percentunit",
            decimals=1,
        ),
        stat(
            "Recomputes avoided",
            "In the time shown: callers that waited or got an old value where they would have asked the database. The one that computes avoids none.",
            f"round({q.in_range('herdgate_recomputes_avoided_total')})",
            "short",
        ),
        stat(
            "Stampedes held off",
            "In the time shown: flights of five or more callers of the same missing key. Many: see *stampede* for their cause.",
            f"round({q.in_range('herdgate_stampedes_total', 'I')})",
            "short",
        ),
    ]


def helping_charts() -> list[Json]:
    return [
        lines(
            "What lookups become",
            "Each key looked up has exactly one outcome; together they are all lookups. Greens answer at once, yellows late or with an old value, "
            "reds compute.",
            [(q.lookups("outcome"), "{{outcome}}")],
            "ops",
            stack="normal",
            colours=OUTCOME_COLOURS,
            width=12,
        ),
        lines(
            "Hit ratio and offload",
            "Hits of all lookups, and lookups that made nobody compute. The gap is what waits and old values save. A dip at a deployment or a bump is normal.",
            [(q.hit_ratio(), "hit ratio"), (q.offload(), "offload")],
            "percentunit",
            top=1,
            width=12,
        ),
    ]


def savings() -> list[Json]:
    return [
        stat(
            "Effective latency",
            "What a lookup costs its caller on average, computing included. The note below says how it is made up.",
            q.EFFECTIVE,
            "s",
            width=6,
        ),
        stat(
            "Without Herdgate",
            "The same if every lookup asked Redis and every waiter and old value were a miss. A lower bound: a database that is overloaded is slower.",
            q.WITHOUT,
            "s",
            width=6,
        ),
        stat(
            "Database time avoided",
            "In the time shown: how long the recomputes avoided would have kept the database busy, at least.",
            q.in_range("herdgate_recompute_seconds_avoided_total"),
            "s",
            decimals=1,
            width=6,
        ),
        stat(
            "Redis reads avoided",
            "In the time shown: lookups answered near, which Redis did not see.",
            f"round({q.in_range('herdgate_lookups_total', more=NEAR)})",
            "short",
            width=6,
        ),
    ]


def savings_charts() -> list[Json]:
    with_and_without = [(q.EFFECTIVE, "with Herdgate"), (q.WITHOUT, "without")]
    return [
        lines(
            "Effective latency, with and without",
            "Two averages over the same lookups. If they are alike, there were neither stampedes nor near answers: nothing to save at the moment.",
            with_and_without,
            "s",
            colours={"with Herdgate": "green", "without": "red"},
        ),
        lines(
            "What a lookup's time goes to",
            "The parts of the effective latency. Waiting and computing should be small; if computing is large, the hit ratio is what to work on.",
            [
                (f"{q.TIME_IN_REDIS} / ({q.lookups()} > 0)", "Redis"),
                (f"{q.TIME_WAITING} / ({q.lookups()} > 0)", "waiting"),
                (f"{q.TIME_COMPUTING} / ({q.lookups()} > 0)", "computing"),
            ],
            "s",
            stack="normal",
            colours={"Redis": "green", "waiting": "light-orange", "computing": "light-red"},
        ),
        lines(
            "Computations at the database",
            "How many values are being computed at a time on average: misses times their mean duration; and with those that were avoided on top, "
            "what it would be without Herdgate. Seconds a second, so 1 is one connection always busy.",
            [(q.TIME_COMPUTING, "now"), (q.TIME_AVOIDED, "avoided")],
            "short",
            stack="normal",
            colours={"now": "light-red", "avoided": "green"},
        ),
        note("How these figures are made", ARITHMETIC),
    ]


def by_policy() -> list[Json]:
    return [
        table(
            "Policies",
            "Each policy of the chosen instances. A click on its name opens it. Policies beyond the limit of series are added up as *overflow*.",
            {"policy": "Policy"},
            [
                Column("Lookups", q.lookups("policy"), "ops"),
                Column("Hit ratio", q.hit_ratio("policy"), "percentunit", falling(0.8, 0.5)),
                Column("Offload", q.offload("policy"), "percentunit", falling(0.9, 0.6)),
                Column("Misses", q.lookups("policy", q.MISSES), "ops"),
                Column("Avoided", q.total("herdgate_recomputes_avoided_total", "policy", who="P"), "ops"),
                Column("Mean wait", q.ratio(q.total("herdgate_waited_seconds_total", "policy", who="P"), q.lookups("policy", q.WAITS)), "s"),
                Column("Errors", q.lookups("policy", 'outcome="error"'), "ops", rising((0.001, RED))),
            ],
            link=("herdgate-policy", "policy"),
        )
    ]


def by_instance() -> list[Json]:
    return [
        table(
            "The ten instances with the worst hit ratio",
            "Instances of one job should be alike. One that is not has just started, has another configuration, or serves another mix of keys.",
            {"instance": "Instance"},
            [Column("Hit ratio", f"bottomk(10, {q.hit_ratio('instance')})", "percentunit", falling(0.8, 0.5))],
            width=12,
        ),
        table(
            "The ten instances with the slowest reads",
            "p99 of reads up to Redis' reply. One alone: its node's network or its CPU limit; all of them: Redis.",
            {"instance": "Instance"},
            [
                Column(
                    "Read p99",
                    f"topk(10, {q.quantile(0.99, 'herdgate_command_duration_seconds', 'instance', q.READS)})",
                    "s",
                    rising((0.005, YELLOW), (0.025, RED)),
                )
            ],
            width=12,
        ),
    ]
