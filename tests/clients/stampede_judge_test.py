"""The judge must see every recompute too many, and every answer that is wrong, too old or too late."""
import os
import tempfile
import unittest

from stampede_judge import LATE, OLDEST, Crowd, judge

START = 1000.0


class JudgeTest(unittest.TestCase):
    def setUp(self):
        self.lines, self.ends = [], []

    def asked(self, time, number=0, key="c:k"):
        self.lines.append(f"asked\tc\t{key}\t{key}|{number}|{time:.6f}")

    def got(self, asked, time, seconds=0.0, number=0, key="c:k"):
        self.lines.append(f"got\tc\t{key}\tc:k|{number}|{asked:.6f}\t{seconds:.6f}\t{time:.6f}")

    def rounds(self, *sizes, key="c:k"):
        """A stampede each 1.2 s, of these sizes."""
        for turn, size in enumerate(sizes):
            begin = START + 1.2 * turn
            if turn:
                self.ends.append((begin, "prefix:" + key))
            for number in range(size):
                self.asked(begin + 0.01 * number, number, key)

    def judged(self, direct=False, **rules):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "record")
            with open(path, "w", encoding="utf-8") as record:
                record.write("".join(line + "\n" for line in self.lines))
            return judge(path, self.ends, [Crowd("c", **rules)], direct)

    def test_one_recompute_per_expiry_is_right(self):
        self.rounds(1, 1, 1, 1)
        self.assertEqual(self.judged(), ("", "c 1.00/4"))

    def test_one_recompute_too_many_is_told_with_its_expiry(self):
        self.rounds(1, 1, 2, 1)
        wrong, told = self.judged()
        self.assertIn("1.25 recomputes per expiry, at most 1.05 wanted: [[1, 1, 2, 1]]", wrong)
        self.assertEqual(told, "c 1.25/4")

    def test_two_in_the_middle_of_a_value_s_life_are_one_expiry_s(self):
        self.rounds(1, 1, 1)
        self.asked(START + 0.6, number=1)
        self.assertIn("1.33 recomputes", self.judged()[0])

    def test_an_expiry_that_nobody_met_counts_for_nothing(self):
        self.rounds(2, 1, 1)
        self.ends.append((START + 2.4 + LATE + 0.1, "prefix:c:k"))
        self.assertEqual(self.judged()[1], "c 1.33/3")

    def test_keys_of_other_names_don_t_count(self):
        self.rounds(2, 1, 1)
        self.ends += [(START + 1, "prefix:xc:k"), (START + 1, "prefix:c:k2")]
        self.assertEqual(self.judged()[1], "c 1.33/3")

    def test_several_keys_are_counted_together(self):
        self.rounds(1, 1, 1)
        self.rounds(2, 2, key="c:other")
        self.assertEqual(self.judged(most=1.4), ("", "c 1.40/5"))

    def test_an_expiry_is_found_by_a_part_of_the_name(self):
        self.rounds(1)
        self.asked(START + 1.2)
        self.asked(START + 2.4)
        self.ends += [(START + 1.2, "a:part:1"), (START + 2.4, "a:part:1"), (START + 1.2, "b:1")]
        self.assertEqual(self.judged(expiring=":part:"), ("", "c 1.00/3"))

    def test_without_expiries_stampedes_are_told_apart_by_time(self):
        self.rounds(2, 1, 3)
        self.ends.clear()
        self.assertEqual(self.judged(apart=0.5, most=0), ("", "c 2.00/3"))

    def test_few_expiries_prove_nothing(self):
        self.rounds(1, 1)
        self.assertIn("2 expiries are too few", self.judged()[0])

    def test_direct_must_show_a_stampede(self):
        self.rounds(3, 3, 3)
        self.assertIn("3.00 recomputes per expiry are no stampede", self.judged(direct=True)[0])
        self.asked(START + 0.05, number=9)
        self.assertEqual(self.judged(direct=True), ("", "c 3.33/3"))

    def test_a_value_that_nobody_computed_is_wrong(self):
        self.rounds(1, 1, 1)
        self.got(START, START + 0.2, number=9)
        self.assertIn("which nobody has computed", self.judged()[0])

    def test_a_value_of_another_key_is_wrong(self):
        self.rounds(1, 1, 1)
        self.rounds(1, key="c:other")
        self.got(START, START + 0.2, key="c:other")
        self.assertIn("c:other was 'c:k|0|1000.000000', which nobody has computed", self.judged()[0])

    def test_a_value_of_before_the_expiry_is_wrong(self):
        self.rounds(1, 1, 1)
        self.got(START, START + OLDEST - 0.01)
        self.assertEqual(self.judged()[0], "")
        self.got(START, START + OLDEST + 0.01)
        self.assertIn("s old", self.judged()[0])

    def test_a_wait_beyond_the_limit_is_wrong(self):
        self.rounds(1, 1, 1)
        self.got(START, START + 2.2, seconds=2.2)
        self.assertEqual(self.judged()[0], "")
        self.got(START, START + 2.4, seconds=2.4)
        self.assertIn("a lookup of c:k took 2.40 s", self.judged()[0])


if __name__ == "__main__":
    unittest.main()
