"""Upstream: Redis as the sidecars see it, and what they do without it."""

from . import queries as q
from .grafana import GREEN, RED, YELLOW, Json, falling, lines, rising, stat
from .page import Row, dashboard

SOURCE_COLOURS = {"near": "dark-green", "redis": "green", "fallback": "orange", "none": "red"}


def build(what_if: bool = False) -> Json:
    del what_if  # the same either way
    return dashboard(
        "upstream",
        "Redis as the sidecars see it: reachability, latency, traffic, connections, and what is done while it is away.",
        [
            Row("At a glance", glance()),
            Row("Latency", latency()),
            Row("Traffic", traffic()),
            Row("Connections", connections()),
            Row("While Redis is away", away()),
            Row("The embedded store (memory://)", embedded()),
        ],
        policy=False,
    )


def glance() -> list[Json]:
    return [
        stat(
            "Redis reached",
            "The share of sidecars that reach their upstream. Below 100 %: `redis-cli ping` from the pod; one alone is a matter of its node.",
            "avg(herdgate_upstream_up{I})",
            "percentunit",
            falling(1, 0.99),
        ),
        stat(
            "Breakers not closed",
            "Sidecars that have given the upstream up for the moment; reads of cache policies are answered without it.",
            'sum(herdgate_upstream_breaker_state{I,state!="closed"})',
            "short",
            rising((1, RED)),
        ),
        stat(
            "Time without Redis",
            "In the time shown: how long breakers were not closed, added up over the sidecars.",
            q.in_range("herdgate_upstream_degraded_seconds_total", "I"),
            "s",
            rising((1, YELLOW), (60, RED)),
            decimals=1,
        ),
        stat(
            "Read p99 of Redis",
            "From sending a read to its reply. Above 5 ms: slow commands in Redis (`slowlog get`), or the network.",
            q.quantile(0.99, "herdgate_upstream_duration_seconds", more=q.READS),
            "s",
            rising((0.005, YELLOW), (0.025, RED)),
        ),
        stat(
            "Commands refused",
            "Commands a second that got an error because no upstream was reached in time.",
            q.total("herdgate_upstream_refused_total"),
            "ops",
            rising((0.001, RED)),
        ),
        stat(
            "Deletes to make up for",
            "Keys deleted while Redis is away, still to be deleted there. 0 when Redis is back and all is done.",
            "sum(herdgate_remembered_deletes{I})",
            "short",
            rising((1, YELLOW)),
            decimals=0,
        ),
    ]


def latency() -> list[Json]:
    return [
        lines(
            "Redis' time by class, p50",
            "From sending a command to its reply. The floor is the network's round trip.",
            [(q.quantile(0.5, "herdgate_upstream_duration_seconds", "class"), "{{class}}")],
            "s",
        ),
        lines(
            "Redis' time by class, p99",
            "The slow ones. If writes and reads rise together, Redis' one thread is busy: look for slow commands.",
            [(q.quantile(0.99, "herdgate_upstream_duration_seconds", "class"), "{{class}}")],
            "s",
            steps=rising((0.005, YELLOW)),
        ),
        lines(
            "Herdgate's own share",
            "Mean time from a read's arrival to Redis' reply, less Redis' own: queueing in the sidecar. Above 1 ms: it lacks CPU, see *sidecar*.",
            [(f"clamp_min({q.READ} - {q.DIRECT_READ}, 0)", "reads")],
            "s",
        ),
        lines(
            "Reads faster than 5 ms",
            "The share of reads and writes with a reply within 5 ms: what the latency objective of 99 % is about.",
            [
                (
                    q.ratio(
                        q.total("herdgate_command_duration_seconds_bucket", more='class=~"read|write",le="0.005"'),
                        q.total("herdgate_command_duration_seconds_count", more='class=~"read|write"'),
                    ),
                    "within 5 ms",
                )
            ],
            "percentunit",
            top=1,
        ),
    ]


def traffic() -> list[Json]:
    return [
        lines(
            "Commands",
            "The ten most frequent commands that Redis answered, errors included.",
            [(f"topk(10, {q.total('herdgate_commands_total', 'command')})", "{{command}}")],
            "ops",
            stack="normal",
        ),
        lines(
            "Commands that failed",
            "Commands answered with an error by Redis, by name. WRONGTYPE and the like are the app's; NOPERM is a matter of rights.",
            [(q.total("herdgate_commands_total", "command", 'outcome="error"') + " > 0", "{{command}}")],
            "ops",
        ),
        lines(
            "Bytes",
            "To and from the upstream, leases, fills, tracking and invalidations included.",
            [(q.total("herdgate_upstream_sent_bytes_total"), "sent"), (q.total("herdgate_upstream_received_bytes_total"), "received")],
            "Bps",
        ),
    ]


