#include "sidecar/app/command_line.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

#include "sidecar/admin/token_file.h"
#include "sidecar/config/fields.h"

namespace herdgate::app {
namespace {

using Action = CommandLine::Action;
using std::chrono::milliseconds;

CommandLine Parse(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv = {"herdgate"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  return ParseCommandLine(static_cast<int>(argv.size()), argv.data());
}

config::Options Served(const std::vector<std::string>& arguments) {
  CommandLine line = Parse(arguments);
  EXPECT_EQ(line.action, Action::kServe) << line.err;
  EXPECT_EQ(line.err, "");
  return line.options;
}

// What is printed on stderr with exit code 2.
std::string Refusal(const std::vector<std::string>& arguments) {
  const CommandLine line = Parse(arguments);
  EXPECT_EQ(line.action, Action::kExit);
  EXPECT_EQ(line.exit_code, 2);
  EXPECT_EQ(line.out, "");
  return line.err;
}

class CommandLineFileTest : public ::testing::Test {
 protected:
  CommandLineFileTest() {
    std::string name = (std::filesystem::temp_directory_path() / "command_line_test.XXXXXX").string();
    folder_ = mkdtemp(name.data());
    path_ = (folder_ / "herdgate.yaml").string();
  }
  ~CommandLineFileTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& text) const { std::ofstream(path_) << text; }

  std::filesystem::path folder_;
  std::string path_;
};

TEST(CommandLineTest, ServeWithoutFlagsTakesTheDefaults) {
  const config::Options options = Served({"serve"});
  ASSERT_EQ(options.listen.size(), 1U);
  EXPECT_EQ(options.listen[0].ToString(), "tcp://127.0.0.1:6380");
  EXPECT_EQ(options.upstream.url.ToString(), "redis://127.0.0.1:6379");
  EXPECT_EQ(options.telemetry.listen->ToString(), "tcp://127.0.0.1:9638");
  EXPECT_EQ(options.loops, std::nullopt);
}

TEST(CommandLineTest, EveryFlagSetsItsOption) {
  const config::Options o = Served({"serve",
                                    "--listen",
                                    "a:1",
                                    "--listen=unix:///x",
                                    "--upstream",
                                    "memory://",
                                    "--upstream-timeout",
                                    "1s",
                                    "--telemetry",
                                    "off",
                                    "--loops",
                                    "2",
                                    "--max-clients",
                                    "7",
                                    "--max-dedicated",
                                    "8",
                                    "--client-output-limit",
                                    "2MiB",
                                    "--memory-max-bytes",
                                    "3MiB",
                                    "--near-max-bytes",
                                    "4MiB",
                                    "--offline-max-deletes",
                                    "9",
                                    "--offline-max-bytes",
                                    "5MiB",
                                    "--shutdown-delay",
                                    "6s",
                                    "--drain",
                                    "0ms",
                                    "--log-level",
                                    "debug",
                                    "--log-format",
                                    "text"});
  ASSERT_EQ(o.listen.size(), 2U);
  EXPECT_EQ(o.listen[0].ToString(), "tcp://a:1");
  EXPECT_EQ(o.listen[1].ToString(), "unix:///x");
  EXPECT_EQ(o.upstream.url.ToString(), "memory://");
  EXPECT_EQ(o.upstream.timeout, milliseconds(1000));
  EXPECT_EQ(o.telemetry.listen, std::nullopt);
  EXPECT_EQ(o.loops, 2U);
  EXPECT_EQ(o.limits.max_clients, 7U);
  EXPECT_EQ(o.limits.max_dedicated, 8U);
  EXPECT_EQ(o.limits.client_output_limit, 2U << 20U);
  EXPECT_EQ(o.memory.max_bytes, 3U << 20U);
  EXPECT_EQ(o.near.max_bytes, 4U << 20U);
  EXPECT_EQ(o.offline.max_deletes, 9U);
  EXPECT_EQ(o.offline.max_bytes, 5U << 20U);
  EXPECT_EQ(o.shutdown.delay, milliseconds(6000));
  EXPECT_EQ(o.shutdown.drain, milliseconds(0));
  EXPECT_EQ(o.log.level, base::LogLevel::kDebug);
  EXPECT_EQ(o.log.format, base::LogFormat::kText);
}

TEST_F(CommandLineFileTest, FlagsOverrideTheFileAndTheRestStays) {
  Write("listen: [a:1, b:2]\nloops: 3\nlog: {level: warn}\n");
  const config::Options options = Served({"serve", "--config", path_, "--listen", "c:3", "--loops", "auto"});
  ASSERT_EQ(options.listen.size(), 1U);
  EXPECT_EQ(options.listen[0].ToString(), "tcp://c:3");
  EXPECT_EQ(options.loops, std::nullopt);
  EXPECT_EQ(options.log.level, base::LogLevel::kWarn);
  EXPECT_EQ(Parse({"serve", "--config", path_}).config_file, path_);
}

TEST_F(CommandLineFileTest, TheFileIsReadAgainUnderTheSameFlags) {
  Write("listen: [a:1]\nloops: 3\n");
  const CommandLine line = Parse({"serve", "--config", path_, "--listen", "c:3", "--listen", "d:4"});
  Write("listen: [b:2]\nloops: 4\n");
  const config::Loaded again = line.load_again();
  EXPECT_TRUE(again.problems.empty());
  ASSERT_EQ(again.options.listen.size(), 2U);
  EXPECT_EQ(again.options.listen[1].ToString(), "tcp://d:4");
  EXPECT_EQ(again.options.loops, 4U);
  Write("telemetry: {listen: d:4}\n");
  ASSERT_EQ(line.load_again().problems.size(), 1U);
  EXPECT_NE(line.load_again().problems[0].message.find("d:4 is also an address for clients"), std::string::npos);
  Write("loops: none\n");
  ASSERT_EQ(line.load_again().problems.size(), 1U);
  EXPECT_EQ(Parse({"serve"}).load_again, nullptr);
}

TEST_F(CommandLineFileTest, MistakesOfFileAndFlagsAreToldTogether) {
  Write("loop: 3\n");
  EXPECT_EQ(Refusal({"serve", "--config", path_, "--upstream", "redis://u:s3cret@h:x"}),
            "herdgate: " + path_ + ":1:1: loop: unknown key; did you mean loops?\n" +
                "herdgate: --upstream: the port is not a number from 0 to 65535\n");
}

TEST_F(CommandLineFileTest, AFlagCanConflictWithTheFile) {
  Write("loops: 1\ntelemetry: {listen: a:7}\n");
  EXPECT_EQ(Refusal({"serve", "--config", path_, "--listen", "a:7"}),
            "herdgate: " + path_ +
                ":2:21: telemetry.listen: tcp://a:7 is also an address for clients; give it another port\n");
  EXPECT_EQ(Served({"serve", "--config", path_, "--listen", "a:7", "--telemetry", "off"}).listen[0].port, 7);
}

TEST_F(CommandLineFileTest, AConflictNeverPointsAtWhatAFlagReplaced) {
  Write("telemetry: {listen: a:7}\nlisten: b:1\n");
  EXPECT_EQ(Refusal({"serve", "--config", path_, "--telemetry", "b:1"}),
            "herdgate: " + path_ +
                ":2:9: telemetry.listen: tcp://b:1 is also an address for clients; give it another port\n");
}

TEST_F(CommandLineFileTest, AnUnreadableConfigIsOneLine) {
  EXPECT_EQ(Refusal({"serve", "--config", path_}),
            "herdgate: " + path_ + ": cannot read the file: No such file or directory\n");
  EXPECT_EQ(Refusal({"check", path_}), "herdgate: " + path_ + ": cannot read the file: No such file or directory\n");
  EXPECT_EQ(Refusal({"serve", "--config", ""}), "herdgate: the configuration file has no name\n");
}

TEST_F(CommandLineFileTest, CheckPrintsOneLineForAGoodFile) {
  Write("loops: 1\n");
  const CommandLine line = Parse({"check", path_});
  EXPECT_EQ(line.action, Action::kExit);
  EXPECT_EQ(line.exit_code, 0);
  EXPECT_EQ(line.out, path_ + ": OK\n");
  EXPECT_EQ(line.err, "");
}

TEST_F(CommandLineFileTest, CheckPrintsEveryProblemWithItsPosition) {
  Write("loops: 0\nlog: {level: loud}\n");
  EXPECT_EQ(Refusal({"check", path_}), path_ + ":1:8: loops: expected auto or a whole number from 1 to 64\n" + path_ +
                                           ":2:14: log.level: expected one of debug, info, warn, error\n");
  Write("listen: [a:1, a:1]\n");
  EXPECT_EQ(Refusal({"check", path_}), path_ + ":1:9: listen: tcp://a:1 is given twice; keep one\n");
}

TEST_F(CommandLineFileTest, BumpTakesTheFileAndThePolicy) {
  Write("upstream: {url: \"redis://elsewhere:7000/2\"}\n");
  const CommandLine line = Parse({"bump", path_, "user"});
  EXPECT_EQ(line.action, Action::kBump) << line.err;
  EXPECT_EQ(line.options.upstream.url.host, "elsewhere");
  EXPECT_EQ(line.policy, "user");
  EXPECT_EQ(line.out + line.err, "");
}

TEST_F(CommandLineFileTest, BumpPrintsTheProblemsOfItsFile) {
  Write("loops: 0\n");
  EXPECT_EQ(Refusal({"bump", path_, "user"}), path_ + ":1:8: loops: expected auto or a whole number from 1 to 64\n");
}

TEST_F(CommandLineFileTest, ExplainPrintsABlockForEachKey) {
  Write("policies: [{name: off, match: 'off:*', mode: off}]\n");
  const CommandLine line = Parse({"explain", path_, "--", "off:1", "other", "-x"});
  EXPECT_EQ(line.exit_code, 0);
  EXPECT_EQ(line.err, "");
  EXPECT_EQ(line.out,
            "off:1\n  policy    off, by the pattern off:*\n  mode      off: every command passes unchanged\n\n"
            "other\n  policy    none: every command passes unchanged\n\n"
            "-x\n  policy    none: every command passes unchanged\n");
}

TEST_F(CommandLineFileTest, ExplainPrintsEveryProblemOfABadFile) {
  Write("loops: 0\n");
  EXPECT_EQ(Refusal({"explain", path_, "k"}), path_ + ":1:8: loops: expected auto or a whole number from 1 to 64\n");
}

TEST(CommandLineTest, VersionIsPrintedByCommandAndFlag) {
  for (const char* argument : {"version", "--version"}) {
    const CommandLine line = Parse({argument});
    EXPECT_EQ(line.action, Action::kExit);
    EXPECT_EQ(line.exit_code, 0);
    EXPECT_EQ(line.out, "herdgate 0.1.0\n");
    EXPECT_EQ(line.err, "");
  }
}

TEST(CommandLineTest, HelpShowsCommandsExamplesAndExitCodes) {
  for (const char* flag : {"-h", "--help"}) {
    const CommandLine line = Parse({flag});
    EXPECT_EQ(line.exit_code, 0);
    EXPECT_EQ(line.err, "");
    for (const char* part :
         {"serve ", "check ", "explain ", "bump ", "version ", "herdgate serve --upstream redis://", "Exit codes: 0"}) {
      EXPECT_NE(line.out.find(part), std::string::npos) << part;
    }
  }
}

TEST(CommandLineTest, ATokenComesWithTheLineThatLetsItIn) {
  const CommandLine line = Parse({"token", "alice", "read,operate"});
  EXPECT_EQ(line.exit_code, 0);
  EXPECT_EQ(line.err, "");
  const std::size_t end = line.out.find('\n');
  const std::string token = line.out.substr(0, end);
  EXPECT_EQ(token.size(), 46U);
  const auto tokens = admin::ParseTokens(line.out.substr(end + 1));
  ASSERT_TRUE(tokens.ok()) << tokens.status().message();
  const admin::Token* const found = admin::FindToken(tokens.value(), token);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->name, "alice");
  EXPECT_TRUE(found->scopes.Has(admin::Scope::kOperate));
  EXPECT_NE(Parse({"token", "alice", "read"}).out, Parse({"token", "alice", "read"}).out);
  EXPECT_NE(Refusal({"token", "a/b", "read"}).find("NAME"), std::string::npos);
  EXPECT_NE(Refusal({"token", "alice", "write"}).find("SCOPES"), std::string::npos);
  EXPECT_NE(Refusal({"token", "alice"}).find("SCOPES"), std::string::npos);
}

TEST(CommandLineTest, HelpOfServeShowsEveryFlagOfTheReferencePage) {
  const CommandLine line = Parse({"serve", "--help"});
  EXPECT_EQ(line.exit_code, 0);
  std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "../../../sidecar/config/README.md");
  ASSERT_TRUE(file);
  std::size_t flags = 0;
  std::size_t without = 0;  // options of the file alone
  for (std::string row; std::getline(file, row);) {
    if (row.starts_with("| `") && row.find("` | file only |") != std::string::npos) ++without;
    if (!row.starts_with("| `") || row.find("`--") == std::string::npos) continue;
    const std::size_t start = row.find("`--") + 1;
    const std::string flag = row.substr(start, row.find('`', start) - start);
    EXPECT_NE(line.out.find("  " + flag + " "), std::string::npos) << flag;
    ++flags;
  }
  EXPECT_EQ(flags + without, config::Fields().size());
}

