// What run.sh builds Grafana's own dashboard-linter from, where there is Go.
module herdgate/tests/dashboards/tools

go 1.26.3

tool github.com/grafana/dashboard-linter

require github.com/grafana/dashboard-linter v0.2.0

// As in the linter's own go.mod, where it counts only for itself.
replace github.com/hashicorp/memberlist => github.com/grafana/memberlist v0.3.1-0.20251126142931-6f9f62ab6f86

// Types of a schema that our dashboards don't use; see there.
replace github.com/grafana/grafana/apps/dashboard => ./schema
