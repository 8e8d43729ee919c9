// Laws of inject::PatchPod over generated pods, and of inject::Injector over damaged documents.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "sidecar/base/log.h"
#include "sidecar/inject/injector.h"
#include "sidecar/inject/pod_patch.h"

namespace herdgate::inject {
namespace {

using Json = nlohmann::json;

// Pods as people and other webhooks make them, with names that often meet those of the sidecar.
class PodMaker {
 public:
  explicit PodMaker(std::uint64_t seed) : random_(seed) {}

  Json Make() {
    Json pod = {{"kind", "Pod"}, {"apiVersion", "v1"}, {"metadata", {{"generateName", "app-"}}}};
    if (Chance(50)) pod["metadata"]["labels"] = {{"app", "x"}};
    if (Chance(95)) pod["metadata"]["annotations"] = Annotations();
    Json spec = {{"containers", Containers(1 + Below(3), false)}};
    if (Chance(50)) spec["initContainers"] = Containers(Below(3), true);
    if (Chance(10)) spec["initContainers"] = nullptr;
    if (Chance(70)) spec["volumes"] = Volumes();
    if (Chance(60)) spec["restartPolicy"] = Pick({"Always", "OnFailure", "Never"});
    if (Chance(5)) spec["hostNetwork"] = true;
    pod["spec"] = spec;
    return pod;
  }

  bool Chance(unsigned percent) { return Below(100) < percent; }
  std::size_t Below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }

 private:
  std::string Pick(const std::vector<std::string>& from) { return from[Below(from.size())]; }

  Json Annotations() {
    Json annotations = Json::object();
    if (Chance(95)) annotations["herdgate.dev/inject"] = Chance(95) ? "true" : "maybe";
    if (Chance(30)) annotations["herdgate.dev/policies"] = Pick({"shop", "a.b", "Bad"});
    if (Chance(30)) annotations["herdgate.dev/mode"] = Pick({"native", "plain"});
    if (Chance(20)) annotations["herdgate.dev/memory-limit"] = Pick({"64Mi", "1G", "much"});
    if (Chance(20)) annotations["herdgate.dev/env"] = Pick({"CACHE_URL", "none", "A"});
    if (Chance(20)) annotations["herdgate.dev/upstream"] = Pick({"redis://r:1", "memory://", "x"});
    if (Chance(10)) annotations["herdgate.dev/other"] = "1";
    return annotations;
  }

  Json Containers(std::size_t count, bool init) {
    Json list = Json::array();
    for (std::size_t i = 0; i < count; ++i) {
      Json container = {{"name", Chance(3) ? "herdgate" : (init ? "init" : "app") + std::to_string(i)},
                        {"image", Pick({"app:1", "host:5000/app", "herdgate-tools:1", "folder/herdgate:1"})}};
      if (Chance(2)) container["image"] = "herdgate@sha256:0";
      if (init && Chance(40)) container["restartPolicy"] = "Always";
      if (Chance(50)) container["env"] = Env();
      if (Chance(50)) container["volumeMounts"] = Mounts();
      if (Chance(10)) container["volumeMounts"] = nullptr;
      if (Chance(30)) container["ports"] = {{{"containerPort", Chance(5) ? 6380 : 8080}}};
      list.push_back(container);
    }
    return list;
  }

  Json Env() {
    Json list = Json::array();
    for (const char* const name : {"A", "REDIS_URL", "CACHE_URL"}) {
      if (Chance(30)) list.push_back({{"name", name}, {"value", "x"}});
    }
    return list;
  }

  Json Mounts() {
    Json list = Json::array();
    for (const char* const path : {"/data", "/run/herdgate", "/etc/herdgate"}) {
      if (Chance(30)) list.push_back({{"name", "data"}, {"mountPath", path}});
    }
    return list;
  }

  Json Volumes() {
    Json list = Json::array();
    if (Chance(80)) list.push_back({{"name", "data"}, {"emptyDir", Json::object()}});
    if (Chance(5))
      list.push_back({{"name", "herdgate-config"}, {"configMap", {{"name", "shop"}, {"defaultMode", 420}}}});
    if (Chance(5)) list.push_back({{"name", "herdgate-socket"}, {"emptyDir", Json::object()}});
    return list;
  }

