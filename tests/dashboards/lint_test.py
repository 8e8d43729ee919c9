"""Each rule of lint.py finds what it is for, and nothing in a good dashboard."""

import copy
import pathlib
import re
import subprocess
import sys
import unittest
from collections.abc import Callable

import lint
import promql

ROOT = pathlib.Path(__file__).resolve().parents[2]
GENERATE = ROOT / "dashboards" / "generate.py"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SELECTOR = 'job=~"$job",instance=~"$instance"'


def variable(name: str) -> lint.Json:
    return {
        "name": name,
        "label": name.title(),
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": f"label_values(up, {name})"},
        "refresh": 2,
        "multi": True,
        "allValue": ".+",
    }


def panel(expression: str = f"sum(rate(x_total{{{SELECTOR}}}[$__rate_interval]))") -> lint.Json:
    return {
        "type": "timeseries",
        "title": "T",
        "description": "D",
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": "ops"}},
        "targets": [{"refId": "A", "expr": expression}],
    }


def good() -> lint.Json:
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    return {
        "editable": False,
        "templating": {"list": [source, variable("job"), variable("instance")]},
        "panels": [panel(), {"type": "row", "title": "R", "panels": [panel("time()")]}, {"type": "text", "title": "no data"}],
    }


class Rules(unittest.TestCase):
    def spoil(self, *rules: str, how: Callable[[lint.Json], object]) -> None:
        """Exactly these rules find the dashboard wrong after `how`."""
        dashboard = copy.deepcopy(good())
        how(dashboard)
        self.assertEqual({rule for rule, _, _ in lint.lint(dashboard)}, set(rules))

    def query(self, expression: str, *rules: str) -> None:
        self.spoil(*rules, how=lambda board: board["panels"].append(panel(expression)))

    def test_a_good_dashboard_passes(self) -> None:
        self.assertEqual(lint.lint(good()), [])

    def test_there_are_all_seventeen(self) -> None:
        self.assertEqual(len(lint.RULES), 17)

    def test_the_datasource_variable_is_there_with_its_name_and_label(self) -> None:
        rule = "template-datasource-rule"
        self.spoil(rule, how=lambda board: board["templating"]["list"][0].update(name="ds"))
        self.spoil(rule, how=lambda board: board["templating"]["list"][0].update(label="Source"))
        self.spoil(rule, "target-logql-rule", "target-logql-auto-rule", how=lambda board: board["templating"]["list"].pop(0))

    def test_job_and_instance_are_there_and_complete(self) -> None:
        for at, name in ((1, "job"), (2, "instance")):
            for change in ({"name": "other"}, {"label": name}, {"multi": False}, {"allValue": ""}, {"datasource": {"uid": "p1"}}):
                with self.subTest(name=name, change=change):
                    self.spoil(f"template-{name}-rule", how=lambda board, at=at, change=change: board["templating"]["list"][at].update(change))

    def test_label_values_can_be_read(self) -> None:
        for query in ("label_values(up{, job)", "query_result(up)", "label_values(nofunction(up), job)"):
            self.spoil("template-label-promql-rule", how=lambda board, query=query: board["templating"]["list"][1]["query"].update(query=query))

    def test_variables_reload_when_the_time_changes(self) -> None:
        self.spoil("template-on-time-change-reload-rule", how=lambda board: board["templating"]["list"][2].update(refresh=1))

    def test_panels_use_the_variable_for_their_datasource(self) -> None:
        self.spoil("panel-datasource-rule", how=lambda board: board["panels"][0].update(datasource={"uid": "prometheus"}))
        self.spoil("panel-datasource-rule", how=lambda board: board["panels"][1]["panels"][0].update(datasource=None))

    def test_panels_have_a_title_and_a_description(self) -> None:
        self.spoil("panel-title-description-rule", how=lambda board: board["panels"][0].update(title=""))
        self.spoil("panel-title-description-rule", how=lambda board: board["panels"][0].pop("description"))

    def test_panels_have_one_of_grafanas_units(self) -> None:
        self.spoil("panel-units-rule", how=lambda board: board["panels"][0]["fieldConfig"]["defaults"].update(unit="ops/s"))
        self.spoil("panel-units-rule", how=lambda board: board["panels"][0].pop("fieldConfig"))
        self.spoil(how=lambda board: board["panels"][0]["fieldConfig"].update(defaults={"mappings": [{"type": "value"}]}))

    def test_panels_have_a_query(self) -> None:
        self.spoil("panel-no-targets-rule", how=lambda board: board["panels"][0].update(targets=[]))

    def test_loki_queries_are_logql_with_automatic_ranges(self) -> None:
        def loki(board: lint.Json) -> None:
            board["templating"]["list"][0]["query"] = "loki"
            board["panels"] = [panel(f"rate({{{SELECTOR}}}[5m])")]

        dashboard = good()
        loki(dashboard)
        self.assertIn("target-logql-auto-rule", {rule for rule, _, _ in lint.lint(dashboard)})
        dashboard["panels"] = [panel("nothing")]
        self.assertIn("target-logql-rule", {rule for rule, _, _ in lint.lint(dashboard)})

    def test_queries_can_be_read(self) -> None:
        for expression in ("", "sum(up", "sum(up))", "foo(up)", "up{job~'x'}", "up ? 1", "up{job=x}"):
            with self.subTest(expression):
                self.query(expression, "target-promql-rule")

    def test_rates_use_the_rate_interval(self) -> None:
        self.query(f"rate(x_total{{{SELECTOR}}}[5m])", "target-rate-interval-rule")
        self.query(f"sum by (a) (irate(x_total{{{SELECTOR}}}[$__interval]))", "target-rate-interval-rule")
        self.query(f"increase(x_total{{{SELECTOR}}}[$__range])")
        self.query(f"max_over_time(x{{{SELECTOR}}}[1h])")

    def test_every_selector_names_job_and_instance(self) -> None:
        self.query('up{instance=~"$instance"}', "target-job-rule")
        self.query('up{job="$job",instance=~"$instance"}', "target-job-rule")
        self.query('up{job=~"$job"}', "target-instance-rule")
        self.query(f"up{{{SELECTOR}}} / on (job) group_left (a, b) other", "target-job-rule", "target-instance-rule")
        self.query(f"sum without (x, y) (up{{{SELECTOR}}}) > bool 1")

    def test_counters_stand_in_a_rate(self) -> None:
        self.query(f"x_total{{{SELECTOR}}}", "target-counter-agg-rule")
        self.query(f"sum(x_total{{{SELECTOR}}})", "target-counter-agg-rule")
        self.query(f"max_over_time(x_total{{{SELECTOR}}}[5m])", "target-counter-agg-rule")
        self.query(f"increase(x_total{{{SELECTOR}}}[$__rate_interval])")

    def test_the_dashboard_can_not_be_edited(self) -> None:
        self.spoil("uneditable-dashboard", how=lambda board: board.update(editable=True))
        self.spoil("uneditable-dashboard", how=lambda board: board.pop("editable"))


