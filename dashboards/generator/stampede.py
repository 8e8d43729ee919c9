"""Stampede: what happens when a hot key is missing."""

from . import queries as q
from .grafana import ORANGE, RED, YELLOW, Column, Json, falling, lines, rising, stat, table
from .page import Row, dashboard

TIMEOUTS = q.ratio(q.lookups(more='outcome="timeout_miss"'), q.lookups(more='outcome=~"waited|timeout_miss"'))


def build(what_if: bool = False) -> Json:
    del what_if  # the same either way
    return dashboard(
        "stampede",
        "What happens when a hot key is missing: who computes, who waits, who gets an old value, and what the database is spared.",
        [
            Row("At a glance", glance()),
            Row("Flights", flights()),
            Row("Waiting", waiting()),
            Row("Computing", computing()),
            Row("Early refresh and old values", around_expiry()),
            Row("Leases", leases()),
            Row("Late SETs and learning", learning()),
        ],
        policy=True,
    )


def glance() -> list[Json]:
    return [
        stat(
            "Stampedes held off",
            "In the time shown: flights of five or more callers. All but one of them did not ask the database.",
            f"round({q.in_range('herdgate_stampedes_total', 'I')})",
            "short",
        ),
        stat(
            "Recomputes avoided",
            "In the time shown: callers that waited or got an old value where they would have computed.",
            f"round({q.in_range('herdgate_recomputes_avoided_total')})",
            "short",
        ),
        stat(
            "Database time avoided",
            "In the time shown: how long those recomputes would have kept the database busy, at least.",
            q.in_range("herdgate_recompute_seconds_avoided_total"),
            "s",
            decimals=1,
        ),
        stat(
            "Waiting now",
            "GETs that wait for another's value at this moment. A number that stays high: values are computed too slowly.",
            "sum(herdgate_flight_waiters{I})",
            "short",
            decimals=0,
        ),
        stat(
            "Waits in vain",
            "Of those that waited: the share that got nil after `max_wait` and computed too. Above 5 %: raise `max_wait`, or look why computing is slow.",
            TIMEOUTS,
            "percentunit",
            rising((0.01, YELLOW), (0.05, RED)),
            decimals=1,
        ),
        stat(
            "Leases had",
            "Sidecars that can take leases in Redis, so that one caller in the whole fleet computes. 0 %: one in each sidecar; the log says why.",
            "avg(herdgate_flight_leases{I})",
            "percentunit",
            falling(1, 0.99),
        ),
    ]


def flights() -> list[Json]:
    return [
        lines(
            "Stampedes by cause",
            "Why the key was missed: expiry (refresh early), delete and bump (apps invalidate), eviction (Redis has no room), cold (never there).",
            [(q.total("herdgate_stampedes_total", "cause"), "{{cause}}")],
            "ops",
            stack="normal",
        ),
        lines(
            "Callers of a flight",
            "Its leader, those that waited, got an old value or nil. p99 far above the mean: a few very hot keys.",
            [(q.mean("herdgate_flight_size"), "mean"), (q.quantile(0.99, "herdgate_flight_size"), "p99")],
            "short",
        ),
        lines(
            "Flights by end",
            "filled: the leader's SET came; filled_by_other; tainted: the key was deleted meanwhile; leader_gone: it hung up; no_set: it never stored a value.",
            [(q.total("herdgate_flights_ended_total", "outcome", who="P"), "{{outcome}}")],
            "ops",
            stack="normal",
            colours={"filled": "green", "filled_by_other": "light-green", "tainted": "yellow", "leader_gone": "orange", "no_set": "red"},
        ),
        lines(
            "Flights begun",
            "cold: the value was missing; refresh: it is computed before it ends.",
            [(q.total("herdgate_flights_total", "mode"), "{{mode}}")],
            "ops",
            stack="normal",
        ),
        lines(
            "Under way now",
            "Keys with a flight, clients that compute, GETs that wait.",
            [("sum(herdgate_flights{I})", "flights"), ("sum(herdgate_flight_leaders{I})", "leaders"), ("sum(herdgate_flight_waiters{I})", "waiters")],
            "short",
        ),
        lines(
            "How long flights last",
            "From nil for the leader to the end of its flight. The time that all others wait, or are served an old value.",
            [(q.quantile(0.5, "herdgate_flight_duration_seconds"), "p50"), (q.quantile(0.95, "herdgate_flight_duration_seconds"), "p95")],
            "s",
        ),
    ]


