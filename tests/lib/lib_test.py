"""The shell pieces on which every verdict rests: how counts are read, and how ctest's own count is."""
import pathlib
import socket
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

    PROGRAM = 'made() { printf "%s\\n" "secret$RANDOM" >$d/s; tr -d "\\n" <$d/s | sha256sum | { read -r h _; printf "%s\\n%s\\n" "$(cat $d/s)" "$2 $3 $h"; }; }; '

    def token(self, script):
        """A script that may call `made` for `herdgate` and has a folder $d of its own."""
        with tempfile.TemporaryDirectory() as folder:
            return self.bash(f". {HERE}/token.sh; d={folder}; umask 022; {self.PROGRAM}{script}")

    def test_a_token_is_made_once_and_only_its_owner_reads_it(self):
        self.assertEqual(
            self.token("keep_token made $d/a/b; one=$(cat $d/a/b/token $d/a/b/tokens); keep_token made $d/a/b; "
                       '[ "$one" = "$(cat $d/a/b/token $d/a/b/tokens)" ] && echo same; '
                       "stat -c %a $d/a/b $d/a/b/token $d/a/b/tokens; wc -l <$d/a/b/tokens; cut -d' ' -f2 $d/a/b/tokens"),
            (0, "same\n700\n600\n600\n1\nread,inspect,invalidate,purge_all,operate"))

    def test_a_token_that_no_longer_fits_is_made_anew_and_the_lines_of_others_stay(self):
        self.assertEqual(
            self.token("keep_token made $d; echo 'alice read 0123' >>$d/tokens; echo other >$d/token; keep_token made $d; "
                       "grep -c alice $d/tokens; wc -l <$d/tokens; [ \"$(cat $d/token)\" = \"$(cat $d/s)\" ] && echo new"),
            (0, "1\n2\nnew"))

    def test_a_token_that_others_could_read_no_longer_can_be(self):
        self.assertEqual(self.token("keep_token made $d/a; chmod 755 $d/a; chmod 644 $d/a/*; keep_token made $d/a; stat -c %a $d/a $d/a/*"),
                         (0, "700\n600\n600"))

    def test_no_token_is_no_success(self):
        self.assertEqual(self.token("made() { return 1; }; keep_token made $d || echo none; ls $d"), (0, "none"))
        self.assertEqual(self.token("touch $d/a; keep_token made $d/a/b 2>/dev/null || echo none"), (0, "none"))

    def test_what_can_not_be_written_whole_is_no_success_and_changes_nothing(self):
        # /dev/full is a disk without room.
        there = "keep_token made $d; before=$(cat $d/token $d/tokens); rm $d/token; "
        kept = "keep_token made $d 2>/dev/null || echo none; [ \"$before\" = \"$(head -qc 999 $d/kept $d/tokens | tr -d '\\0')\" ] && echo kept"
        for new in ("tokens.new", "token.new"):
            self.assertEqual(self.token(f"{there}printf '%s\\n' \"${{before%%$'\\n'*}}\" >$d/kept; ln -s /dev/full $d/{new}; {kept}"), (0, "none\nkept"), new)

    def test_a_file_of_tokens_that_can_not_be_read_is_no_success(self):
        self.assertEqual(self.token("mkdir $d/tokens; keep_token made $d 2>/dev/null || echo none; ls $d/tokens; [ -e $d/token ] || echo no"), (0, "none\nno"))

    def test_names_of_others_are_no_pattern_and_no_number(self):
        others = "alic read 01\nalice2 read 02\n7 read 03\n a.ice read 04\n# alice\n"
        for name, gone in (("a.ice", "04"), ("07", "none")):
            script = f"id() {{ echo {name}; }}; printf '{others}' >$d/tokens; keep_token made $d; grep -v inspect $d/tokens"
            kept = [line for line in others.replace("\\n", "\n").splitlines() if not line.endswith(gone)]
            self.assertEqual(self.token(script), (0, "\n".join(kept)), name)

    def test_only_this_machine_can_ask_on_loopback(self):
        for address in ("127.0.0.1:1", "127.0.0.2:1", "localhost:1", "[::1]:1"):
            self.assertEqual(self.token(f"is_loopback {address}")[0], 0, address)
        for address in ("0.0.0.0:1", "[::]:1", "10.0.0.1:1", "host:1", "localhost.example:1"):
            self.assertEqual(self.token(f"is_loopback {address}")[0], 1, address)

    def test_the_state_folder_needs_no_home(self):
        self.assertEqual(self.token("HOME=/h XDG_STATE_HOME=/s state_folder; HOME=/h XDG_STATE_HOME=s state_folder; HOME=/h XDG_STATE_HOME= state_folder"),
                         (0, "/s/herdgate\n/h/.local/state/herdgate\n/h/.local/state/herdgate"))
        self.assertRegex(self.token("unset HOME XDG_STATE_HOME; state_folder")[1], "^/.*/.local/state/herdgate$")

    def test_a_port_that_is_taken_is_seen(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            self.assertEqual(self.token(f"answers 127.0.0.1:{port} && echo yes")[1], "yes")
        self.assertEqual(self.token(f"answers 127.0.0.1:{port} || echo no")[1], "no")

    def test_missing_packages_are_found(self):
        self.assertEqual(self.bash("missing_packages dpkg no-such-package-here"), (0, "no-such-package-here"))

    def test_jobs_override_the_number_of_cores(self):
        self.assertEqual(self.bash("JOBS=7 cores"), (0, "7"))
        self.assertGreaterEqual(int(self.bash("unset JOBS; cores")[1]), 1)


if __name__ == "__main__":
    unittest.main()