def connections() -> list[Json]:
    return [
        lines(
            "Connections",
            "shared: carry everybody's commands; dedicated: one client's; idle: kept for the next. `limits.max_dedicated` bounds the dedicated ones.",
            [("sum by (use) (herdgate_upstream_lanes{I})", "{{use}}"), ("sum(herdgate_upstream_lanes_ready{I})", "ready")],
            "short",
        ),
        lines(
            "Connections made and lost",
            "Made, and failed or lost by reason: connect (nobody listens), closed (Redis hung up), broken (no answer), protocol.",
            [(q.total("herdgate_upstream_connections_opened_total"), "made"), (q.total("herdgate_upstream_errors_total", "reason"), "{{reason}}")],
            "ops",
        ),
        lines(
            "Why clients need their own",
            "Clients that took a dedicated connection, by reason. Many: pools that WATCH, block or subscribe; each costs Redis a connection.",
            [(q.total("herdgate_client_pins_total", "reason") + " > 0", "{{reason}}")],
            "ops",
        ),
        lines(
            "Order kept at a price",
            "Commands that waited for earlier replies to change lanes; transactions that needed no lane of their own.",
            [(q.total("herdgate_barriers_total"), "waited to change lanes"), (q.total("herdgate_whole_transactions_total"), "whole transactions")],
            "ops",
        ),
        lines(
            "Clients and commands hurt",
            "Clients closed because a command's fate was unknown or no dedicated lane was left; reads sent again after a loss; stray pushes.",
            [
                (q.total("herdgate_clients_lost_total"), "clients: fate unknown"),
                (q.total("herdgate_lane_cap_refusals_total"), "clients: no lane left"),
                (q.total("herdgate_upstream_retries_total"), "reads sent again"),
                (q.total("herdgate_upstream_stray_pushes_total"), "stray pushes"),
            ],
            "ops",
        ),
    ]


def away() -> list[Json]:
    return [
        lines(
            "Breakers",
            "How many sidecars are in which state: closed (Redis is used), open (it is not), half_open (it is told what it missed).",
            [("sum by (state) (herdgate_upstream_breaker_state{I})", "{{state}}")],
            "short",
            stack="normal",
            step_lines=True,
            colours={"closed": "green", "half_open": "yellow", "open": "red"},
        ),
        lines(
            "Changes of breakers",
            "Between two points, to which state and why. open again and again: Redis is there and then not.",
            [("sum by (to, reason) (increase(herdgate_upstream_breaker_transitions_total{I}[$__rate_interval])) > 0", "{{to}}: {{reason}}")],
            "short",
        ),
        lines(
            "Who answers lookups",
            "near: old and living values from memory; fallback: the store that stands in; none: a miss or an error without Redis.",
            [(q.total("herdgate_lookups_total", "source"), "{{source}}")],
            "ops",
            stack="normal",
            colours=SOURCE_COLOURS,
        ),
        lines(
            "Commands refused",
            "Commands that got an error because no upstream was reached in time. Keys without a cache policy, and writes.",
            [(q.total("herdgate_upstream_refused_total", "instance"), "{{instance}}")],
            "ops",
            stack="normal",
        ),
        lines(
            "Remembered deletes",
            "Keys deleted by apps while Redis is away, to be deleted there when it is back. Their memory is in *sidecar*.",
            [("sum(herdgate_remembered_deletes{I})", "keys")],
            "short",
        ),
        lines(
            "What became of them",
            "replayed: done; bumped: a whole policy was invalidated instead; refused: the app got an error; lost: Redis may hold what should be gone.",
            [("sum by (result) (increase(herdgate_remembered_deletes_total{I}[$__rate_interval]))", "{{result}}")],
            "short",
            stack="normal",
            colours={"replayed": GREEN, "bumped": YELLOW, "refused": "orange", "lost": RED},
        ),
    ]


def embedded() -> list[Json]:
    return [
        lines(
            "Memory",
            "Bytes held, and the limit. Empty unless the upstream is memory://.",
            [("sum(herdgate_memory_bytes{I})", "used"), ("sum(herdgate_memory_max_bytes{I})", "limit")],
            "bytes",
        ),
        lines("Keys", "Keys in the store.", [("sum(herdgate_memory_keys{I})", "keys")], "short"),
        lines(
            "Evictions",
            "Keys thrown away for lack of room. Raise `memory.max_bytes` if they were still wanted.",
            [(q.total("herdgate_memory_evictions_total"), "evicted")],
            "ops",
        ),
    ]
