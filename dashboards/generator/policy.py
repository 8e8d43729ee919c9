"""Policy: what becomes of one policy's keys, and why."""

from . import invalidations
from . import queries as q
from .grafana import ORANGE, OUTCOME_COLOURS, RED, YELLOW, Column, Json, falling, lines, rising, stat, table
from .page import Row, dashboard


def build(what_if: bool = False) -> Json:
    rows = [Row("At a glance", glance()), Row("Lookups", outcomes())]
    if what_if:
        rows.append(Row("What if", what_if_panels()))
    rows += [
        Row("Near cache of the chosen instances, all policies", near()),
        Row("Filling the near cache", filling()),
        Row("Expiries", expiries()),
        Row("Invalidations by the chosen instances, of all policies", invalidations.panels()),
        Row("Rules and versions", rules()),
    ]
    return dashboard(
        "policy",
        "What becomes of a policy's keys: outcomes, the near cache, expiries, invalidations, refusals, versions. Choose the policy above.",
        rows,
        policy=True,
    )


def glance() -> list[Json]:
    return [
        stat("Lookups", "Keys looked up under the chosen policies.", q.lookups(), "ops"),
        stat(
            "Hit ratio",
            "(near_hit + hit) of all lookups. Low: see which outcome grows below.",
            q.hit_ratio(),
            "percentunit",
            falling(0.8, 0.5),
            decimals=1,
        ),
        stat("Origin offload", "Lookups that made nobody compute, of all lookups.", q.offload(), "percentunit", falling(0.9, 0.6), decimals=1),
        stat(
            "Misses without a SET",
            "Of all misses: those that no SET followed within ten seconds. High: the app reads what it never stores; those keys can't be coalesced.",
            q.ratio(q.total("herdgate_misses_without_set_total", who="P"), q.lookups(more=q.MISSES)),
            "percentunit",
            rising((0.1, YELLOW), (0.5, ORANGE)),
            decimals=1,
        ),
        stat(
            "Commands refused",
            "Commands that the policy's rules refused (in audit mode: would have). Above 0 apps get errors: see *Refusals* below.",
            q.total("herdgate_policy_refusals_total", who="P"),
            "ops",
            rising((0.001, RED)),
        ),
        stat(
            "Expiries in the worst second",
            "Keys written here that fall due within one second, in the worst second to come. If it is a large part of all keys, set `ttl.jitter`.",
            "sum(herdgate_policy_expiry_peak_keys{P})",
            "short",
            decimals=0,
        ),
    ]


def outcomes() -> list[Json]:
    return [
        lines(
            "Outcomes, as shares",
            "What lookups become, in percent of all. Growing yellow: waits and old values; growing red: somebody computes.",
            [(q.share("outcome"), "{{outcome}}")],
            "percentunit",
            stack="normal",
            top=1,
            colours=OUTCOME_COLOURS,
        ),
        lines("Outcomes", "The same, in lookups a second.", [(q.lookups("outcome"), "{{outcome}}")], "ops", stack="normal", colours=OUTCOME_COLOURS),
        lines("Hit ratio by policy", "(near_hit + hit) of each policy's lookups.", [(q.hit_ratio("policy"), "{{policy}}")], "percentunit", top=1),
        lines(
            "Who answers",
            "near: the sidecar's memory; redis; fallback: the store in memory that stands in while Redis is away; none: nobody could.",
            [(q.lookups("source"), "{{source}}")],
            "ops",
            stack="normal",
            colours={"near": "dark-green", "redis": "green", "fallback": "orange", "none": "red"},
        ),
        lines(
            "Misses by kind",
            "miss: one computes, others may wait; synthetic_miss: before the value ends; timeout_miss: waited in vain; plain_miss: not coalesced. "
            "Many plain ones with `coalesce: auto`: it has not learned yet, or the policy is demoted, see *stampede*.",
            [(q.lookups("outcome", q.MISSES), "{{outcome}}")],
            "ops",
            stack="normal",
            colours=OUTCOME_COLOURS,
        ),
        lines(
            "Misses nobody stores",
            "Misses without a SET, and SETs without a miss. The first: uncacheable keys, or an app that hangs up. The second: writes that are no "
            "fills, as of a job.",
            [
                (q.total("herdgate_misses_without_set_total", who="P"), "misses without a SET"),
                (q.total("herdgate_orphan_sets_total", who="P"), "SETs without a miss"),
            ],
            "ops",
        ),
    ]


