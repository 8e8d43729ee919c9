"""Panels about injectors, which add the sidecar to pods that ask for it. Empty where there is none."""

from .grafana import Json, falling, lines

DAY = 86400
OUTCOME_COLOURS = {
    "injected": "green",
    "present": "dark-green",
    "not_asked": "text",
    "left_alone": "yellow",
    "not_understood": "orange",
    "refused": "red",
    "malformed": "dark-red",
}


def panels() -> list[Json]:
    return [
        lines(
            "Pods reviewed",
            "Between two points, by outcome. refused: a mistake of the pod; left_alone, not_understood: it was let through without a sidecar. "
            "The injectors' log says which and why, as `inject.reviewed`. Empty where there is no injector.",
            [("sum by (outcome) (increase(herdgate_inject_reviews_total{I}[$__rate_interval]))", "{{outcome}}")],
            "short",
            stack="normal",
            colours=OUTCOME_COLOURS,
        ),
        lines(
            "Certificates end in",
            "Of each injector's certificate, till it ends. Then the API server asks no more, and new pods get no sidecar.",
            [("herdgate_inject_certificate_not_after_timestamp_seconds{I} - time()", "{{instance}}")],
            "s",
            steps=falling(14 * DAY, 2 * DAY),
        ),
        lines(
            "Files of injectors",
            "Injectors whose certificate or template has a mistake or is gone: the one before is still used, and a restart would fail. "
            "And certificates and templates read, between two points.",
            [
                ("sum(1 - herdgate_inject_certificate_last_load_success{I})", "bad certificates"),
                ("sum(1 - herdgate_inject_template_last_load_success{I})", "bad templates"),
                ("sum by (result) (increase(herdgate_inject_certificate_loads_total{I}[$__rate_interval]))", "certificates {{result}}"),
                ("sum by (result) (increase(herdgate_inject_template_loads_total{I}[$__rate_interval]))", "templates {{result}}"),
            ],
            "short",
            step_lines=True,
            colours={
                "bad certificates": "red",
                "bad templates": "dark-red",
                "certificates loaded": "green",
                "certificates refused": "orange",
                "templates loaded": "dark-green",
                "templates refused": "dark-orange",
            },
        ),
    ]
