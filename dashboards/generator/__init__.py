"""The source of the dashboards in ../grafana: one module a dashboard, over the building blocks of grafana.py."""
