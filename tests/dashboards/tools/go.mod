// What run.sh builds Grafana's own dashboard-linter from, where there is Go and all modules can be had.
module herdgate/tests/dashboards/tools

go 1.26.3

tool github.com/grafana/dashboard-linter

require github.com/grafana/dashboard-linter v0.2.0

replace github.com/hashicorp/memberlist => github.com/grafana/memberlist v0.3.1-0.20251126142931-6f9f62ab6f86
