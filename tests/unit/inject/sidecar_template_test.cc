#include "sidecar/inject/sidecar_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace herdgate::inject {
namespace {

using Json = nlohmann::json;

Json Parsed(const std::string& text) {
  const base::Result<SidecarTemplate> parsed = SidecarTemplate::Parse(text);
  if (!parsed.ok()) ADD_FAILURE() << parsed.status().message();
  return parsed.ok() ? Json::parse(parsed.value().json()) : Json();
}

TEST(SidecarTemplateTest, TheBuiltInOneIsOneThatParseTakes) {
  const std::string json = SidecarTemplate::Default().json();
  EXPECT_EQ(Parsed(json), Json::parse(json));
}

TEST(SidecarTemplateTest, YamlMeansTheSameAsJson) {
  const Json json = Parsed(R"({"container": {"name": "herdgate", "args": ["serve"], "ports": [{"containerPort": 9638}],
      "securityContext": {"runAsNonRoot": true, "runAsUser": 65532}}, "env": [{"name": "A", "value": "true"}]})");
  EXPECT_EQ(Parsed(R"(
container:
  name: herdgate
  args: [serve]
  ports:
    - containerPort: 9638
  securityContext: {runAsNonRoot: true, runAsUser: 65532}
env:
  - name: A
    value: "true"
)"),
            json);
}

TEST(SidecarTemplateTest, PlainScalarsHaveTheTypesThatKubernetesGivesThem) {
  const Json container = Parsed(R"(container: {name: x, a: 1, b: "1", c: 1.5, d: 50m, e: 128Mi, f: null, g: ~, h: "",
    i: 'true', j: false, k: -3, l: 0.0.0.0:9638, m: 1.2.3})")["container"];
  EXPECT_EQ(container, Json::parse(R"({"name": "x", "a": 1, "b": "1", "c": 1.5, "d": "50m", "e": "128Mi", "f": null,
    "g": null, "h": "", "i": "true", "j": false, "k": -3, "l": "0.0.0.0:9638", "m": "1.2.3"})"));
}

TEST(SidecarTemplateTest, MembersThatAreMissingAreEmpty) {
  EXPECT_EQ(Parsed("container: {name: x}"),
            Json::parse(R"({"container": {"name": "x"}, "plain": {}, "volumes": [], "env": [], "volumeMounts": []})"));
}

TEST(SidecarTemplateTest, WhatIsWrongIsNamed) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "no YAML or JSON object"},
      {"[1", "neither YAML nor JSON"},
      {"- container", "no YAML or JSON object"},
      {"{}", "container must be an object with a name"},
      {"container: {image: x}", "container must be an object with a name"},
      {"container: {name: x}\ncontainers: []", "unknown member containers"},
      {"container: {name: x, args: serve}", "container.args must be a list"},
      {"container: {name: x, resources: {limits: 5}}", "container/resources/limits must be an object"},
      {"container: {name: x, ports: 9638}", "container.ports must be a list"},
      {"container: {name: x}\nvolumes: {}", "volumes must be a list"},
      {"container: {name: x}\nvolumes: [{configMap: {name: y}}]", "each of volumes needs a name"},
      {"container: {name: x}\nvolumeMounts: [{name: y}]", "each of volumeMounts needs a mountPath"},
      {"container: {name: x}\nplain: []", "plain must be an object"},
  };
  for (const auto& [text, part] : cases) {
    const base::Result<SidecarTemplate> parsed = SidecarTemplate::Parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_THAT(parsed.status().message(), testing::HasSubstr(part)) << text;
  }
}

TEST(SidecarTemplateTest, TextThatNestsDeepIsNoDangerToTheStack) {
  const std::string deep = "container: {name: x, a: " + std::string(3000, '[') + std::string(3000, ']') + "}";
  (void)SidecarTemplate::Parse(deep).ok();
  (void)SidecarTemplate::Parse(std::string(100'000, '[')).ok();
}

}  // namespace
}  // namespace herdgate::inject