class Expressions(unittest.TestCase):
    def test_functions_around_selectors(self) -> None:
        found = promql.selectors(
            'histogram_quantile(0.99, sum by (le, x) (rate(a_bucket{b!~"c,}(d"}[$__rate_interval]))) + on () scalar(e) or {__name__="f"} offset 1d'
        )
        self.assertEqual(
            [(s.metric, s.function, s.range) for s in found], [("a_bucket", "rate", "$__rate_interval"), ("e", "scalar", None), ("", None, None)]
        )
        self.assertEqual(found[0].matchers, [("b", "!~", "c,}(d")])
        self.assertEqual(promql.selectors("sum(up) by (job)")[0].function, "sum")
        self.assertEqual(promql.selectors("count by (a) (x) > 1e-05 * 3")[0].metric, "x")


class OurDashboards(unittest.TestCase):
    FILES = sorted((ROOT / "dashboards" / "grafana").glob("*.json"))

    def test_there_are_five_and_they_pass(self) -> None:
        self.assertEqual(len(self.FILES), 5)
        result = subprocess.run([sys.executable, lint.__file__, *map(str, self.FILES)], capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_they_are_what_the_generator_writes(self) -> None:
        result = subprocess.run([sys.executable, "-B", str(GENERATE), "--check"], capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_they_can_be_provisioned(self) -> None:
        for path in self.FILES:
            text = path.read_text(encoding="utf-8")
            with self.subTest(path.name):
                self.assertNotIn("__inputs", text)
                self.assertNotIn("DS_PROMETHEUS", text)
                self.assertLess(len(text), 200_000, "a ConfigMap of it could not be applied")
                self.assertIn(f'"uid": "herdgate-{path.stem}"', text)

    def test_the_row_of_estimates_is_sound_too(self) -> None:
        sys.path.insert(0, str(GENERATE.parent))
        try:
            from generator import policy
        finally:
            sys.path.pop(0)
        dashboard = policy.build(what_if=True)
        self.assertEqual(lint.lint(dashboard), [])
        self.assertTrue(any(re.search("what_if_size_misses_total", expression) for _, expression in lint.targets(dashboard)))


if __name__ == "__main__":
    unittest.main()