def waiting() -> list[Json]:
    return [
        lines(
            "How long callers wait",
            "GETs that waited for another's value, till it came or too long; of all policies. p99 at `max_wait` means that some wait in vain.",
            [
                (q.quantile(0.5, "herdgate_waiter_wait_seconds"), "p50"),
                (q.quantile(0.95, "herdgate_waiter_wait_seconds"), "p95"),
                (q.quantile(0.99, "herdgate_waiter_wait_seconds"), "p99"),
            ],
            "s",
        ),
        lines(
            "What ends a wait",
            "value: it came; lead: the leader went, this one computes; miss: nobody computes any more; timeout; keep: waits on.",
            [(q.total("herdgate_flight_answers_total", "answer"), "{{answer}}")],
            "ops",
            stack="normal",
            colours={"value": "green", "lead": "yellow", "miss": "orange", "timeout": "red"},
        ),
        lines(
            "Misses that did not wait",
            "may_not_wait: pipelined, or a leader's own connection; full_...: limits that keep memory bounded; unparked: the client sent more, as "
            "multiplexing ones do.",
            [(q.total("herdgate_flight_refusals_total", "reason"), "{{reason}}"), (q.total("herdgate_flight_unparked_total"), "unparked")],
            "ops",
        ),
        lines(
            "Small pools",
            "Where an app's pool has fewer connections than callers, SETs stand in line behind those that wait for them. Herdgate sees it and "
            "lets fewer wait; "
            "a larger pool lets all.",
            [
                ("sum(herdgate_flight_pool_small{I})", "sidecars with a small pool"),
                (q.total("herdgate_flight_pool_misses_total"), "did not wait, a second"),
                (q.total("herdgate_flight_sets_held_up_total"), "SETs held up, a second"),
            ],
            "short",
        ),
    ]


def computing() -> list[Json]:
    return [
        lines(
            "Keys computed together",
            "Keys that apps were seen to write behind another, as a cached page behind its headers. Who misses one of them waits for both.",
            [("sum(herdgate_companion_keys{I})", "keys")],
            "short",
        ),
        lines(
            "How long apps compute",
            "From nil to the SET of the value. It should be below `max_wait`; above it callers wait in vain.",
            [(q.quantile(0.5, "herdgate_recompute_seconds"), "p50"), (q.quantile(0.95, "herdgate_recompute_seconds"), "p95")],
            "s",
        ),
        lines(
            "Recomputes done and avoided",
            "What the database is asked, and what it would be asked on top without Herdgate.",
            [(q.total("herdgate_recomputes_total", who="P"), "done"), (q.total("herdgate_recomputes_avoided_total", who="P"), "avoided")],
            "ops",
            stack="normal",
            colours={"done": "light-red", "avoided": "green"},
        ),
        lines(
            "Database time avoided by policy",
            "Seconds a second: 1 is one database connection that would be busy all the time. A lower bound, because an overloaded database is slower.",
            [(q.total("herdgate_recompute_seconds_avoided_total", "policy", who="P"), "{{policy}}")],
            "short",
            stack="normal",
        ),
    ]


