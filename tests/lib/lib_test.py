"""The shell pieces on which every verdict rests: how counts are read, and how ctest's own count is."""
import pathlib
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent


class LibTest(unittest.TestCase):
    def bash(self, script, content=""):
        """(exit code, output) of a script that has the libraries loaded and the content in the file $file."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(content)
            file.flush()
            text = f"set -euo pipefail\n. {HERE}/common.sh\n. {HERE}/packages.sh\n. {HERE}/ctest.sh\nfile={file.name}\n{script}"
            result = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        return result.returncode, result.stdout.strip()

    def test_the_last_count_is_read(self):
        self.assertEqual(self.bash("read_tally $file", "1 passed, 1 failed\nx\n12 passed, 3 failed\n"), (0, "12 3 0"))
        self.assertEqual(self.bash("read_tally $file", "12 passed, 3 failed, 4 skipped\nmore\n"), (0, "12 3 4"))

    def test_no_count_is_a_failure(self):
        for content in ("", "all 12 passed, 0 failed\n", "12 passed\n"):
            self.assertNotEqual(self.bash("read_tally $file", content)[0], 0)

    def test_a_count_that_is_written_can_be_read(self):
        self.assertEqual(self.bash("tally 5 6 >$file; read_tally $file"), (0, "5 6 0"))
        self.assertEqual(self.bash("tally 5 6 7 >$file; read_tally $file"), (0, "5 6 7"))

    def test_ctest_counts_come_from_its_report(self):
        head = '<?xml version="1.0"?>\n<testsuite name="(empty)"\n\ttests="{}"\n\tfailures="2"\n\tdisabled="1"\n\tskipped="3"\n\thostname=""\n>\n'
        self.assertEqual(self.bash("junit_counts $file", head.format(10)), (0, "10 2 4"))
        self.assertNotEqual(self.bash("junit_counts $file", head.format(0))[0], 0)
        self.assertNotEqual(self.bash("junit_counts $file")[0], 0)

    def test_missing_packages_are_found(self):
        self.assertEqual(self.bash("missing_packages dpkg no-such-package-here"), (0, "no-such-package-here"))

    def test_jobs_override_the_number_of_cores(self):
        self.assertEqual(self.bash("JOBS=7 cores"), (0, "7"))
        self.assertGreaterEqual(int(self.bash("unset JOBS; cores")[1]), 1)


if __name__ == "__main__":
    unittest.main()
