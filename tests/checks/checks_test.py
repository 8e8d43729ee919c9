"""Shows that each check passes good trees and fails bad ones: every test writes a small tree and runs the check on it as CI does."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import cpp_functions

HERE = pathlib.Path(__file__).resolve().parent


class CheckTest(unittest.TestCase):
    """Runs a check on a tree {path: text} and looks at its exit code and words."""

    check = ""

    def run_on(self, tree):
        with tempfile.TemporaryDirectory() as name:
            for path, text in tree.items():
                target = pathlib.Path(name, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            command = [sys.executable, str(HERE / self.check), "--root", name]
            return subprocess.run(command, capture_output=True, text=True, check=False)

    def assert_passes(self, tree):
        result = self.run_on(tree)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def assert_fails(self, tree, *words):
        result = self.run_on(tree)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        for word in words:
            self.assertIn(word, result.stdout)


class LayersTest(CheckTest):
    check = "layers.py"

    def test_an_arrow_down_passes(self):
        self.assert_passes({"sidecar/net/loop.cc": '#include "sidecar/base/clock.h"\n#include "sidecar/net/loop.h"\n#include <uv.h>\n'})

    def test_an_arrow_up_fails_with_its_line(self):
        self.assert_fails({"sidecar/base/clock.h": '// c\n#include "sidecar/net/loop.h"\n'}, "sidecar/base/clock.h:2:", "above base")

    def test_folders_of_one_layer_may_not_meet(self):
        self.assert_fails({"sidecar/resp/a.cc": '#include "sidecar/metrics/cell.h"\n'}, "sidecar/resp/a.cc:1:", "same layer")
        self.assert_fails({"sidecar/admin/a.cc": '#include "sidecar/config/loader.h"\n'}, "same layer")

    def test_config_reads_the_options_of_any_folder(self):
        self.assert_passes({"sidecar/config/config.h": '#include "sidecar/admin/options.h"\n#include "sidecar/net/options.h"\n'})

    def test_config_reads_nothing_else_of_its_own_layer(self):
        self.assert_fails({"sidecar/config/config.h": '#include "sidecar/admin/server.h"\n'}, "config.h:1:")

    def test_admin_reaches_the_pipeline_only_through_control(self):
        self.assert_passes({"sidecar/admin/a.cc": '#include "sidecar/pipeline/control.h"\n'})
        self.assert_fails({"sidecar/admin/a.cc": '#include "sidecar/pipeline/handler.h"\n'}, "pipeline/control.h")

    def test_a_library_header_in_a_header_fails(self):
        self.assert_fails({"sidecar/net/loop.h": "#include <uv.h>\n"}, "<uv.h>")
        self.assert_fails({"sidecar/base/log.h": "#include <spdlog/spdlog.h>\n"}, "<spdlog/spdlog.h>")

    def test_the_standard_and_system_headers_pass_everywhere(self):
        self.assert_passes({"sidecar/net/loop.h": "#include <vector>\n#include <sys/socket.h>\n#include <unistd.h>\n"})

    def test_an_unknown_folder_fails(self):
        self.assert_fails({"sidecar/misc/a.cc": "int a;\n"}, "sidecar/misc/a.cc:1:")
        self.assert_fails({"sidecar/net/a.cc": '#include "sidecar/misc/a.h"\n'}, "sidecar/net/a.cc:1:")

    def test_a_path_that_does_not_start_at_the_top_fails(self):
        self.assert_fails({"sidecar/base/a.cc": '#include "clock.h"\n'}, '"clock.h"')

    def test_an_include_in_a_comment_does_not_count(self):
        self.assert_passes({"sidecar/base/a.h": '// #include "sidecar/net/loop.h"\n/*\n#include "sidecar/net/loop.h"\n*/\nint a;\n'})

    def test_an_empty_tree_fails(self):
        self.assert_fails({"sidecar/README": "x\n"}, "0 files")


class SizesTest(CheckTest):
    check = "sizes.py"

    @staticmethod
    def function(lines):
        return "int F() {\n" + "  G();\n" * (lines - 2) + "}\n"

    def test_small_files_and_functions_pass_in_silence(self):
        result = self.run_on({"sidecar/base/a.cc": self.function(35)})
        self.assertEqual(result.returncode, 0)
        self.assertNotIn("warning:", result.stdout)

    def test_a_long_function_warns_and_a_longer_one_fails(self):
        result = self.run_on({"sidecar/base/a.cc": "int x;\n" + self.function(36)})
        self.assertEqual(result.returncode, 0)
        self.assertIn("sidecar/base/a.cc:2: warning: F() has 36 lines", result.stdout)
        self.assert_fails({"sidecar/base/a.cc": self.function(61)}, "error: F() has 61 lines")

    def test_a_long_header_warns_and_no_file_passes_500_lines(self):
        result = self.run_on({"sidecar/base/a.h": "int a;\n" * 181})
        self.assertEqual(result.returncode, 0)
        self.assertIn("warning: the file has 181 lines", result.stdout)
        for name in ("sidecar/base/a.h", "sidecar/base/a.cc", "tests/x/run.sh", "tests/x/a.py"):
            self.assert_fails({name: "\n" * 501}, f"{name}:1: error")

    def test_python_functions_count(self):
        self.assert_fails({"tests/a.py": "def f():\n" + "    pass\n" * 60}, "error: f() has 61 lines")

    def test_an_empty_tree_fails(self):
        self.assert_fails({"README": "x\n"})


class FunctionFinderTest(unittest.TestCase):
    def found(self, text):
        return [(f.name, f.line, f.lines) for f in cpp_functions.functions(text)]

    def test_namespaces_and_classes_are_looked_into(self):
        text = "namespace a {\nclass B final : public C {\n public:\n  int D() const {\n    return 1;\n  }\n};\n}  // namespace a\n"
        self.assertEqual(self.found(text), [("D", 4, 3)])

    def test_a_constructor_with_a_braced_member_list(self):
        text = "A::A(int b)\n    : b_{b},\n      c_(d) {\n  E();\n}\nint F() { return 2; }\n"
        self.assertEqual(self.found(text), [("A::A", 1, 5), ("F", 6, 1)])

    def test_tables_enums_and_initialisers_are_no_functions(self):
        text = "constexpr Row kRows[] = {\n  {F(1), 2},\n};\nenum class E : int { kA, kB };\nstd::vector<int> v{1, 2};\nint G() {\n}\n"
        self.assertEqual(self.found(text), [("G", 6, 2)])

    def test_braces_in_strings_comments_and_directives_do_not_count(self):
        text = "int F() {\n  a(\"}\\\"{\");  // }\n  b('}');\n  /* } */ c(R\"(}})\");\n#define X }\n}\n"
        self.assertEqual(self.found(text), [("F", 1, 6)])

    def test_lambdas_belong_to_their_function(self):
        self.assertEqual(self.found("void F() {\n  auto g = [](int x) { return x; };\n  G([] {\n  });\n}\n"), [("F", 1, 5)])

    def test_templates_trailing_types_operators_and_test_macros(self):
        text = ("template <typename T = int>\nauto F(T t = {}) -> std::vector<T> {\n}\nbool operator==(A a, A b) {\n}\n"
                "TEST(Clock, StandsStill) {\n}\nstatic int G() noexcept {\n}\n")
        self.assertEqual([f.name for f in cpp_functions.functions(text)], ["F", "operator==", "TEST(Clock,StandsStill)", "G"])


class HygieneTest(CheckTest):
    check = "hygiene.py"

    def test_clean_text_passes(self):
        self.assert_passes({"a.md": "see /tmp/x, /etc/herdgate, ${dir}/work, api/root, user:pass@redis, password: \"secret\"\n"})

    def test_machine_paths_fail(self):
        for path in ("/" + "root/x", "/" + "work/main", "/tmp" + "/hg/a", "/home" + "/anna/x", "cd /" + "root"):
            self.assert_fails({"a.sh": f"x\n{path}\n"}, "a.sh:2: path of one machine")

    def test_registry_hosts_fail(self):
        for host in ("registry." + "npmjs.org", "deb." + "debian.org", "https://pypi" + ".org/simple", "https://npm.reg" + "istry.corp/x"):
            self.assert_fails({"package-lock.json": f'"resolved": "{host}"\n'}, "host of a package registry")

    def test_secrets_fail_and_are_not_repeated(self):
        token = "ghp_" + "a1" * 18
        for text in (token, "AKIA" + "ABCDEFGHIJ123456", "-----BEGIN RSA" + " PRIVATE KEY-----", 'token = "' + "abc123DEF456" * 2 + '"'):
            self.assert_fails({"a.yaml": text + "\n"}, "a.yaml:1:")
        self.assertNotIn(token, self.run_on({"a.yaml": token}).stdout)

    def test_an_empty_tree_fails(self):
        self.assert_fails({})


if __name__ == "__main__":
    unittest.main()