struct RefusalCase {
  const char* name;
  std::vector<std::string> arguments;
  const char* err;
};

void PrintTo(const RefusalCase& refusal, std::ostream* out) {
  *out << refusal.name;
}

class CommandLineRefusalTest : public ::testing::TestWithParam<RefusalCase> {};

TEST_P(CommandLineRefusalTest, IsOneLineAndExitCodeTwo) {
  EXPECT_EQ(Refusal(GetParam().arguments), "herdgate: " + std::string(GetParam().err) + "\n");
}

const RefusalCase kRefusals[] = {
    {"NoCommand", {}, "no command; see herdgate --help"},
    {"MisspeltCommand", {"sevre"}, "unknown command sevre; did you mean serve?"},
    {"UnknownCommand", {"dance"}, "unknown command dance; see herdgate --help"},
    {"SecretAsCommand", {"redis://u:s3cret@h"}, "unknown command; see herdgate --help"},
    {"MisspeltFlag", {"serve", "--lisen", "a:1"}, "unknown flag --lisen; did you mean --listen?"},
    {"UnknownFlag", {"serve", "--zzzzzz"}, "unknown flag --zzzzzz; see herdgate serve --help"},
    {"UnknownFlagWithSecret",
     {"serve", "--upstrem=redis://u:s3cret@h"},
     "unknown flag --upstrem; did you mean --upstream?"},
    {"UnknownShortFlag", {"-x"}, "unknown flag -x; see herdgate --help"},
    {"StrayArgument", {"serve", "redis://u:s3cret@h"}, "unexpected argument; see herdgate serve --help"},
    {"SecondValue", {"serve", "--listen", "a:1", "b:2"}, "unexpected argument; see herdgate serve --help"},
    {"SecondFile", {"check", "a", "b"}, "unexpected argument; see herdgate --help"},
    {"ArgumentOfVersion", {"version", "x"}, "unexpected argument; see herdgate --help"},
    {"FlagBeforeCommand",
     {"--listen", "a:1", "serve"},
     "--listen is a flag of serve and follows it: herdgate serve --listen"},
    {"FlagOfAnotherCommand",
     {"check", "--loops", "1", "f"},
     "--loops is a flag of serve and follows it: herdgate serve --loops"},
    {"VersionBehindServe", {"serve", "--version"}, "--version stands alone: herdgate --version"},
    {"CheckWithoutFile", {"check"}, "check needs the FILE to read"},
    {"ExplainWithoutFile", {"explain"}, "explain needs the FILE to read and at least one KEY"},
    {"ExplainWithoutKey", {"explain", "f"}, "explain needs the FILE to read and at least one KEY"},
    {"MisspeltExplain", {"explian", "f", "k"}, "unknown command explian; did you mean explain?"},
    {"BumpWithoutFile", {"bump"}, "bump needs the FILE to read and the name of a POLICY in it"},
    {"BumpWithoutPolicy", {"bump", "f"}, "bump needs the FILE to read and the name of a POLICY in it"},
    {"BumpOfTwo", {"bump", "f", "a", "b"}, "unexpected argument; see herdgate --help"},
    {"FlagWithoutValue", {"serve", "--listen"}, "--listen needs exactly one value"},
    {"SingleFlagWithoutValue", {"serve", "--loops"}, "--loops needs exactly one value"},
    {"ConfigWithoutValue", {"serve", "--config"}, "--config needs exactly one value"},
    {"SingleFlagTwice", {"serve", "--loops", "1", "--loops", "2"}, "--loops needs exactly one value"},
    {"ConfigTwice", {"serve", "--config", "a", "--config", "b"}, "--config needs exactly one value"},
    {"BadUrl",
     {"serve", "--upstream", "redis://u:s3/cret@h"},
     "--upstream: an '@' stands after '/', '?' or '#'; in a user or password write these as %40, %2F, %3F and %23"},
    {"EmptyUrl", {"serve", "--upstream", ""}, "--upstream: an upstream URL starts with redis://, unix:// or memory://"},
    {"BadListen", {"serve", "--listen", "6380"}, "--listen: the port is missing; write host:port"},
    {"NegativeNumber", {"serve", "--loops", "-1"}, "--loops: expected auto or a whole number from 1 to 64"},
    {"UpstreamIsTheSidecar",
     {"serve", "--listen", "127.0.0.1:6379"},
     "upstream.url: redis://127.0.0.1:6379 is an address that the sidecar itself listens on"},
};

INSTANTIATE_TEST_SUITE_P(All, CommandLineRefusalTest, ::testing::ValuesIn(kRefusals),
                         [](const auto& made) { return std::string(made.param.name); });

}  // namespace
}  // namespace herdgate::app
