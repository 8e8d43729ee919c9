"""Sidecar: what the process itself uses, how full it is, and what goes wrong in it."""

from . import http_api, injector
from . import queries as q
from .grafana import ORANGE, RED, YELLOW, Column, Json, lines, rising, stat, table
from .page import Row, dashboard

UPTIME = "(time() - process_start_time_seconds{I}) and on (namespace, job, instance) herdgate_build_info{I}"


def only_ours(expression: str) -> str:
    """Of metrics that other programs have too, those of Herdgates."""
    return f"{expression} and on (namespace, job, instance) herdgate_build_info{{I}}"


def build(what_if: bool = False) -> Json:
    del what_if  # the same either way
    return dashboard(
        "sidecar",
        "The process itself: what it uses, how full it is, what goes wrong in it, and what is asked of its HTTP API. And what injectors do.",
        [
            Row("At a glance", glance()),
            Row("What it adds", overhead()),
            Row("CPU and memory", usage()),
            Row("Clients", clients()),
            Row("Configuration", configuration()),
            Row("Telemetry and log", telemetry()),
            Row("HTTP API", http_api.panels()),
            Row("Injectors", injector.panels()),
        ],
        policy=False,
    )


def glance() -> list[Json]:
    return [
        stat(
            "CPU of the busiest loops",
            "CPU time over the number of loops, of the busiest sidecar. At 100 % its loops can't do more: raise `loops`, or the container's CPU.",
            f"max({q.total('process_cpu_seconds_total', 'instance')} / on (instance) sum by (instance) (herdgate_loops{{I}}))",
            "percentunit",
            rising((0.7, YELLOW), (0.9, RED)),
            decimals=1,
        ),
        stat(
            "Memory of the largest",
            "Resident memory of the largest sidecar. Compare with its container's limit.",
            f"max({only_ours('process_resident_memory_bytes{I}')})",
            "bytes",
        ),
        stat(
            "Connections used",
            "Clients of `limits.max_clients`, of the fullest sidecar. At 100 % clients are refused.",
            "max(herdgate_client_connections{I} / herdgate_client_connections_max{I})",
            "percentunit",
            rising((0.7, YELLOW), (0.9, RED)),
            decimals=1,
        ),
        stat(
            "Descriptors used",
            "Open files of the limit, of the fullest sidecar. At 100 % nobody can connect.",
            f"max({only_ours('process_open_fds{I} / process_max_fds{I}')})",
            "percentunit",
            rising((0.7, YELLOW), (0.9, RED)),
            decimals=1,
        ),
        stat(
            "Youngest",
            "How long the youngest sidecar runs. Short, again and again: it is restarted; see its container's last state.",
            f"min({UPTIME})",
            "s",
            decimals=0,
        ),
        stat(
            "Configurations",
            "How many different configurations are in force. More than 1 outside a roll-out: some did not reload.",
            "count(count by (hash) (herdgate_config_info{I}))",
            "short",
            rising((2, YELLOW)),
        ),
    ]


def overhead() -> list[Json]:
    return [
        lines(
            "Time added to a command",
            "How long Herdgate holds up a command that Redis answers, Redis' own time left out; of one command in 256. Above 100 us: its loops are busy.",
            [
                (q.quantile(0.5, "herdgate_proxy_overhead_seconds"), "p50"),
                (q.quantile(0.95, "herdgate_proxy_overhead_seconds"), "p95"),
                (q.quantile(0.99, "herdgate_proxy_overhead_seconds"), "p99"),
            ],
            "s",
        ),
        lines(
            "Commands in flight",
            "Sent, or waiting to be sent, and not answered yet. It grows when Redis is slow, or the loops are.",
            [("sum by (instance) (herdgate_commands_in_flight{I})", "{{instance}}")],
            "short",
        ),
        lines(
            "Commands taken at once",
            "How many commands a client had sent when it was read. 1: it waits for each reply. More: it pipelines, and each costs less.",
            [(q.mean("herdgate_pipeline_depth"), "mean"), (q.quantile(0.95, "herdgate_pipeline_depth"), "p95")],
            "short",
        ),
    ]


def usage() -> list[Json]:
    return [
        lines(
            "CPU of the loops",
            "Each thread that serves clients; 1 is all it can. One far above the others: a few busy connections share it.",
            [(q.total("herdgate_loop_cpu_seconds_total", "instance, loop"), "{{instance}}: {{loop}}")],
            "short",
        ),
        lines(
            "CPU",
            "CPU time a second of each sidecar; 1 is one core. Compare with its loops: each has a thread.",
            [(only_ours("rate(process_cpu_seconds_total{I}[$__rate_interval])"), "{{instance}}")],
            "short",
        ),
        lines(
            "Resident memory",
            "Of each sidecar. It should level off at the near cache's limit plus some MiB.",
            [(only_ours("process_resident_memory_bytes{I}"), "{{instance}}")],
            "bytes",
        ),
        lines(
            "What memory is held for",
            "Over all sidecars: near cache, embedded store, replies that clients have not read, remembered deletes. Virtual memory is address space, not use.",
            [
                ("sum(herdgate_near_bytes{I})", "near cache"),
                ("sum(herdgate_memory_bytes{I})", "embedded store"),
                ("sum(herdgate_client_output_bytes{I})", "unread replies"),
                ("sum(herdgate_remembered_delete_bytes{I})", "remembered deletes"),
            ],
            "bytes",
            stack="normal",
        ),
        lines(
            "Open files",
            "Of each sidecar: clients, connections to Redis, some of its own.",
            [(only_ours("process_open_fds{I}"), "{{instance}}")],
            "short",
        ),
        processes(),
    ]


