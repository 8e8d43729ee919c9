"""Panels about the HTTP API: who asks, who is refused, what is changed and whether that is written down. Empty where `admin.listen` is not set."""

from . import queries as q
from .grafana import Json, lines

ADMIN = 'listener="admin"'
OUTCOME_COLOURS = {"ok": "green", "client_error": "yellow", "server_error": "red", "refused": "orange"}
RESULT_COLOURS = {"ok": "green", "refused": "yellow", "failed": "red"}


def panels() -> list[Json]:
    return [
        lines(
            "API requests",
            "By outcome. client_error: no or a wrong token, a scope that is missing, or nothing there; server_error: a loop or Redis did not answer. "
            "Empty where `admin.listen` is not set.",
            [(q.total("herdgate_http_requests_total", "outcome", ADMIN), "{{outcome}}")],
            "ops",
            colours=OUTCOME_COLOURS,
        ),
        lines(
            "API requests not looked at",
            "unknown_token: not in the file, mistyped, taken away, or guessed; too_many_failures: from an address that gave ten of those; foreign: "
            "another site's page, or a name that is not in `admin.allowed_hosts`.",
            [(q.total("herdgate_admin_refused_total", "reason"), "{{reason}}")],
            "ops",
        ),
        lines(
            "Changes asked for",
            "Between two points, invalidations included. Who asked for what is in `/api/v1/audit` and in the log, as `admin.audit`.",
            [("sum by (result) (increase(herdgate_admin_writes_total{I}[$__rate_interval]))", "{{result}}")],
            "short",
            stack="normal",
            colours=RESULT_COLOURS,
        ),
        lines(
            "Audit entries not in the file",
            "Changes that could not be written to `admin.audit_file`; they were made all the same, and are in the log.",
            [("sum by (instance) (increase(herdgate_admin_audit_file_errors_total{I}[$__rate_interval]))", "{{instance}}")],
            "short",
        ),
        lines(
            "Tokens accepted",
            "The most and the fewest of all sidecars. If they differ for long: some did not get the file. They look at it when somebody asks.",
            [("max(herdgate_admin_tokens{I})", "most"), ("min(herdgate_admin_tokens{I})", "fewest")],
            "short",
            step_lines=True,
        ),
        lines(
            "Files of tokens",
            "Sidecars whose file has a mistake or is gone: the tokens that were are still accepted, those taken away as well. "
            "And files read, between two points.",
            [
                ("sum(1 - herdgate_admin_tokens_last_load_success{I})", "bad files"),
                ("sum by (result) (increase(herdgate_admin_token_loads_total{I}[$__rate_interval]))", "{{result}}"),
            ],
            "short",
            step_lines=True,
            colours={"bad files": "red", "loaded": "green", "refused": "orange"},
        ),
    ]
