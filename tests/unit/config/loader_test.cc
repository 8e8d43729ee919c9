#include "sidecar/config/loader.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "sidecar/config/fields.h"
#include "sidecar/config/read_file.h"

namespace herdgate::config {
namespace {

using std::chrono::milliseconds;

// Every problem of `text`, one a line.
std::string Problems(const std::string& text) {
  std::string out;
  for (const Problem& problem : LoadText(text, "c.yaml").problems) out += problem.ToString() + "\n";
  return out;
}

std::string Conflicts(const std::string& text) {
  const Loaded loaded = LoadText(text, "c.yaml");
  EXPECT_TRUE(loaded.problems.empty()) << Problems(text);
  std::string out;
  for (const Problem& problem : FindConflicts(loaded)) out += problem.ToString() + "\n";
  return out;
}

Options Good(const std::string& text) {
  EXPECT_EQ(Problems(text), "");
  return LoadText(text, "c.yaml").options;
}

TEST(LoaderTest, EveryOptionIsRead) {
  const Options o = Good(R"(
listen: [tcp://0.0.0.0:6380, unix:///run/herdgate/redis.sock]
upstream: {url: "redis://bob:s3cret@redis:7000/3", timeout: 500ms}
telemetry: {listen: "0.0.0.0:9638"}
loops: 3
limits:
  max_clients: 20000
  max_dedicated: 50
  client_output_limit: 256MiB
memory: {max_bytes: 1GiB}
near: {max_bytes: 2GiB}
offline: {max_deletes: 7, max_bytes: 2MiB}
shutdown: {delay: 4s, drain: 5s}
log: {level: warn, format: json}
)");
  ASSERT_EQ(o.listen.size(), 2U);
  EXPECT_EQ(o.listen[0].ToString(), "tcp://0.0.0.0:6380");
  EXPECT_EQ(o.listen[1].ToString(), "unix:///run/herdgate/redis.sock");
  EXPECT_EQ(o.upstream.url.ToString(), "redis://bob:***@redis:7000/3");
  EXPECT_EQ(o.upstream.url.password, "s3cret");
  EXPECT_EQ(o.upstream.timeout, milliseconds(500));
  EXPECT_EQ(o.telemetry.listen->ToString(), "tcp://0.0.0.0:9638");
  EXPECT_EQ(o.loops, 3U);
  EXPECT_EQ(o.limits.max_clients, 20000U);
  EXPECT_EQ(o.limits.max_dedicated, 50U);
  EXPECT_EQ(o.limits.client_output_limit, 256U << 20U);
  EXPECT_EQ(o.memory.max_bytes, 1U << 30U);
  EXPECT_EQ(o.near.max_bytes, std::uint64_t{2} << 30U);
  EXPECT_EQ(o.offline.max_deletes, 7U);
  EXPECT_EQ(o.offline.max_bytes, 2U << 20U);
  EXPECT_EQ(o.shutdown.delay, milliseconds(4000));
  EXPECT_EQ(o.shutdown.drain, milliseconds(5000));
  EXPECT_EQ(o.log.level, base::LogLevel::kWarn);
  EXPECT_EQ(o.log.format, base::LogFormat::kJson);
}

TEST(LoaderTest, WhatIsNotGivenKeepsItsDefault) {
  for (const char* text : {"", "# nothing\n", "---\n", "~", "{}", "loops: auto\n", "\xef\xbb\xbfloops: auto\r\n"}) {
    const Options o = Good(text);
    ASSERT_EQ(o.listen.size(), 1U);
    EXPECT_EQ(o.listen[0].ToString(), "tcp://127.0.0.1:6380");
    EXPECT_EQ(o.upstream.url.ToString(), "redis://127.0.0.1:6379");
    EXPECT_EQ(o.upstream.timeout, milliseconds(2000));
    EXPECT_EQ(o.telemetry.listen->ToString(), "tcp://127.0.0.1:9638");
    EXPECT_EQ(o.loops, std::nullopt);
    EXPECT_EQ(o.limits.max_clients, 10000U);
    EXPECT_EQ(o.limits.max_dedicated, 1000U);
    EXPECT_EQ(o.limits.client_output_limit, 1U << 30U);
    EXPECT_EQ(o.memory.max_bytes, 64U << 20U);
    EXPECT_EQ(o.shutdown.delay, milliseconds(0));
    EXPECT_EQ(o.shutdown.drain, milliseconds(1500));
    EXPECT_EQ(o.log.level, base::LogLevel::kInfo);
    EXPECT_EQ(o.log.format, base::LogFormat::kAuto);
  }
}

TEST(LoaderTest, OneListenAddressNeedsNoList) {
  const Options o = Good("listen: '[::1]:7000'\n");
  ASSERT_EQ(o.listen.size(), 1U);
  EXPECT_EQ(o.listen[0].ToString(), "tcp://[::1]:7000");
}

TEST(LoaderTest, TelemetryCanBeOff) {
  EXPECT_EQ(Good("telemetry: {listen: off}").telemetry.listen, std::nullopt);
}

TEST(LoaderTest, AliasesAreRead) {
  const Options o = Good("upstream: {timeout: &t 3s}\nshutdown: {drain: *t}\n");
  EXPECT_EQ(o.shutdown.drain, milliseconds(3000));
}

TEST(LoaderTest, GivenSaysWhereEachKeyStands) {
  const Loaded loaded = LoadText("loops: 2\nlog:\n  level: info\n", "c.yaml");
  ASSERT_EQ(loaded.given.size(), 2U);
  EXPECT_EQ(loaded.given.at("loops").line, 1);
  EXPECT_EQ(loaded.given.at("log.level").line, 3);
  EXPECT_EQ(loaded.given.at("log.level").column, 10);
}

struct BadCase {
  const char* name;
  std::string text;
  const char* problems;
};

void PrintTo(const BadCase& bad, std::ostream* out) {
  *out << bad.name;
}

class LoaderBadTest : public ::testing::TestWithParam<BadCase> {};

TEST_P(LoaderBadTest, SaysWhatWhereAndWhatToDo) {
  EXPECT_EQ(Problems(GetParam().text), GetParam().problems);
}

const BadCase kBadCases[] = {
    {"UnknownKeyNearAKnownOne", "loops: 2\nlisen: a:1\n", "c.yaml:2:1: lisen: unknown key; did you mean listen?\n"},
    {"UnknownKeyInASection", "upstream:\n  timout: 2s\n",
     "c.yaml:2:3: upstream.timout: unknown key; did you mean timeout?\n"},
    {"UnknownKeyInAFlowSection", "log: {level: info, fromat: json}\n",
     "c.yaml:1:20: log.fromat: unknown key; did you mean format?\n"},
    {"KeyOfASectionAtTheTop", "max_clients: 5\n",
     "c.yaml:1:1: max_clients: unknown key; did you mean limits.max_clients?\n"},
    {"NoRememberedDeletes", "offline: {max_deletes: 0}\n",
     "c.yaml:1:24: offline.max_deletes: expected a whole number from 1 to 10000000\n"},
    {"TooFewBytesForDeletes", "offline: {max_bytes: 1KiB}\n",
     "c.yaml:1:22: offline.max_bytes: expected a size from 1MiB to 1TiB, in bytes or with a unit: KiB, MiB, GiB or "
     "TiB\n"},
    {"OptionOfAPolicyInTheProcess", "offline: {reads: miss}\n",
     "c.yaml:1:11: offline.reads: unknown key; known here: max_deletes, max_bytes\n"},
    {"UnknownKeyNearNothing", "memory:\n  zzz: 1\n", "c.yaml:2:3: memory.zzz: unknown key; known here: max_bytes\n"},
    {"UnknownTopKeyNearNothing", "zzzzzz: 1\n",
     "c.yaml:1:1: zzzzzz: unknown key; known here: listen, upstream, telemetry, admin, loops, limits, memory, near, "
     "offline, shutdown, log, policies\n"},
    {"PoliciesMisspelt", "polices: []\n", "c.yaml:1:1: polices: unknown key; did you mean policies?\n"},
    {"AdminListensOnNoSocketFile", "admin: {listen: \"unix:///a\"}\n",
     "c.yaml:1:17: admin.listen: expected host:port or off: the port is not a number from 0 to 65535\n"},
    {"AdminMisspelt", "admin:\n  token_file: /t\n",
     "c.yaml:2:3: admin.token_file: unknown key; did you mean tokens_file?\n"},
    {"AllowedHostWithAPort", "admin:\n  allowed_hosts: [ops.example.com, \"ops:80\"]\n",
     "c.yaml:2:36: admin.allowed_hosts: expected a name or an address without a port, like ops.example.com\n"},
    {"TokensFileWithoutAPath", "admin: {tokens_file: \"\"}\n",
     "c.yaml:1:22: admin.tokens_file: expected the path of a file\n"},
    {"MergeKeyIsUnknown", "<<: {loops: 2}\n", "c.yaml:1:1: unknown key\n"},
    {"UrlInThePlaceOfAKey", "upstream: {redis://u:s3cret@h}\n", "c.yaml:1:12: upstream: unknown key\n"},
    {"KeyWithALineBreak", "\"a\\nb\": 1\n", "c.yaml:1:1: unknown key\n"},
    {"UrlTwiceInThePlaceOfAKey", "redis://u:s3cret@h: 1\nredis://u:s3cret@h: 1\n",
     "c.yaml:1:1: unknown key\nc.yaml:2:1: unknown key\n"},
    {"KeyIsAList", "? [a]\n: b\n", "c.yaml:1:3: a key must be a plain name\n"},
    {"DuplicateKey", "loops: 1\nlog: {level: info}\nloops: 2\n",
     "c.yaml:3:1: loops: this key stands already in line 1; keep one\n"},
    {"DuplicateKeyInASection", "log:\n  level: info\n  level: warn\n",
     "c.yaml:3:3: log.level: this key stands already in line 2; keep one\n"},
    {"DuplicateSection", "log: {level: info}\nlog: {format: json}\n",
     "c.yaml:2:1: log: this key stands already in line 1; keep one\n"},
    {"SectionIsAScalar", "upstream: redis://u:s3cret@h\n",
     "c.yaml:1:11: upstream: expected a mapping, like upstream: {url: ...}\n"},
    {"SectionIsAList", "log:\n  - info\n", "c.yaml:2:3: log: expected a mapping, like log: {level: ...}\n"},
    {"SectionIsEmpty", "telemetry:\nloops: 1\n",
     "c.yaml:1:1: telemetry: expected a mapping, like telemetry: {listen: ...}\n"},
    {"ScalarIsAMap", "loops: {a: 1}\n", "c.yaml:1:8: loops: expected a single value\n"},
    {"ScalarIsAList", "upstream: {timeout: [2s]}\n", "c.yaml:1:21: upstream.timeout: expected a single value\n"},
    {"ScalarIsEmpty", "log:\n  level:\n  format: json\n", "c.yaml:2:3: log.level: the value is missing\n"},
    {"ScalarIsTilde", "loops: ~\n", "c.yaml:1:1: loops: the value is missing\n"},
    {"AliasOfItself", "upstream: &a {url: *a}\n", "c.yaml:1:11: upstream.url: expected a single value\n"},
    {"ListenIsAMap", "listen: {a: 1}\n", "c.yaml:1:9: listen: expected a text or a list of texts\n"},
    {"ListenIsEmpty", "listen: []\n",
     "c.yaml:1:9: listen: the list is empty; give at least one, or leave the key out\n"},
    {"ListenInAListOfLists", "listen: [a:1, [b:2]]\n", "c.yaml:1:15: listen: expected a text or a list of texts\n"},
    {"ListenHoldsItself", "listen: &a [*a]\n", "c.yaml:1:9: listen: expected a text or a list of texts\n"},
    {"ListenItemIsBad", "listen:\n  - a:1\n  - b\n  - c:99999\n",
     "c.yaml:3:5: listen: the port is missing; write host:port\n"
     "c.yaml:4:5: listen: the port is not a number from 0 to 65535\n"},
    {"UpstreamSchemeIsLater", "upstream:\n  url: rediss://u:s3cret@h\n",
     "c.yaml:2:8: upstream.url: rediss:// is not available yet; this version has redis://, unix:// and memory://\n"},
    {"UpstreamUrlIsBad", "upstream: {url: 'redis://u:s3cret@h:x'}\n",
     "c.yaml:1:17: upstream.url: the port is not a number from 0 to 65535\n"},
    {"TimeoutOutOfRange", "upstream: {timeout: 5ms}\n",
     "c.yaml:1:21: upstream.timeout: expected a duration from 10ms to 1m, with a unit: ms, s, m or h\n"},
    {"TimeoutWithoutUnit", "upstream: {timeout: 2}\n",
     "c.yaml:1:21: upstream.timeout: expected a duration from 10ms to 1m, with a unit: ms, s, m or h\n"},
    {"BucketsGoDown", "telemetry: {command_buckets: [1ms, 500us]}\n",
     "c.yaml:1:36: telemetry.command_buckets: bounds must go up\n"},
    {"BucketIsNothing", "telemetry:\n  command_buckets: [0us, 1ms]\n",
     "c.yaml:2:21: telemetry.command_buckets: expected a duration from 1us to 1h, with a unit: us, ms or s\n"},
    {"BucketIsWholeSeconds", "telemetry:\n  command_buckets: [1ms, 2000ms]\n",
     "c.yaml:2:26: telemetry.command_buckets: whole seconds are written in two ways; take half a second more or "
     "less\n"},
    {"BucketsTooDense", "telemetry:\n  command_buckets: [1ms, 1.5ms, 1.9ms, 4ms]\n",
     "c.yaml:2:33: telemetry.command_buckets: three bounds within a factor of two; take every other one\n"},
    {"BucketsTooMany",
     "telemetry:\n  command_buckets: [1us, 2us, 4us, 8us, 16us, 32us, 64us, 128us, 256us, 512us, 1024us, 2048us, "
     "4096us, "
     "8192us, 16384us,\n    32768us, 65536us, 131072us, 262144us, 524288us, 1048576us]\n",
     "c.yaml:3:53: telemetry.command_buckets: at most 20 bounds\n"},
    {"NoBuckets", "telemetry: {command_buckets: []}\n",
     "c.yaml:1:30: telemetry.command_buckets: the list is empty; give at least one, or leave the key out\n"},
    {"TelemetryIsFalse", "telemetry: {listen: false}\n",
     "c.yaml:1:21: telemetry.listen: expected host:port or off: the port is missing; write host:port\n"},
    {"LoopsIsZero", "loops: 0\n", "c.yaml:1:8: loops: expected auto or a whole number from 1 to 64\n"},
    {"LoopsIsTooMany", "loops: 65\n", "c.yaml:1:8: loops: expected auto or a whole number from 1 to 64\n"},
    {"LoopsIsOctal", "loops: 010\n", "c.yaml:1:8: loops: expected auto or a whole number from 1 to 64\n"},
    {"MaxClientsIsZero", "limits: {max_clients: 0}\n",
     "c.yaml:1:23: limits.max_clients: expected a whole number from 1 to 1000000\n"},
    {"MaxClientsInScientificNotation", "limits: {max_clients: 1e+06}\n",
     "c.yaml:1:23: limits.max_clients: expected a whole number from 1 to 1000000\n"},
    {"MaxDedicatedIsTooMany", "limits: {max_dedicated: 100001}\n",
     "c.yaml:1:25: limits.max_dedicated: expected a whole number from 1 to 100000\n"},
    {"OutputLimitIsTooSmall", "limits: {client_output_limit: 1KiB}\n",
     "c.yaml:1:31: limits.client_output_limit: expected a size from 1MiB to 1TiB, in bytes or with a unit: KiB, MiB, "
     "GiB or TiB\n"},
    {"MemoryIsInDecimalUnits", "memory: {max_bytes: 64MB}\n",
     "c.yaml:1:21: memory.max_bytes: expected a size from 1MiB to 1TiB, in bytes or with a unit: KiB, MiB, GiB or "
     "TiB\n"},
    {"DrainIsTooLong", "shutdown: {drain: 2h}\n",
     "c.yaml:1:19: shutdown.drain: expected a duration from 0ms to 1h, with a unit: ms, s, m or h\n"},
    {"LevelIsUnknown", "log: {level: INFO}\n", "c.yaml:1:14: log.level: expected one of debug, info, warn, error\n"},
    {"FormatIsUnknown", "log: {format: xml}\n", "c.yaml:1:15: log.format: expected one of auto, text, json\n"},
    {"WholeFileIsAList", "- loops\n", "c.yaml:1:1: expected a mapping of options, like listen: tcp://127.0.0.1:6380\n"},
    {"WholeFileIsAScalar", "\nredis://u:s3cret@h\n",
     "c.yaml:2:1: expected a mapping of options, like listen: tcp://127.0.0.1:6380\n"},
    {"TwoDocuments", "loops: 1\n---\nloops: 2\n",
     "c.yaml:2:1: a second document, or text outside the mapping, starts here; a configuration is one mapping\n"},
    {"LoneComma", ",",
     "c.yaml:1:1: a second document, or text outside the mapping, starts here; a configuration is one mapping\n"},
    {"TextBehindTheMapping", "{loops: 1} x",
     "c.yaml:1:12: a second document, or text outside the mapping, starts here; a configuration is one mapping\n"},
    {"BrokenYaml", "loops: 1\nlisten: [a:1,\n", "c.yaml:3:1: not valid YAML: end of sequence flow not found\n"},
    {"TabAsIndent", "log:\n\tlevel: info\n", "c.yaml:2:7: not valid YAML: illegal map value\n"},
    {"UnknownEscape", "loops: \"\\\n\\q\"\n", "c.yaml:2:3: not valid YAML: unknown escape character\n"},
    {"UnknownAnchor", "loops: *s3cret\n", "c.yaml:1:8: not valid YAML: the referenced anchor is not defined\n"},
    {"AllProblemsAtOnce", "lisen: a:1\nloops: 99\nupstream:\n  url: http://h\n  timeout: 1\nadmin: {x: 1}\nloops: 1\n",
     "c.yaml:1:1: lisen: unknown key; did you mean listen?\n"
     "c.yaml:2:8: loops: expected auto or a whole number from 1 to 64\n"
     "c.yaml:4:8: upstream.url: an upstream URL starts with redis://, unix:// or memory://\n"
     "c.yaml:5:12: upstream.timeout: expected a duration from 10ms to 1m, with a unit: ms, s, m or h\n"
     "c.yaml:6:9: admin.x: unknown key; known here: listen, tokens_file, allowed_hosts, audit_file\n"
     "c.yaml:7:1: loops: this key stands already in line 2; keep one\n"},
};

INSTANTIATE_TEST_SUITE_P(All, LoaderBadTest, ::testing::ValuesIn(kBadCases),
                         [](const auto& made) { return std::string(made.param.name); });

TEST(LoaderTest, DeepNestingIsAProblemAndNotACrash) {
  EXPECT_NE(Problems("loops: " + std::string(200000, '[')).find("c.yaml:1:"), std::string::npos);
  EXPECT_NE(Problems("loops: " + std::string(200000, '{')).find("c.yaml:1:"), std::string::npos);
}

TEST(LoaderTest, NoByteSequenceCrashesItOrBreaksALine) {
  std::uint64_t state = 42;
  const std::string alphabet("ab:-[]{}#&*!|>'\"%@`?, \n\t\\\0\xff\xc3", 29);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (int i = 0; i < 40; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      text += alphabet[(state >> 33U) % alphabet.size()];
    }
    for (const Problem& problem : LoadText(text, "c.yaml").problems) {
      EXPECT_EQ(problem.ToString().find('\n'), std::string::npos) << text;
    }
  }
}

TEST(LoaderConflictsTest, TheDefaultsHaveNone) {
  EXPECT_EQ(Conflicts(""), "");
}

TEST(LoaderConflictsTest, AnAddressIsListenedOnOnce) {
  EXPECT_EQ(Conflicts("listen: [a:1, unix:///x, 'tcp://a:1']\n"),
            "c.yaml:1:9: listen: tcp://a:1 is given twice; keep one\n");
  EXPECT_EQ(Conflicts("listen: [a:0, a:0]\n"), "");
}

TEST(LoaderConflictsTest, TheUpstreamIsNotTheSidecarItself) {
  EXPECT_EQ(Conflicts("listen: h:7000\nupstream: {url: redis://u:s3cret@h:7000}\n"),
            "c.yaml:2:17: upstream.url: redis://u:***@h:7000 is an address that the sidecar itself listens on\n");
  EXPECT_EQ(Conflicts("listen: unix:///x\nupstream: {url: unix:///x}\n"),
            "c.yaml:2:17: upstream.url: unix:///x is an address that the sidecar itself listens on\n");
  EXPECT_EQ(Conflicts("loops: 1\nlisten: 127.0.0.1:6379\n"),
            "c.yaml:2:9: upstream.url: redis://127.0.0.1:6379 is an address that the sidecar itself listens on\n");
  EXPECT_EQ(Conflicts("upstream: {url: memory://}\n"), "");
}

TEST(LoaderConflictsTest, TelemetryNeedsAnAddressOfItsOwn) {
  EXPECT_EQ(
      Conflicts("telemetry: {listen: 127.0.0.1:6380}\n"),
      "c.yaml:1:21: telemetry.listen: tcp://127.0.0.1:6380 is also an address for clients; give it another port\n");
  EXPECT_EQ(Conflicts("listen: a:0\ntelemetry: {listen: a:0}\n"), "");
}

TEST(LoaderConflictsTest, TheHttpApiNeedsAnAddressOfItsOwn) {
  EXPECT_EQ(Conflicts("admin: {listen: 127.0.0.1:6380}\n"),
            "c.yaml:1:17: admin.listen: tcp://127.0.0.1:6380 is also an address for clients; give it another port\n");
  EXPECT_EQ(Conflicts("admin: {listen: 127.0.0.1:9638}\n"),
            "c.yaml:1:17: admin.listen: tcp://127.0.0.1:9638 is also that of telemetry; give it another port\n");
  EXPECT_EQ(Conflicts("admin: {listen: 127.0.0.1:6381}\n"), "");
}

TEST(LoaderConflictsTest, TheHttpApiIsOpenToOthersOnlyWithTokens) {
  EXPECT_EQ(
      Conflicts("admin: {listen: 0.0.0.0:6381}\n"),
      "c.yaml:1:17: admin.listen: tcp://0.0.0.0:6381 can be reached from elsewhere; give a tokens_file, or listen "
      "on 127.0.0.1\n");
  EXPECT_EQ(Conflicts("admin: {listen: 0.0.0.0:6381, tokens_file: /etc/herdgate/tokens}\n"), "");
  EXPECT_EQ(Conflicts("admin: {listen: \"[::1]:6381\"}\n"), "");
  EXPECT_EQ(Conflicts("admin: {tokens_file: /t}\n"),
            "c.yaml:1:22: admin.tokens_file: nothing listens for the tokens; give admin.listen too\n");
}

TEST(LoaderTest, TheHttpApiIsOffUnlessItIsAskedFor) {
  EXPECT_FALSE(Good("").admin.listen);
  const AdminOptions admin =
      Good("admin: {listen: 127.0.0.1:6381, tokens_file: /t, allowed_hosts: [a.b, \"[::2]\"], audit_file: /a}\n").admin;
  EXPECT_EQ(admin.listen->ToString(), "tcp://127.0.0.1:6381");
  EXPECT_EQ(admin.tokens_file, "/t");
  EXPECT_EQ(admin.allowed_hosts, (std::vector<std::string>{"a.b", "[::2]"}));
  EXPECT_EQ(admin.audit_file, "/a");
  EXPECT_EQ(Good("admin: {allowed_hosts: one}\n").admin.allowed_hosts, std::vector<std::string>{"one"});
}

class LoadFileTest : public ::testing::Test {
 protected:
  LoadFileTest() {
    std::string name = (std::filesystem::temp_directory_path() / "loader_test.XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~LoadFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& text) const {
    std::ofstream(folder_ / "herdgate.yaml") << text;
    return (folder_ / "herdgate.yaml").string();
  }
  static std::string Only(const std::string& path) {
    const Loaded loaded = LoadFile(path);
    return loaded.problems.size() == 1 ? loaded.problems[0].ToString() : "not one problem";
  }

  std::filesystem::path folder_;
};

TEST_F(LoadFileTest, ReadsAFileAndNamesItInProblems) {
  EXPECT_EQ(LoadFile(Write("loops: 2\n")).options.loops, 2U);
  const std::string path = Write("loop: 2\n");
  EXPECT_EQ(Only(path), path + ":1:1: loop: unknown key; did you mean loops?");
}

TEST_F(LoadFileTest, AFileThatCannotBeReadIsOneProblem) {
  const std::string missing = (folder_ / "none.yaml").string();
  EXPECT_EQ(Only(missing), missing + ": cannot read the file: No such file or directory");
  EXPECT_EQ(Only(folder_.string()), folder_.string() + ": cannot read the file: Is a directory");
  EXPECT_EQ(Only(""), "the configuration file has no name");
}

TEST_F(LoadFileTest, TheLargestFileIsOneMebibyte) {
  EXPECT_EQ(LoadFile(Write("#" + std::string(kMaxFileBytes - 1, 'x'))).problems.size(), 0U);
  const std::string path = Write("#" + std::string(kMaxFileBytes, 'x'));
  EXPECT_EQ(Only(path), path + ": larger than 1 MiB: surely not a configuration");
}

TEST(FieldsTest, EveryFieldIsFoundByItsKey) {
  for (const Field& field : Fields()) EXPECT_EQ(FindField(field.key), &field);
  EXPECT_EQ(FindField("upstream"), nullptr);
  EXPECT_EQ(FindField(""), nullptr);
}

TEST(FieldsTest, TheReferencePageHasARowForEveryOption) {
  const std::filesystem::path root = std::filesystem::path(__FILE__).parent_path() / "../../..";
  std::ifstream file(root / "sidecar/config/README.md");
  ASSERT_TRUE(file);
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  for (const Field& field : Fields()) {
    EXPECT_NE(page.find("| `" + std::string(field.key) + "` |"), std::string::npos) << field.key;
  }
}

}  // namespace
}  // namespace herdgate::config