def processes() -> Json:
    return table(
        "Processes",
        "Who runs what. Two versions outside a roll-out: some pods were not restarted.",
        {"instance": "Instance", "version": "Version", "revision": "Revision"},
        [
            Column(
                "Loops",
                "sum by (instance, version, revision) (herdgate_build_info{I} * on (namespace, job, instance) group_left () herdgate_loops{I})",
                "short",
            ),
            Column(
                "Uptime",
                f"sum by (instance, version, revision) (herdgate_build_info{{I}} * on (namespace, job, instance) group_left () ({UPTIME}))",
                "s",
            ),
            Column(
                "Address space",
                "sum by (instance, version, revision) (herdgate_build_info{I} * on (namespace, job, instance) group_left () process_virtual_memory_bytes{I})",
                "bytes",
            ),
        ],
        width=16,
    )


def clients() -> list[Json]:
    return [
        lines(
            "Connections",
            "Client connections open now. The figure above says how much of `limits.max_clients` that is.",
            [("sum by (instance) (herdgate_client_connections{I})", "{{instance}}")],
            "short",
        ),
        lines(
            "Connections opened and closed",
            "By reason: client and quit are normal; output_limit: it does not read; protocol_error: it speaks no RESP; killed; upstream_lost.",
            [
                (q.total("herdgate_client_connections_opened_total"), "opened"),
                (q.total("herdgate_client_connections_closed_total", "reason") + " > 0", "closed: {{reason}}"),
            ],
            "ops",
        ),
        lines(
            "Connections refused",
            "Refused at `limits.max_clients`, and requests that were no RESP. Anything else than 0 means an app with errors.",
            [
                (q.total("herdgate_client_connections_rejected_total", "reason"), "{{reason}}"),
                (q.total("herdgate_client_protocol_errors_total"), "no RESP"),
            ],
            "ops",
        ),
        lines(
            "Bytes",
            "From and to clients.",
            [(q.total("herdgate_client_received_bytes_total"), "from clients"), (q.total("herdgate_client_sent_bytes_total"), "to clients")],
            "Bps",
        ),
        lines(
            "Replies not read",
            "Reply bytes that wait for clients. One that grows: a client that does not read; it is closed at `limits.client_output_limit`.",
            [("sum by (instance) (herdgate_client_output_bytes{I})", "{{instance}}")],
            "bytes",
        ),
    ]


def configuration() -> list[Json]:
    return [
        table(
            "Configurations in force",
            "A hash of all options but passwords. Those with the same hash do the same.",
            {"hash": "Hash", "instance": "Instance"},
            [Column("In force", "sum by (hash, instance) (herdgate_config_info{I})", "none")],
            width=8,
        ),
        lines(
            "Reloads",
            "Times the file was read again, between two points. refused: it has a mistake and the old one stays in force.",
            [("sum by (result) (increase(herdgate_config_reloads_total{I}[$__rate_interval]))", "{{result}}")],
            "short",
            stack="normal",
            colours={"applied": "green", "unchanged": "text", "refused": "red"},
        ),
        lines(
            "Not in force",
            "Sidecars whose file is bad, and options in files that wait for a restart.",
            [("sum(1 - herdgate_config_last_reload_success{I})", "bad files"), ("sum(herdgate_config_pending_restart{I})", "options that wait")],
            "short",
            step_lines=True,
        ),
    ]


def telemetry() -> list[Json]:
    return [
        lines(
            "What a scrape costs",
            "Time that the last scrape took to collect its samples, without the network. Above 10 ms: too many series.",
            [("max by (instance) (herdgate_scrape_collect_duration_seconds{I})", "{{instance}}")],
            "s",
            steps=rising((0.01, YELLOW)),
        ),
        lines(
            "Series",
            "Samples of a scrape. A sidecar shows 1,500 of its own at most; policies beyond that are added up as *overflow*.",
            [(only_ours("scrape_samples_scraped{I}"), "{{instance}}")],
            "short",
            steps=rising((1500, ORANGE)),
        ),
        lines(
            "Policies without series of their own",
            "They share the label *overflow*, because all of them would have too many series. Their sums are right; one by one they can't be told apart.",
            [("max(herdgate_metrics_folded_policies{I})", "folded")],
            "short",
        ),
        lines(
            "Samples left out",
            "limit: more than 1,500 series, which should not happen; invalid_label: a value that can't be shown.",
            [(q.total("herdgate_metrics_dropped_series_total", "reason"), "{{reason}}")],
            "ops",
        ),
        lines(
            "HTTP requests",
            "To the telemetry port, by outcome; refused by a limit: too many scrapers.",
            [(q.total("herdgate_http_requests_total", "outcome", 'listener="telemetry"'), "{{outcome}}")],
            "ops",
        ),
        lines(
            "HTTP connections",
            "Open ones, and those closed because they were slow or had to make room.",
            [
                ("sum by (listener) (herdgate_http_connections{I})", "{{listener}}: open"),
                (q.total("herdgate_http_connections_dropped_total", "listener, reason") + " > 0", "{{listener}}: {{reason}} a second"),
            ],
            "short",
        ),
        lines(
            "Log lines",
            "By level. A warning or an error says what is wrong; read it.",
            [(q.total("herdgate_log_messages_total", "level"), "{{level}}")],
            "ops",
            stack="normal",
            colours={"error": "red", "warn": "orange", "info": "green", "debug": "text"},
        ),
    ]
