"""What promtool does not check of the rule files: that each alert is complete, has a section in the runbook, and has tests for firing and silence."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "dashboards" / "rules"
RUNBOOK = ROOT / "dashboards" / "runbook.md"
TESTS = ROOT / "tests" / "dashboards" / "rules"
PARTS = ("**Means.**", "**Look.**", "**Do.**", "**Over.**")
# Alerts that are tested together, by the words that the names of their tests have in common.
TOGETHER = {"HerdgateErrorBudgetBurn": "error budget alert", "HerdgateLatencyBudgetBurn": "latency budget alert"}


def alerts() -> dict[str, str]:
    """{name: its lines in the file}."""
    text = (RULES / "alerts.yaml").read_text(encoding="utf-8")
    blocks = re.split(r"(?m)^      - alert: ", text)[1:]
    return {block.split("\n", 1)[0].strip(): block for block in blocks}


def sections() -> dict[str, str]:
    """{heading: text} of the runbook."""
    parts = re.split(r"(?m)^## ", RUNBOOK.read_text(encoding="utf-8"))[1:]
    return {part.split("\n", 1)[0].strip(): part for part in parts}


def test_names() -> list[str]:
    return [name for path in sorted(TESTS.glob("*_test.yaml")) for name in re.findall(r"(?m)^  - name: (.*)$", path.read_text(encoding="utf-8"))]


class RuleFiles(unittest.TestCase):
    def test_there_are_alerts(self) -> None:
        self.assertGreaterEqual(len(alerts()), 14)

    def test_every_alert_is_complete(self) -> None:
        for name, block in alerts().items():
            with self.subTest(name):
                self.assertRegex(name, r"^Herdgate([A-Z][a-z]+)+$")
                self.assertRegex(block, r"labels: \{severity: (critical|warning|info)\}")
                for field in ("summary", "description", "runbook_url"):
                    self.assertRegex(block, rf"(?m)^          {field}: \S")

    def test_every_alert_has_its_section_in_the_runbook(self) -> None:
        runbook = sections()
        self.assertEqual(list(runbook), list(alerts()))
        for name, block in alerts().items():
            with self.subTest(name):
                self.assertIn(f"runbook_url: dashboards/runbook.md#{name.lower()}\n", block + "\n")
                for part in PARTS:
                    self.assertIn(part, runbook[name])

    def test_every_alert_has_a_test_that_fires_and_one_that_is_silent(self) -> None:
        names = test_names()
        for name in alerts():
            with self.subTest(name):
                words = next((words for start, words in TOGETHER.items() if name.startswith(start)), name)
                mine = [title for title in names if words in title]
                self.assertTrue(any(re.search(r"\b(fires?|tells)\b", title) for title in mine), "no test fires it")
                self.assertTrue(any("silent" in title for title in mine), "no test shows it silent")

    def test_no_rule_selects_an_integer_bound(self) -> None:
        for path in RULES.glob("*.yaml"):
            for bound in re.findall(r'le=~?"([^"]*)"', path.read_text(encoding="utf-8")):
                self.assertRegex(bound, r"^\d+\.\d*[1-9]$", f"{path.name}: Prometheus 3 writes whole numbers in another way")


if __name__ == "__main__":
    unittest.main()