  std::mt19937_64 random_;
};

PodOptions Options(Form form) {
  return {.image = "herdgate:0.1.0", .policies = "shop", .form = form};
}

Json ListAt(const Json& object, const char* name) {
  return object.contains(name) && object[name].is_array() ? object[name] : Json::array();
}

// Whether all of `part` stands in `whole` in the same order.
bool Keeps(const Json& whole, const Json& part) {
  auto at = whole.begin();
  for (const Json& item : part) {
    at = std::find(at, whole.end(), item);
    if (at == whole.end()) return false;
    ++at;
  }
  return true;
}

bool AreUnique(const Json& list, const char* name) {
  std::set<std::string> seen;
  return std::all_of(list.begin(), list.end(), [&](const Json& item) { return seen.insert(item[name]).second; });
}

// The containers of `after`, without those that `before` doesn't have, are those of `before` with more in two lists.
void ExpectKept(const Json& before, const Json& after) {
  ASSERT_LE(before.size(), after.size());
  const std::size_t added = after.size() - before.size();
  ASSERT_LE(added, 1U);
  for (std::size_t i = 0; i < before.size(); ++i) {
    Json rest = after[i + added];
    for (const auto& [list, name] : {std::pair("env", "name"), std::pair("volumeMounts", "mountPath")}) {
      EXPECT_TRUE(Keeps(ListAt(rest, list), ListAt(before[i], list)));
      EXPECT_TRUE(AreUnique(ListAt(rest, list), name));
      rest.erase(list);
      if (before[i].contains(list)) rest[list] = before[i][list];
    }
    EXPECT_EQ(rest, before[i]);
  }
}

// What the API server's validation would ask of the lists that a patch touches.
void ExpectSound(const Json& before, const Json& after) {
  EXPECT_TRUE(AreUnique(ListAt(after["spec"], "volumes"), "name"));
  EXPECT_TRUE(Keeps(ListAt(after["spec"], "volumes"), ListAt(before["spec"], "volumes")));
  for (const char* const list : {"containers", "initContainers"}) {
    ExpectKept(ListAt(before["spec"], list), ListAt(after["spec"], list));
  }
  const std::size_t added = ListAt(after["spec"], "initContainers").size() + after["spec"]["containers"].size() -
                            ListAt(before["spec"], "initContainers").size() - before["spec"]["containers"].size();
  EXPECT_EQ(added, 1U);
}

TEST(PodPatchPropertyTest, APatchedPodIsSoundAndNeverPatchedAgain) {
  std::size_t injected = 0;
  std::set<Outcome> outcomes;
  const SidecarTemplate sidecar = SidecarTemplate::Default();
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    SCOPED_TRACE(seed);
    const Json pod = PodMaker(seed).Make();
    const PodOptions options = Options(seed % 2 == 0 ? Form::kNative : Form::kPlain);
    const PodPatch first = PatchPod(pod.dump(), sidecar, options);
    outcomes.insert(first.outcome);
    ASSERT_EQ(first.outcome == Outcome::kInjected, !first.patch.empty());
    if (first.outcome != Outcome::kInjected) {
      ASSERT_EQ(first.warnings.empty(), first.outcome == Outcome::kPresent || first.outcome == Outcome::kNotAsked);
      continue;
    }
    ++injected;
    const Json after = pod.patch(Json::parse(first.patch));
    ExpectSound(pod, after);
    const PodPatch second = PatchPod(after.dump(), sidecar, options);
    ASSERT_EQ(second.outcome, Outcome::kPresent);
    ASSERT_EQ(second.patch, "");
    if (testing::Test::HasFailure()) return;
  }
  // The generator reaches what the laws speak of.
  EXPECT_GT(injected, 500U);
  EXPECT_EQ(outcomes, (std::set{Outcome::kInjected, Outcome::kPresent, Outcome::kNotAsked, Outcome::kRefused}));
}

TEST(PodPatchPropertyTest, ADamagedDocumentIsAnErrorOrAnsweredAndADenialSaysWhy) {
  Injector injector({.pod = Options(Form::kNative), .skip_namespaces = {}}, SidecarTemplate::Default());
  base::SetLeastLogLevel(base::LogLevel::kError);
  std::size_t answered = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    PodMaker maker(seed);
    const Json review = {{"kind", "AdmissionReview"},
                         {"apiVersion", "admission.k8s.io/v1"},
                         {"request",
                          {{"uid", "u"},
                           {"kind", {{"group", ""}, {"version", "v1"}, {"kind", "Pod"}}},
                           {"resource", {{"group", ""}, {"version", "v1"}, {"resource", "pods"}}},
                           {"operation", "CREATE"},
                           {"namespace", "shop"},
                           {"object", maker.Make()}}}};
    std::string text = review.dump();
    const std::string instead = "{}[]\":,0n";
    for (std::size_t i = 1 + maker.Below(3); i > 0; --i) text[maker.Below(text.size())] = instead[maker.Below(9)];
    const base::Result<std::string> answer = injector.Review(text);
    if (!answer.ok()) continue;
    ++answered;
    const Json response = Json::parse(answer.value())["response"];
    ASSERT_NE(response["allowed"], response.contains("status")) << seed;
    ASSERT_FALSE(response["allowed"] == false && response.contains("patch")) << seed;
  }
  EXPECT_GT(answered, 500U);
}

}  // namespace
}  // namespace herdgate::inject