def what_if_panels() -> list[Json]:
    def hit_ratio(by: str) -> str:
        misses = q.total(f"herdgate_what_if_{by}_misses_total", by, who="P")
        return f"1 - {misses} / on () group_left () ({q.total('herdgate_what_if_lookups_total', who='P')} > 0)"

    return [
        lines(
            "Near cache of another size",
            "Estimated from sampled keys: the share of lookups that a near cache of so many times its size would answer. If 4x is hardly higher than "
            "1x, more memory won't help; if 1/2x is as high, memory is to spare.",
            [(hit_ratio("size"), "{{size}}")],
            "percentunit",
            top=1,
            width=12,
        ),
        lines(
            "Other expiries",
            "Estimated from sampled keys: the share of lookups that would find a value if keys lived so many times as long. If 2x is much higher than "
            "1x, values end before they are read again.",
            [(hit_ratio("ttl"), "{{ttl}}")],
            "percentunit",
            top=1,
            width=12,
        ),
    ]


def near() -> list[Json]:
    return [
        lines(
            "Look-ups in memory",
            "fresh: answered; stale, grace: an old value that may be answered while another computes or Redis is away; absent: Redis is asked.",
            [(q.total("herdgate_near_lookups_total", "result"), "{{result}}")],
            "ops",
            stack="normal",
            colours={"fresh": "dark-green", "stale": "yellow", "grace": "light-orange", "absent": "light-red"},
        ),
        lines(
            "Age of near answers",
            "How old the values are that are answered near; one in 64 is measured. Never more than `near.max_ttl`. All young: keys change often.",
            [(q.quantile(0.5, "herdgate_near_hit_age_seconds"), "p50"), (q.quantile(0.99, "herdgate_near_hit_age_seconds"), "p99")],
            "s",
        ),
        lines(
            "Memory",
            "Keys, values and what they cost, and the limit of all instances together. Full is fine as long as few values leave for lack of room.",
            [("sum(herdgate_near_bytes{I})", "used"), ("sum(herdgate_near_max_bytes{I})", "limit")],
            "bytes",
        ),
        lines(
            "Entries",
            "Keys in the near cache, stale ones too, and keys whose lookups are counted to find hot ones.",
            [("sum(herdgate_near_entries{I})", "near entries"), ("sum(herdgate_hot_keys{I})", "keys counted")],
            "short",
        ),
        lines(
            "Why values leave",
            "capacity: no room, raise `near.max_bytes` if it is most; expired; invalidated: somebody wrote the key; own_write; epoch: the connection was lost.",
            [(q.total("herdgate_near_evictions_total", "reason"), "{{reason}}")],
            "ops",
            stack="normal",
        ),
        lines(
            "Lookups of the 100 hottest keys",
            "Their share of all lookups of the last minutes. Near 100 %: a small near cache is enough; low: it can't help much.",
            [('sum(herdgate_hot_key_lookups{I,keys!="other"}) / (sum(herdgate_hot_key_lookups{I}) > 0)', "share of the top 100")],
            "percentunit",
            top=1,
        ),
    ]


def filling() -> list[Json]:
    return [
        lines(
            "Sizes of values",
            "Of the values that were read for the near cache. Those above `near.max_value` stay out.",
            [(q.quantile(0.5, "herdgate_near_value_bytes"), "p50"), (q.quantile(0.95, "herdgate_near_value_bytes"), "p95")],
            "bytes",
        ),
        lines(
            "Values read",
            "Reads of hot keys for the near cache, by result, and refused before they were sent. pace, busy, full: more keys get hot than may be "
            "filled at a time.",
            [
                (q.total("herdgate_near_fills_total", "result"), "{{result}}"),
                (q.total("herdgate_near_fill_refusals_total", "reason"), "refused: {{reason}}"),
            ],
            "ops",
        ),
        lines(
            "What became of them",
            "published: kept; invalidated, epoch, contradicted: superseded while under way, rightly thrown away; too_large: above `near.max_value`.",
            [
                (q.total("herdgate_near_publishes_total", "result"), "{{result}}"),
                ("sum(herdgate_near_fills{I})", "under way"),
                (q.total("herdgate_near_kept_total"), "kept as stale"),
            ],
            "ops",
        ),
        lines(
            "Changes pushed by Redis",
            "Keys that somebody changed. More of them than near answers: the keys change too often to be kept near.",
            [(q.total("herdgate_near_pushes_total"), "pushes")],
            "ops",
        ),
        lines(
            "How late pushes are",
            "Measured with a key of the sidecar's own: how long a near answer may be out of date at most. Above some milliseconds Redis or the "
            "network is busy.",
            [(q.quantile(0.5, "herdgate_near_push_lag_seconds"), "p50"), (q.quantile(0.99, "herdgate_near_push_lag_seconds"), "p99")],
            "s",
        ),
        lines(
            "Everything out of date at once",
            "Epochs begun, tracked connections lost, canaries skipped. Each empties the near cache, so there should be none but in outages.",
            [
                (q.total("herdgate_near_epoch_total", "reason") + " > 0", "epoch: {{reason}}"),
                (q.total("herdgate_near_connection_losses_total", "reason") + " > 0", "lost: {{reason}}"),
                (q.total("herdgate_near_canary_skips_total"), "canary skipped"),
            ],
            "ops",
        ),
        table(
            "How it follows changes",
            "tracked: key by key; broadcast: by prefix; probing: starting; off: not at all, and why.",
            {"instance": "Instance", "mode": "Mode", "reason": "Reason"},
            [Column("In force", "herdgate_near_mode{I} == 1", "none")],
            width=8,
        ),
    ]


