#include "sidecar/app/ctl/ctl_command_line.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "sidecar/app/ctl/token_source.h"

namespace herdgate::app {
namespace {

using Verb = CtlRequest::Verb;
using Variables = std::map<std::string, std::string>;

CommandLine Parse(const std::vector<std::string>& arguments, const Variables& variables = {}) {
  std::vector<const char*> argv = {"ctl"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  return ParseCtl(static_cast<int>(argv.size()), argv.data(), [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  });
}

CtlRequest Asked(const std::vector<std::string>& arguments, const Variables& variables = {}) {
  const CommandLine line = Parse(arguments, variables);
  EXPECT_EQ(line.action, CommandLine::Action::kCtl) << line.err;
  EXPECT_EQ(line.err, "");
  return line.ctl;
}

// What is printed on stderr with exit code 2, without the program's name.
std::string Refusal(const std::vector<std::string>& arguments, const Variables& variables = {}) {
  const CommandLine line = Parse(arguments, variables);
  EXPECT_EQ(line.action, CommandLine::Action::kExit);
  EXPECT_EQ(line.exit_code, 2);
  EXPECT_EQ(line.out, "");
  EXPECT_TRUE(line.err.starts_with("herdgate: ")) << line.err;
  EXPECT_EQ(line.err.find('\n'), line.err.size() - 1) << line.err;
  return line.err.substr(10, line.err.size() - 11);
}

TEST(CtlCommandLineTest, AddressComesFromTheFlagThenTheEnvironmentThenTheDefault) {
  EXPECT_EQ(Asked({"status"}).url.ToString(), "http://127.0.0.1:6381");
  EXPECT_EQ(Asked({"status"}, {{"HERDGATE_URL", "http://e:1"}}).url.ToString(), "http://e:1");
  EXPECT_EQ(Asked({"status", "--url", "http://[::1]:2/x/"}, {{"HERDGATE_URL", "http://e:1"}}).url.ToString(),
            "http://[::1]:2/x");
}

TEST(CtlCommandLineTest, AWrongAddressIsOneSentenceThatDoesNotRepeatIt) {
  EXPECT_EQ(Refusal({"status", "--url", "https://h:1"}),
            "--url must begin with http://: the HTTP API is plain HTTP, for loopback or the pod's own network");
  EXPECT_EQ(Refusal({"status"}, {{"HERDGATE_URL", "http://x:hg_secret@h:1"}}),
            "HERDGATE_URL must not hold a name or a token: use --token-file or HERDGATE_TOKEN");
  for (const char* const url : {"h:1", "http://", "http://h:0", "http://h:65536", "http://h:1x", "http://[::1",
                                "http://h h:1", "http://h:1/a?b", "redis://h:1"}) {
    EXPECT_TRUE(Refusal({"status", "--url", url}).starts_with("--url ")) << url;
  }
}

TEST(CtlCommandLineTest, ATokenOnTheCommandLineIsRefusedAndNotRepeated) {
  const std::string sentence =
      "a token on the command line is seen by every user of this host: use --token-file or HERDGATE_TOKEN";
  EXPECT_EQ(Refusal({"status", "--token", "hg_secret"}), sentence);
  EXPECT_EQ(Refusal({"--token=hg_secret", "status"}), sentence);
}

TEST(CtlCommandLineTest, EveryMistakeIsOneLineWithTheNearestName) {
  EXPECT_EQ(Refusal({}), "ctl needs a command; see herdgate ctl --help");
  EXPECT_EQ(Refusal({"staus"}), "unknown command staus; did you mean status?");
  EXPECT_EQ(Refusal({"status", "--jsn"}), "unknown flag --jsn; did you mean --json?");
  EXPECT_EQ(Refusal({"status", "--hard"}), "ctl status takes no --hard");
  EXPECT_EQ(Refusal({"status", "--qqqqq=hg_secret"}), "unknown flag --qqqqq; see herdgate ctl status --help");
  EXPECT_EQ(Refusal({"status", "x"}), "status takes flags only; see herdgate ctl --help");
  EXPECT_EQ(Refusal({"invalidate", "prefx", "a"}), "invalidate knows no such kind; did you mean prefix?");
  EXPECT_EQ(Refusal({"jobs", "pasue", "j"}), "jobs can't do that; did you mean pause?");
  EXPECT_EQ(Refusal({"top", "--limit", "0"}), "--limit must be a whole number from 1 to 100");
  EXPECT_EQ(Refusal({"top", "--limit"}), "--limit needs exactly one value");
  EXPECT_EQ(Refusal({"invalidate", "everything", "--rate", "fast"}), "--rate must be a whole number from 1 to 1000000");
  EXPECT_EQ(Refusal({"invalidate", "everything", "--scope", "all"}), "--scope must be near, upstream or both");
  EXPECT_EQ(Refusal({"invalidate", "everything", "--hard", "--soft"}), "--hard and --soft exclude each other");
}

TEST(CtlCommandLineTest, EachCommandNeedsItsWords) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"invalidate"},
                                             {"invalidate", "key"},
                                             {"invalidate", "prefix"},
                                             {"invalidate", "prefix", "a", "b"},
                                             {"invalidate", "prefix", ""},
                                             {"invalidate", "everything", "a"},
                                             {"invalidate", "key", "a\\q"},
                                             {"invalidate", "key", ""},
                                             {"invalidate", "tag", "\xff"},
                                             {"inspect"},
                                             {"inspect", "a", "b"},
                                             {"jobs", "pause"},
                                             {"jobs", "pause", "../x"},
                                             {"jobs", "a", "b", "c"},
                                             {"jobs", "a/b"},
                                             {"bump"},
                                             {"bump", "a/b"},
                                             {"bypass", "on"},
                                             {"bypass", "on", "0"},
                                             {"bypass", "on", "3601"},
                                             {"bypass", "maybe"},
                                             {"bypass", "off", "--policy", "p"}}) {
    EXPECT_NE(Refusal(words), "");
  }
}

