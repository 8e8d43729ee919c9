"""Tests of near_used.py."""
import unittest

import near_used

SCRAPE = """# HELP herdgate_near_mode x
# TYPE herdgate_near_mode gauge
herdgate_near_mode{mode="off",reason="canary"} 0
herdgate_near_mode{mode="tracked",reason="none"} 1
herdgate_near_lookups_total{result="absent"} 40
herdgate_near_lookups_total{result="fresh"} 7
herdgate_near_pushes_total 3
"""


class NearUsedTest(unittest.TestCase):
    def test_enough_look_ups_answered_are_fine(self):
        self.assertEqual(near_used.problem(SCRAPE, 7), "")

    def test_too_few_are_not(self):
        self.assertIn("only 7", near_used.problem(SCRAPE, 8))

    def test_a_near_cache_that_is_off_is_a_problem_and_shown(self):
        off = SCRAPE.replace('canary"} 0', 'canary"} 1').replace('none"} 1', 'none"} 0')
        self.assertIn("canary", near_used.problem(off, 1))

    def test_no_near_cache_is_a_problem(self):
        self.assertNotEqual(near_used.problem("", 0), "")

    def test_what_it_did_is_summed_up(self):
        self.assertEqual(near_used.summary(SCRAPE), "near cache: look-ups 40 absent, 7 fresh; 3 pushes")


if __name__ == "__main__":
    unittest.main()