def expiries() -> list[Json]:
    return [
        lines(
            "Expiries asked for and given",
            "Median and p90 of the expiries that apps asked for and of those that keys were given, of all policies. Given ones are shorter by jitter, or bound by min and max.",
            [
                (q.quantile(0.5, "herdgate_policy_ttl_requested_seconds"), "asked p50"),
                (q.quantile(0.9, "herdgate_policy_ttl_requested_seconds"), "asked p90"),
                (q.quantile(0.5, "herdgate_policy_ttl_applied_seconds"), "given p50"),
                (q.quantile(0.9, "herdgate_policy_ttl_applied_seconds"), "given p90"),
            ],
            "s",
        ),
        lines(
            "What became of expiries",
            "applied: the key had none and got the default; clamped: to min or max; jittered; rejected; allowed: left without one (audit: would have).",
            [(q.total("herdgate_policy_writes_total", "action", who="P"), "{{action}}")],
            "ops",
            stack="normal",
        ),
        lines(
            "Writes that would leave no expiry",
            "Keys that commands would have left without an expiry. With `missing: allow` they fill Redis for ever: set `apply`.",
            [(q.total("herdgate_policy_writes_without_ttl_total", "policy", who="P"), "{{policy}}")],
            "ops",
        ),
    ]


def rules() -> list[Json]:
    return [
        lines(
            "Refusals",
            "Commands refused, by reason (audit: would have). `herdgate explain FILE KEY` says what becomes of each command.",
            [(q.total("herdgate_policy_refusals_total", "policy, reason", who="P") + " > 0", "{{policy}}: {{reason}}")],
            "ops",
        ),
        lines(
            "Keys renamed to their version",
            "Keys of versioned policies in requests. It follows the commands; 0 for policies without a version.",
            [(q.total("herdgate_policy_key_rewrites_total", "policy", who="P"), "{{policy}}")],
            "ops",
        ),
        lines(
            "Generations",
            "Generations begun here, and changes seen, in the time between two points. Each hides all keys of the policy: a valley in the hit ratio follows.",
            [
                ("sum by (policy) (increase(herdgate_policy_generation_changes_total{P}[$__rate_interval]))", "{{policy}}: seen"),
                ("sum by (policy) (increase(herdgate_policy_generation_bumps_total{P}[$__rate_interval]))", "{{policy}}: begun here"),
            ],
            "short",
        ),
        lines(
            "Generations that can't be read",
            "Policies whose generation is unknown, so that their commands wait, and failures to read or write counters. 0 outside outages.",
            [
                ("sum(1 - herdgate_policy_generation_known{P})", "unknown"),
                (q.total("herdgate_generation_errors_total"), "failures a second"),
                ("sum(1 - herdgate_generation_tracking{I})", "sidecars that must ask"),
            ],
            "short",
        ),
        table(
            "Policies in force",
            "Each policy and its mode: enforce, audit, off. Two modes of one policy: not all sidecars have the same configuration.",
            {"policy": "Policy", "mode": "Mode"},
            [Column("Sidecars", "count by (policy, mode) (herdgate_policy_info{P})", "short")],
            width=16,
        ),
    ]
