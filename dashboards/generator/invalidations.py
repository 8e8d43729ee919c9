"""Panels about invalidations: what was asked to be forgotten. They name no kind, so that a new one shows by itself."""

from . import queries as q
from .grafana import Json, lines

STATE_COLOURS = {"running": "blue", "queued": "yellow", "paused": "text"}


def panels() -> list[Json]:
    return [
        lines(
            "Invalidations that ended",
            "Between two points, by kind and outcome. failed: some of its keys are still there, `/api/v1/invalidations` says why. What was removed is "
            "missed next: a valley in the hit ratio follows.",
            [("sum by (kind, outcome) (increase(herdgate_invalidations_total{I}[$__rate_interval])) > 0", "{{kind}}: {{outcome}}")],
            "short",
        ),
        lines(
            "Keys invalidated",
            "Keys a second that were deleted or given an early end, by kind. Redis does this beside its other work: compare with its latency in "
            "*upstream*; `rate` bounds it.",
            [(q.total("herdgate_invalidated_keys_total", "kind") + " > 0", "{{kind}}")],
            "ops",
        ),
        lines(
            "Invalidations under way",
            "queued: four run at once; paused: until somebody resumes it. One that runs for long: Redis is away, or it has many keys to pass over.",
            [("sum by (state) (herdgate_invalidation_jobs{I})", "{{state}}")],
            "short",
            stack="normal",
            step_lines=True,
            colours=STATE_COLOURS,
        ),
        lines(
            "Age of the oldest",
            "Of those that have not ended, paused ones too, from when they were asked for. 0: all have ended.",
            [("max by (instance) (herdgate_invalidation_oldest_seconds{I})", "{{instance}}")],
            "s",
        ),
        lines(
            "How long they ran",
            "Of those that ended between two points, without pauses.",
            [
                (q.quantile(0.5, "herdgate_invalidation_duration_seconds"), "p50"),
                (q.quantile(0.95, "herdgate_invalidation_duration_seconds"), "p95"),
            ],
            "s",
        ),
    ]
