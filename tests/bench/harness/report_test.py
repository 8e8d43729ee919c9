"""Tests of the arithmetic behind the tables, and of the core layout."""

import unittest

from harness import machine, report, servers, workloads


def sample(rps, p50=100.0, redis=8.0, **more):
    return {"rps": rps, "p50_us": p50, "p99_us": 2 * p50, "redis_cpu_us": redis, "proxy_cpu_us": 1.0, "failure": "",
            "errors": 0, "misses": 0, **more}


class PairedFigures(unittest.TestCase):
    def test_ratio_is_the_median_of_the_rounds_ratios(self):
        direct = [sample(100), sample(200), sample(400)]
        proxy = [sample(90), sample(100), sample(400)]
        figure = report.paired_figures(proxy, direct)["ratio"]
        self.assertEqual((figure["median"], figure["min"], figure["max"]), (0.9, 0.5, 1.0))

    def test_added_latency_and_cpu_are_taken_in_the_same_round(self):
        figures = report.paired_figures([sample(1, p50=150, redis=2.0)], [sample(1)])
        self.assertEqual(figures["added_p50_us"]["median"], 50)
        self.assertEqual(figures["redis_cpu_ratio"]["median"], 0.25)

    def test_disturbed_rounds_are_left_out_when_enough_others_remain(self):
        direct = [sample(100)] * 4
        figure = report.paired_figures([sample(90), sample(10, noisy=True), sample(80), sample(70)], direct)["ratio"]
        self.assertEqual((figure["min"], figure["rounds"], figure["disturbed"]), (0.7, 3, 0))

    def test_disturbed_rounds_are_counted_when_they_are_needed(self):
        figure = report.paired_figures([sample(90), sample(10, noisy=True)], [sample(100)] * 2)["ratio"]
        self.assertEqual((figure["min"], figure["rounds"], figure["disturbed"]), (0.1, 2, 1))

    def test_rounds_with_wrong_replies_count_for_nothing(self):
        self.assertEqual(report.paired_figures([sample(900, errors=1)], [sample(100)]), {})
        self.assertEqual(report.paired_figures([sample(900, misses=1)], [sample(100)]), {})
        self.assertEqual(report.paired_figures([{"failure": "closed"}], [sample(100)]), {})


class Policies(unittest.TestCase):
    def test_policies_are_held_against_herdgate_without_them_in_the_same_round(self):
        samples = {"direct": [sample(100), sample(100)], report.PLAIN: [sample(80), sample(160)],
                   report.POLICIES: [sample(60), sample(144)]}
        figures = report.load_figures(samples)
        self.assertEqual((figures[report.POLICIES]["plain_ratio"]["min"], figures[report.POLICIES]["plain_ratio"]["max"]), (0.75, 0.9))
        self.assertNotIn("plain_ratio", figures[report.PLAIN])
        self.assertIn(workloads.FIGURES["plain_ratio"], report.load_table(workloads.LOADS["get_p1"], samples, figures))

    def test_only_they_are_judged_by_it(self):
        targets = [{"name": report.PLAIN, "kind": "herdgate", "loops": 1}, {"name": report.POLICIES, "kind": "policies", "loops": 1}]
        measured = {report.POLICIES: {"plain_ratio": report.spread([0.9])}, report.PLAIN: {"ratio": report.spread([0.9])}}
        rows = {(row["target"], row["figure"]): row["verdict"] for row in report.judge({"get_p1": measured, "get_p16": measured}, targets)}
        self.assertEqual(rows[report.POLICIES, "plain_ratio"], "pass")
        self.assertEqual([name for name, _ in rows].count(report.POLICIES), 1)


