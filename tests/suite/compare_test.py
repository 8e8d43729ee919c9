"""The comparison must see every test that passes on one side only, and say why."""
import contextlib
import io
import unittest

import compare

LOG = """\
[ready]: 4711
\x1b[1;37;49mTesting unit/type/hash\x1b[0m
[\x1b[0;32;49mok\x1b[0m]: HSET (small) (0 ms)
[\x1b[0;32;49mok\x1b[0m]: HGET in a loop (1 ms)
[\x1b[0;32;49mok\x1b[0m]: HGET in a loop (12 ms)
[\x1b[0;36;49mignore\x1b[0m]: HDEBUG: Tag: needs:debug denied
[\x1b[0;31;49merr\x1b[0m]: HDEL in tests/unit/type/hash.tcl
Expected 'a' to be equal to 'b'
[1/84 \x1b[0;33;49mdone\x1b[0m]: unit/type/hash (0 seconds)
\x1b[1;37;49mTesting unit/dump\x1b[0m
[\x1b[0;32;49mok\x1b[0m]: HSET (small) (3 ms)
"""


def compared(direct, through, log=""):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        code = compare.compare(set(direct), set(through), log)
    return code, output.getvalue()


class CompareTest(unittest.TestCase):
    def test_passed_tests_carry_their_file_and_count_repeats(self):
        self.assertEqual(compare.passed(LOG), ["unit/dump: HSET (small)", "unit/type/hash: HGET in a loop", "unit/type/hash: HGET in a loop #2",
                                               "unit/type/hash: HSET (small)"])

    def test_equal_sets_pass(self):
        code, text = compared(["a: 1", "a: 2"], ["a: 2", "a: 1"])
        self.assertEqual((code, text.splitlines()[-1]), (0, "2 passed, 0 failed"))

    def test_a_lost_test_fails_with_what_the_suite_said(self):
        code, text = compared(["unit/type/hash: HDEL", "unit/type/hash: HSET (small)"], ["unit/type/hash: HSET (small)"], LOG)
        self.assertEqual((code, text.splitlines()[-1]), (1, "1 passed, 1 failed"))
        self.assertIn("unit/type/hash: err: HDEL in tests/unit/type/hash.tcl\nExpected 'a'", text.replace("    ", ""))

    def test_tests_that_never_ran_are_named_by_file(self):
        code, text = compared(["unit/x: one", "unit/x: two"], [], LOG)
        self.assertEqual(code, 1)
        self.assertIn("unit/x: 2 tests did not run, or have another name: one, two", text)

    def test_one_repeat_fewer_fails(self):
        self.assertEqual(compared(["a: 1", "a: 1 #2"], ["a: 1"])[0], 1)

    def test_a_test_that_passes_only_through_the_proxy_fails(self):
        code, text = compared(["a: 1"], ["a: 1", "a: 2"])
        self.assertEqual(code, 1)
        self.assertIn("passes only through the proxy: a: 2", text)

    def test_nothing_on_both_sides_fails(self):
        self.assertEqual(compared([], [])[0], 1)


def compared_listed(listed, direct, through, log="", exact=False):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        code = compare.compare_listed(compare.expected(listed), set(direct), set(through), log, exact)
    return code, output.getvalue()


HUNDRED = [f"a: {n}" for n in range(100)]


class ListedTest(unittest.TestCase):
    def test_a_listed_test_may_be_lost(self):
        code, text = compared_listed("# why\n\na: 0 -- reads a name in Redis\n", HUNDRED, HUNDRED[1:])
        self.assertEqual((code, text.splitlines()[-1]), (0, "99 passed, 0 failed, 1 skipped"))

    def test_a_lost_test_that_is_not_listed_fails(self):
        code, text = compared_listed("a: 0 -- reads a name in Redis\n", HUNDRED, HUNDRED[2:])
        self.assertEqual((code, text.splitlines()[-1]), (1, "98 passed, 1 failed, 1 skipped"))
        self.assertIn("not listed: a: 1", text)

    def test_a_listed_test_that_passes_is_told(self):
        code, text = compared_listed("a: 0 -- x\na: 900 -- y\n", HUNDRED, HUNDRED)
        self.assertEqual(code, 0)
        self.assertIn("listed, but it passes: a: 0", text)
        self.assertIn("listed, but it does not pass directly: a: 900", text)

    def test_too_long_a_list_fails(self):
        listed = "".join(f"a: {n} -- x\n" for n in range(4))
        self.assertEqual(compared_listed(listed, HUNDRED, HUNDRED[4:])[0], 1)
        self.assertEqual(compared_listed(listed, HUNDRED, HUNDRED[3:])[0], 0)

    def test_an_exact_list_may_be_long_and_must_be_right(self):
        listed = "".join(f"a: {n} -- x\n" for n in range(4))
        self.assertEqual(compared_listed(listed, HUNDRED, HUNDRED[4:], exact=True)[0], 0)
        for through in (HUNDRED[3:], HUNDRED[5:]):
            self.assertEqual(compared_listed(listed, HUNDRED, through, exact=True)[0], 1)
        self.assertEqual(compared_listed("a: 900 -- x\n", HUNDRED, HUNDRED, exact=True)[0], 1)
        self.assertEqual(compared_listed("b: 1 -- x\n", HUNDRED, HUNDRED, exact=True)[0], 0)
        self.assertEqual(compared_listed("", [], [], exact=True)[0], 1)

    def test_a_reason_stands_behind_the_last_dashes(self):
        self.assertEqual(compare.expected("a: SET -- with GET -- why\n"), {"a: SET -- with GET": "why"})

    def test_a_test_that_spoils_others_is_not_run(self):
        self.assertEqual(compare.unrun(compare.expected("a: one -- not run: leaves a limit\na: two -- names\n")), ["one"])

    def test_a_list_needs_reasons_and_no_test_twice(self):
        for bad in ("a: 1\n", "a: 1 -- \n", "a: 1 -- x\na: 1 -- y\n"):
            with self.assertRaises(ValueError):
                compare.expected(bad)

    def test_doubtful_files_are_those_with_a_lost_test_that_is_not_listed(self):
        self.assertEqual(compare.doubtful({"a: 1", "b: 1", "c: 1"}, {"b: 1"}, {"c: 1": "x"}), ["a"])


if __name__ == "__main__":
    unittest.main()