def around_expiry() -> list[Json]:
    return [
        lines(
            "Early refreshes",
            "Reads that were due to refresh their key early. chosen: it computes, all others keep the value; the others say why not; budget: too "
            "many of all misses.",
            [(q.total("herdgate_refreshes_total", "choice", who="P"), "{{choice}}")],
            "ops",
            stack="normal",
            colours={"chosen": "green"},
        ),
        lines(
            "How early",
            "How long before the end of a value's life its refresh began. Less than computing takes: it ends before it is done; raise `refresh.beta`.",
            [(q.quantile(0.5, "herdgate_refresh_gap_seconds"), "p50"), (q.quantile(0.9, "herdgate_refresh_gap_seconds"), "p90")],
            "s",
        ),
        lines(
            "Old values served",
            "Lookups answered past the value's expiry, by policy, because one other computes or Redis is away.",
            [(q.lookups("policy", 'outcome="stale"'), "{{policy}}")],
            "ops",
            stack="normal",
        ),
        lines(
            "How old they were",
            "How long past the end of their life stale values were answered. Bound by `stale_while_revalidate`, in outages by `stale_if_error`.",
            [(q.quantile(0.5, "herdgate_stale_age_seconds"), "p50"), (q.quantile(0.99, "herdgate_stale_age_seconds"), "p99")],
            "s",
        ),
    ]


def leases() -> list[Json]:
    return [
        lines(
            "Who leads?",
            "Replies of Redis to that question. won: this pod computes; lost: another does; value: it is there already; unavailable: nobody can be asked.",
            [(q.total("herdgate_flight_asks_total", "result"), "{{result}}")],
            "ops",
            stack="normal",
            colours={"won": "green", "lost": "light-green", "value": "dark-green", "unavailable": "red"},
        ),
        lines(
            "Calls to Redis for flights",
            "What coordination costs Redis. Results other than answered mean errors or a lost connection.",
            [
                (q.total("herdgate_flight_calls_total", "kind", 'result="answered"'), "{{kind}}"),
                (q.total("herdgate_flight_calls_total", "result", 'result!="answered"') + " > 0", "failed: {{result}}"),
            ],
            "ops",
        ),
        lines(
            "Held back",
            "Calls that Redis has not answered yet, and flights that asked for no lease because more than 2,000 a second did.",
            [("sum(herdgate_flight_calls_waiting{I})", "unanswered now"), (q.total("herdgate_flight_asks_withheld_total"), "withheld a second")],
            "short",
        ),
    ]


def learning() -> list[Json]:
    return [
        lines(
            "SETs of keys with a flight",
            "fill: of a value that was awaited; tainted: its key was invalidated meanwhile, so it is kept for 2 s; blind: nobody had missed it.",
            [(q.total("herdgate_flight_sets_total", "kind"), "{{kind}}"), (q.total("herdgate_flight_late_taints_total"), "tainted while under way")],
            "ops",
        ),
        lines(
            "SETs that came too late",
            "SETs whose key was invalidated after their miss, and what was done with them. Many: invalidations race with fills; Herdgate keeps old data out.",
            [(q.total("herdgate_suspect_stale_sets_total", "policy, action", who="P"), "{{policy}}: {{action}}")],
            "ops",
        ),
        lines(
            "Keys that nobody stores",
            "Keys missed without a SET lately; after three times they have no flights for two minutes.",
            [("sum by (policy) (herdgate_uncacheable_keys{P})", "{{policy}}")],
            "short",
        ),
        table(
            "What was learned of the policies",
            "learning: not yet enough misses; eligible: coalesced; demoted: used as no cache's keys are, so never coalesced.",
            {"policy": "Policy", "standing": "Standing"},
            [Column("Sidecars", "count by (policy, standing) (herdgate_learning_info{P})", "short")],
            width=12,
        ),
        table(
            "Signs that keys are no cache entries",
            "In the time shown, by kind. They demote a policy with `coalesce: auto`; `off` says so once and for all.",
            {"policy": "Policy", "evidence": "Sign"},
            [
                Column(
                    "Count", "sum by (policy, evidence) (increase(herdgate_learning_evidence_total{P}[$__range])) > 0", "short", rising((100, ORANGE))
                )
            ],
            width=12,
        ),
    ]