TEST(CtlCommandLineTest, KeysAreBytes) {
  const CtlRequest one =
      Asked({"invalidate", "key", R"(a\x00\\)", "--hard", "--scope", "near", "--rate", "9", "--yes"});
  EXPECT_EQ(one.verb, Verb::kInvalidate);
  EXPECT_EQ(one.kind, "key");
  EXPECT_EQ(one.targets, (std::vector<std::string>{std::string("a\0\\", 3)}));
  EXPECT_TRUE(one.hard && one.yes);
  EXPECT_EQ(one.scope, "near");
  EXPECT_EQ(one.rate, 9U);
  EXPECT_EQ(Asked({"invalidate", "key", "a", "b"}).kind, "keys");
  EXPECT_EQ(Asked({"inspect", "--", "--json"}).key, "--json");
}

TEST(CtlCommandLineTest, TargetsAreTakenAsTheyAre) {
  EXPECT_EQ(Asked({"invalidate", "pattern", "[ab]"}).targets[0], "[ab]");
  EXPECT_EQ(Asked({"invalidate", "pattern", "[a,b]"}).targets[0], "[a,b]");
  EXPECT_EQ(Asked({"invalidate", "pattern", R"(user:\*)"}).targets[0], R"(user:\*)");
  EXPECT_EQ(Asked({"invalidate", "policy", "status"}).targets[0], "status");
  EXPECT_EQ(Asked({"invalidate", "key", "top"}).targets[0], "top");
  EXPECT_EQ(Asked({"invalidate", "prefix", "--", "--yes"}).targets[0], "--yes");
  EXPECT_FALSE(Asked({"invalidate", "prefix", "--", "--yes"}).yes);
  EXPECT_EQ(Asked({"bypass", "on", "60", "--policy", "[a]", "--policy", "b"}).policies,
            (std::vector<std::string>{"[a]", "b"}));
}

TEST(CtlCommandLineTest, JobsAndBypassReadTheirVerbs) {
  EXPECT_EQ(Asked({"jobs"}).verb, Verb::kJobs);
  EXPECT_EQ(Asked({"jobs", "j-1"}).verb, Verb::kJob);
  EXPECT_EQ(Asked({"jobs", "cancel", "j-1"}).verb, Verb::kCancel);
  EXPECT_EQ(Asked({"jobs", "report", "j-1", "--json"}).job, "j-1");
  EXPECT_EQ(Asked({"bypass"}).verb, Verb::kBypass);
  EXPECT_EQ(Asked({"bypass", "off"}).verb, Verb::kBypassOff);
  EXPECT_EQ(Asked({"bypass", "on", "60"}).seconds, 60U);
  const CtlRequest bump = Asked({"bump", "page", "--yes"});
  EXPECT_EQ(bump.verb, Verb::kBump);
  EXPECT_EQ(bump.kind, "policy");
  EXPECT_TRUE(bump.hard);
}