class HeldAgainstEachOther(unittest.TestCase):
    LOAD = workloads.LOADS["watched_get_p16"]

    def figures(self):
        samples = {"herdgate-1": [sample(100)] * 2, "herdgate-1-policy": [sample(80), sample(160)],
                   "herdgate-1-coalesce": [sample(76, p50=120), sample(160, p50=110)]}
        return samples, report.load_figures(samples, self.LOAD.against)

    def test_each_target_is_held_against_its_own_base_in_the_same_round(self):
        samples, figures = self.figures()
        self.assertEqual(figures["herdgate-1-coalesce"]["base_ratio"]["min"], 0.95)
        self.assertEqual(figures["herdgate-1-coalesce"]["base_added_p50_us"]["median"], 15)
        self.assertEqual(figures["herdgate-1-policy"]["base_ratio"]["max"], 1.6)
        self.assertNotIn("herdgate-1", figures)
        self.assertNotIn("herdgate-1-refresh", figures)  # it did not run
        self.assertIn("| herdgate-1-policy |", report.against_table(self.LOAD, samples, figures))

    def test_only_those_with_a_goal_are_judged(self):
        targets = [{"name": f"herdgate-1-{kind}", "kind": kind, "loops": 1} for kind in ("policy", "coalesce")]
        rows = report.judge({"watched_get_p16": self.figures()[1]}, targets)
        self.assertEqual([(row["target"], row["verdict"]) for row in rows], [("herdgate-1-coalesce", "pass")])

    def test_every_such_target_is_known(self):
        for load in workloads.LOADS.values():
            for name in (target for pair in load.against for target in pair):
                self.assertIn(name, servers.STANDARD)


class Verdicts(unittest.TestCase):
    TARGETS = [{"name": "herdgate-1", "kind": "herdgate", "loops": 1}, {"name": "haproxy", "kind": "peer", "loops": 1},
               {"name": "herdgate-2", "kind": "herdgate", "loops": 2}]

    def judge(self, workload, figure, value):
        measured = {target["name"]: {figure: report.spread([value])} for target in self.TARGETS}
        return {row["target"]: row["verdict"] for row in report.judge({workload: measured}, self.TARGETS)}

    def test_goal_follows_the_number_of_loops_and_peers_are_not_judged(self):
        self.assertEqual(self.judge("get_p1", "ratio", 0.9), {"herdgate-1": "pass", "herdgate-2": "MISS"})

    def test_upper_bounds(self):
        self.assertEqual(self.judge("cpu", "redis_cpu_ratio", 0.28)["herdgate-1"], "pass")
        self.assertEqual(self.judge("cpu", "redis_cpu_ratio", 0.29)["herdgate-1"], "MISS")

    def test_missing_figure_is_no_pass(self):
        rows = report.judge({"get_p1": {}}, self.TARGETS)
        self.assertEqual({row["verdict"] for row in rows}, {"no figure"})

    def test_spread_across_the_goal_is_said(self):
        goal = workloads.Goal("get_p1", "ratio", at_least=1)
        self.assertEqual(report.verdict(goal, report.spread([0.9, 1.1, 1.2])), "pass (rounds differ)")
        self.assertEqual(report.verdict(goal, report.spread([0.8, 0.9], 1)), "MISS (1 of 2 disturbed)")

    def test_every_goal_names_a_workload_and_a_figure(self):
        for goal in workloads.GOALS:
            self.assertIn(goal.workload, workloads.ALL)
            self.assertIn(goal.figure, workloads.FIGURES)


class CoreLayout(unittest.TestCase):
    def test_few_cores_pin_nothing(self):
        self.assertIsNone(machine.choose_layout({0, 1}).redis)
        self.assertIn("little", machine.choose_layout({0, 1}).remark)

    def test_four_cores_keep_the_generator_apart(self):
        layout = machine.choose_layout({0, 1, 2, 3})
        self.assertFalse(layout.generator & (layout.redis | layout.proxy | layout.proxy_two))
        self.assertFalse(layout.redis & layout.proxy)

    def test_more_cores_give_the_second_loop_its_own(self):
        layout = machine.choose_layout(range(8))
        self.assertFalse(layout.redis & layout.proxy_two)
        self.assertFalse(layout.generator & layout.proxy_two)


if __name__ == "__main__":
    unittest.main()
