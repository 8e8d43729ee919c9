"""Figures that more than one dashboard shows, each defined once. Ratios are made of sums and are absent, not 0, without traffic."""

WINDOW = "[$__rate_interval]"
HITS = 'outcome=~"near_hit|hit"'
WAITS = 'outcome=~"waited|timeout_miss"'
MISSES = 'outcome=~"miss|synthetic_miss|timeout_miss|plain_miss"'


def total(metric: str, by: str = "", more: str = "", who: str = "I") -> str:
    """The summed rate of a counter, by the labels `by`."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({metric}{{{who}{',' + more if more else ''}}}{WINDOW}))"


def lookups(by: str = "", more: str = "") -> str:
    return total("herdgate_lookups_total", by, more, "P")


def ratio(part: str, whole: str) -> str:
    return f"{part} / ({whole} > 0)"


def hit_ratio(by: str = "") -> str:
    return ratio(lookups(by, HITS), lookups(by))


def offload(by: str = "") -> str:
    return f"1 - {ratio(lookups(by, MISSES), lookups(by))}"


def quantile(share: float, metric: str, by: str = "", more: str = "", who: str = "I") -> str:
    """A quantile of a histogram, interpolated within its buckets."""
    return f"histogram_quantile({share:g}, {total(metric + '_bucket', ('le, ' + by) if by else 'le', more, who)})"


def mean(metric: str, by: str = "", more: str = "", who: str = "I") -> str:
    return ratio(total(metric + "_sum", by, more, who), total(metric + "_count", by, more, who))


def share(by: str) -> str:
    """Each part's share of all lookups."""
    return f"{lookups(by)} / ignoring ({by}) group_left () ({lookups()} > 0)"


def in_range(metric: str, who: str = "P", more: str = "") -> str:
    """How much a counter grew in the time shown."""
    return f"sum(increase({metric}{{{who}{',' + more if more else ''}}}[$__range]))"


# Effective latency: what a lookup costs its caller on average, as outcomes' shares times their latencies. First the seconds a second of each part.
READS = 'class="read"'
FROM_REDIS = 'source="redis"'
READ = f"({mean('herdgate_command_duration_seconds', more=READS)} or vector(0))"
DIRECT_READ = f"({mean('herdgate_upstream_duration_seconds', more=READS)} or vector(0))"
COMPUTE = f"({mean('herdgate_recompute_seconds')} or vector(0))"
TIME_IN_REDIS = f"{lookups(more=FROM_REDIS)} * {READ}"
TIME_WAITING = total("herdgate_waited_seconds_total", who="P")
TIME_COMPUTING = f"{lookups(more=MISSES)} * {COMPUTE}"
TIME_AVOIDED = total("herdgate_recompute_seconds_avoided_total", who="P")
EFFECTIVE = f"({TIME_IN_REDIS} + {TIME_WAITING} + {TIME_COMPUTING}) / ({lookups()} > 0)"
WITHOUT = f"{DIRECT_READ} + ({TIME_COMPUTING} + {TIME_AVOIDED}) / ({lookups()} > 0)"