TEST(CtlCommandLineTest, HelpIsOfTheCommandThatIsAskedFor) {
  EXPECT_NE(Parse({"--help"}).out.find("herdgate ctl invalidate prefix user:"), std::string::npos);
  const CommandLine invalidate = Parse({"invalidate", "--help"});
  EXPECT_EQ(invalidate.exit_code, 0);
  EXPECT_NE(invalidate.out.find("--scope"), std::string::npos);
}

class TokenSourceTest : public ::testing::Test {
 protected:
  TokenSourceTest() {
    std::string name = (std::filesystem::temp_directory_path() / "token_source_test.XXXXXX").string();
    folder_ = mkdtemp(name.data());
    std::filesystem::create_directories(folder_ / "herdgate");
  }
  ~TokenSourceTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text, mode_t mode) const {
    const std::string path = (folder_ / name).string();
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }
  CtlRequest Ask(const std::vector<std::string>& more = {}, Variables variables = {}) const {
    std::vector<std::string> arguments = {"status"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    variables["XDG_STATE_HOME"] = folder_.string();
    return Asked(arguments, variables);
  }

  std::filesystem::path folder_;
};

TEST_F(TokenSourceTest, TheFlagWinsThenTheEnvironmentThenTheFileOfRunSh) {
  Write("herdgate/token", "from-run\n", 0600);
  const std::string file = Write("given", " from-file \nmore\n", 0644);
  EXPECT_EQ(FindCtlToken(Ask()).value(), "from-run");
  EXPECT_EQ(FindCtlToken(Ask({}, {{"HERDGATE_TOKEN", "from-environment"}})).value(), "from-environment");
  EXPECT_EQ(FindCtlToken(Ask({"--token-file", file}, {{"HERDGATE_TOKEN", "e"}})).value(), "from-file");
  EXPECT_EQ(Asked({"status"}, {{"HOME", "/h"}}).default_token, "/h/.local/state/herdgate/token");
  EXPECT_EQ(Asked({"status"}, {{"HOME", "/h"}, {"XDG_STATE_HOME", "x"}}).default_token,
            "/h/.local/state/herdgate/token");
  EXPECT_EQ(Asked({"status"}).default_token, "");
}

TEST_F(TokenSourceTest, TheFileOfRunShIsNotUsedIfOthersMayReadIt) {
  Write("herdgate/token", "from-run\n", 0640);
  EXPECT_EQ(FindCtlToken(Ask()).value(), "");
}

TEST_F(TokenSourceTest, TheFileOfRunShIsSentToThisMachineAlone) {
  Write("herdgate/token", "from-run\n", 0600);
  for (const char* const url : {"http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "http://127.1.2.3"}) {
    EXPECT_EQ(FindCtlToken(Ask({"--url", url})).value(), "from-run") << url;
  }
  for (const char* const url : {"http://10.0.0.1:1", "http://redis", "http://127.0.0.1.example.com", "http://[::2]"}) {
    EXPECT_EQ(FindCtlToken(Ask({"--url", url})).value(), "") << url;
  }
}

TEST_F(TokenSourceTest, WhatIsNoTokenIsRefusedWithoutRepeatingIt) {
  for (const char* const text : {"", "\n", "two words\n", "line\x01\n", "\xc3\xa9\n"}) {
    const auto token = FindCtlToken(Ask({"--token-file", Write("given", text, 0600)}));
    ASSERT_FALSE(token.ok()) << text;
    EXPECT_EQ(token.status().message().find("words"), std::string::npos);
  }
  EXPECT_FALSE(FindCtlToken(Ask({"--token-file", (folder_ / "missing").string()})).ok());
  EXPECT_FALSE(FindCtlToken(Ask({}, {{"HERDGATE_TOKEN", "a\r\nb"}})).ok());
}

}  // namespace
}  // namespace herdgate::app
