#include "sidecar/app/inject_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sidecar/app/command_line.h"
#include "sidecar/app/memory_budget.h"
#include "sidecar/inject/sidecar_template.h"

namespace herdgate::app {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

CommandLine Parse(Words words) {
  words.insert(words.begin(), "herdgate");
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  return ParseCommandLine(static_cast<int>(argv.size()), argv.data(), "/nowhere");
}

Words Needed(const Words& more = {}) {
  Words words = {"inject", "--tls-cert", "c.pem", "--tls-key", "k.pem", "--image", "herdgate:1"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(InjectCommandTest, DefaultsAreWhatTheHelpSays) {
  const CommandLine line = Parse(Needed());
  ASSERT_EQ(line.action, CommandLine::Action::kInject) << line.err;
  const InjectServerOptions& server = line.inject.server;
  EXPECT_EQ(server.listen.ToString(), "tcp://0.0.0.0:9443");
  EXPECT_EQ(server.tls_cert_file, "c.pem");
  EXPECT_EQ(server.tls_key_file, "k.pem");
  EXPECT_EQ(server.template_file, "");
  ASSERT_TRUE(server.telemetry);
  EXPECT_EQ(server.telemetry->ToString(), "tcp://127.0.0.1:9638");
  EXPECT_EQ(server.injector.pod.image, "herdgate:1");
  EXPECT_EQ(server.injector.pod.policies, "");
  EXPECT_EQ(server.injector.pod.form, inject::Form::kNative);
  EXPECT_TRUE(server.injector.skip_namespaces.empty());
  EXPECT_EQ(line.inject.log_level, base::LogLevel::kInfo);
}

TEST(InjectCommandTest, EachFlagReachesItsOption) {
  const CommandLine line = Parse(
      Needed({"--listen", "[::1]:9000", "--policies", "shop", "--template", "t.yaml", "--mode", "plain", "--telemetry",
              "off", "--log-level", "warn", "--log-format", "json", "--skip-namespace", "a", "--skip-namespace", "b"}));
  ASSERT_EQ(line.action, CommandLine::Action::kInject) << line.err;
  const InjectServerOptions& server = line.inject.server;
  EXPECT_EQ(server.listen.ToString(), "tcp://[::1]:9000");
  EXPECT_EQ(server.template_file, "t.yaml");
  EXPECT_FALSE(server.telemetry);
  EXPECT_EQ(server.injector.pod.policies, "shop");
  EXPECT_EQ(server.injector.pod.form, inject::Form::kPlain);
  EXPECT_EQ(server.injector.skip_namespaces, (Words{"a", "b"}));
  EXPECT_EQ(line.inject.log_level, base::LogLevel::kWarn);
  EXPECT_EQ(line.inject.log_format, base::LogFormat::kJson);
}

TEST(InjectCommandTest, WhatIsMissingIsSaidAllAtOnce) {
  const CommandLine line = Parse({"inject"});
  EXPECT_EQ(line.exit_code, kExitUsage);
  EXPECT_EQ(line.err,
            "herdgate: inject needs --tls-cert\nherdgate: inject needs --tls-key\nherdgate: inject needs --image\n");
}

TEST(InjectCommandTest, AWrongFlagIsOneLineThatNamesIt) {
  const std::pair<Words, const char*> cases[] = {
      {{"--listen", "9443"}, "herdgate: --listen: "},
      {{"--telemetry", "x"}, "herdgate: --telemetry: "},
      {{"--log-level", "loud"}, "herdgate: --log-level: "},
      {{"--mode", "sidecar"}, "herdgate: --mode must be native or plain"},
      {{"--on-mistake", "maybe"}, "herdgate: --on-mistake must be deny or allow"},
      {{"--policies", "Shop"}, "herdgate: --policies must be the name of a ConfigMap"},
      {{"--skip-namespace", "a b"}, "herdgate: --skip-namespace must be a namespace"},
      {{"--polices", "x"}, "did you mean --policies?"},
      {{"--template"}, "herdgate: --template needs exactly one value"},
      {{"stray"}, "unexpected argument; see herdgate inject --help"},
  };
  for (const auto& [words, part] : cases) {
    const CommandLine line = Parse(Needed(words));
    EXPECT_EQ(line.action, CommandLine::Action::kExit);
    EXPECT_EQ(line.exit_code, kExitUsage);
    EXPECT_THAT(line.err, HasSubstr(part));
    EXPECT_EQ(std::count(line.err.begin(), line.err.end(), '\n'), 1) << line.err;
  }
}

// The built-in template belongs to this program: to its flags, its defaults and its probes.
TEST(InjectCommandTest, TheBuiltInSidecarStartsWithItsArguments) {
  const Json sidecar = Json::parse(inject::SidecarTemplate::Default().json());
  const Json& container = sidecar["container"];
  Words words = container["args"];
  ASSERT_EQ(words[1], "--config");
  EXPECT_EQ(words[2], container["volumeMounts"][0]["mountPath"].get<std::string>() + "/herdgate.yaml");
  words.erase(words.begin() + 1, words.begin() + 3);
  const CommandLine line = Parse(words);
  ASSERT_EQ(line.action, CommandLine::Action::kServe) << line.err;
  const auto& listen = line.options.listen;
  ASSERT_EQ(listen.size(), 2U);
  EXPECT_EQ(sidecar["env"][0]["value"], "redis://" + listen[0].ToString().substr(6));
  EXPECT_TRUE(listen[1].path.starts_with(sidecar["volumeMounts"][0]["mountPath"].get<std::string>() + "/"));
  for (const char* const probe : {"startupProbe", "livenessProbe", "readinessProbe"}) {
    EXPECT_EQ(container[probe]["httpGet"]["port"], line.options.telemetry.listen->port) << probe;
  }
  EXPECT_EQ(container["ports"][0]["containerPort"], line.options.telemetry.listen->port);
}

TEST(InjectCommandTest, TheBuiltInMemoryLimitHoldsTheDefaultCaches) {
  const Json container = Json::parse(inject::SidecarTemplate::Default().json())["container"];
  ASSERT_EQ(container["resources"]["limits"]["memory"], "128Mi");
  config::Options options;
  policy::Policy policy;
  policy.mode = policy::Mode::kEnforce;
  policy.near.enabled = true;
  options.policies.push_back(policy);
  EXPECT_EQ(MemoryProblem(options, 128U << 20U), "");
  EXPECT_NE(MemoryProblem(options, 63U << 20U), "");
}

}  // namespace
}  // namespace herdgate::app
