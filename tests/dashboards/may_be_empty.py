"""What need not return data in the live check, each with the reason."""

Key = tuple[str, str, str]  # dashboard, panel, legend

PANELS: dict[Key, str] = {
    (
        "sidecar",
        "HTTP connections",
        "{{listener}}: {{reason}} a second",
    ): "no scraper is slow here, and there is room for all; the query leaves zeros out"
}

# Metrics of other programs that rules name.
FOREIGN = {
    "kube_pod_init_container_status_waiting_reason",  # kube-state-metrics
    "kube_pod_container_status_waiting_reason",  # kube-state-metrics
    "container_memory_working_set_bytes",  # cAdvisor
    "container_spec_memory_limit_bytes",  # cAdvisor
}
