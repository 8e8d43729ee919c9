#include "sidecar/inject/injector.h"

#include <gmock/gmock.h>

#include <map>
#include <utility>

#include "tests/unit/inject/review_files.h"

namespace herdgate::inject {
namespace {

using testing::HasSubstr;

TEST(InjectorTest, APodOfADeploymentGetsTheSidecarAsItsFirstInitContainer) {
  const Json pod = Stored("deployment");
  const Json before = ReadReview("deployment")["request"]["object"];
  ASSERT_EQ(pod["spec"]["initContainers"].size(), 1U);
  const Json& sidecar = pod["spec"]["initContainers"][0];
  EXPECT_EQ(sidecar["name"], "herdgate");
  EXPECT_EQ(sidecar["image"], "herdgate:0.1.0");
  EXPECT_EQ(sidecar["restartPolicy"], "Always");
  EXPECT_TRUE(sidecar.contains("startupProbe"));
  EXPECT_FALSE(sidecar.contains("lifecycle"));
  EXPECT_EQ(NamedIn(pod["spec"]["volumes"], "herdgate-config")["configMap"]["name"], "shop-policies");
  EXPECT_TRUE(NamedIn(pod["spec"]["volumes"], "herdgate-socket").contains("emptyDir"));
  const Json& app = pod["spec"]["containers"][0];
  EXPECT_EQ(NamedIn(app["env"], "REDIS_URL")["value"], "redis://127.0.0.1:6380");
  EXPECT_EQ(app["env"][1], before["spec"]["containers"][0]["env"][0]);
  EXPECT_EQ(NamedIn(app["volumeMounts"], "herdgate-socket")["mountPath"], "/run/herdgate");
}

TEST(InjectorTest, NothingElseOfThePodChanges) {
  Json pod = Stored("deployment");
  Json before = ReadReview("deployment")["request"]["object"];
  EXPECT_EQ(pod["metadata"]["labels"].at("herdgate.dev/sidecar"), "true");
  pod["metadata"]["labels"].erase("herdgate.dev/sidecar");
  pod["spec"].erase("initContainers");
  for (int i = 0; i < 3; ++i) pod["spec"]["volumes"].erase(1);
  pod["spec"]["containers"][0]["env"].erase(0);
  pod["spec"]["containers"][0]["volumeMounts"].erase(1);
  EXPECT_EQ(pod, before);
}

TEST(InjectorTest, TheAnswerIsAnAdmissionReviewOfTheSameUid) {
  const Json answer = Ask(ReadReview("deployment"));
  EXPECT_EQ(answer["apiVersion"], "admission.k8s.io/v1");
  EXPECT_EQ(answer["kind"], "AdmissionReview");
  EXPECT_EQ(answer["response"]["uid"], "a3f7f1a2-63a1-49a5-8d7e-0f0c9b6a1d01");
  EXPECT_EQ(answer["response"]["allowed"], true);
  EXPECT_FALSE(answer["response"].contains("warnings"));
  EXPECT_EQ(answer["response"]["auditAnnotations"]["outcome"], "injected");
}

TEST(InjectorTest, ADryRunIsAnsweredAsTheRealRequestIs) {
  EXPECT_EQ(Ask(ReadReview("dry_run"))["response"]["patch"], Ask(ReadReview("deployment"))["response"]["patch"]);
}

TEST(InjectorTest, APodOfAJobGetsANativeSidecarThatDoesNotHoldIt) {
  const Json pod = Stored("job");
  EXPECT_EQ(pod["spec"]["initContainers"][0]["restartPolicy"], "Always");
  EXPECT_EQ(pod["spec"]["containers"].size(), 1U);
  EXPECT_EQ(NamedIn(pod["spec"]["volumes"], "herdgate-config")["configMap"]["name"], "default-policies");
}

TEST(InjectorTest, APlainSidecarWouldHoldAJobSoItHasToBeAskedFor) {
  InjectorOptions plain = TestOptions();
  plain.pod.form = Form::kPlain;
  Json review = ReadReview("job");
  EXPECT_THAT(Denied(Ask(review, plain)), HasSubstr("restartPolicy OnFailure"));
  review["request"]["object"]["metadata"]["annotations"]["herdgate.dev/mode"] = "plain";
  const Json pod = Patched(review["request"]["object"], Ask(review, plain));
  EXPECT_EQ(pod["spec"]["containers"][0]["name"], "herdgate");
  EXPECT_TRUE(pod["spec"]["containers"][1].contains("env"));
  EXPECT_FALSE(pod["spec"].contains("initContainers"));
}

TEST(InjectorTest, ABarePodWithoutAnyListGetsAllOfThem) {
  const Json pod = Stored("bare");
  EXPECT_EQ(pod["spec"]["initContainers"].size(), 1U);
  EXPECT_EQ(pod["spec"]["volumes"].size(), 3U);
  EXPECT_EQ(pod["spec"]["containers"][0]["env"].size(), 1U);
  EXPECT_EQ(pod["spec"]["containers"][0]["volumeMounts"].size(), 1U);
}

TEST(InjectorTest, StandsBeforeOtherInitContainersAndKeepsWhatTheAppHas) {
  const Json pod = Stored("with_init_and_volumes");
  std::vector<std::string> inits;
  for (const Json& container : pod["spec"]["initContainers"]) inits.push_back(container["name"]);
  EXPECT_THAT(inits, testing::ElementsAre("herdgate", "migrate", "mesh"));
  const Json& api = pod["spec"]["containers"][0];
  ASSERT_EQ(api["env"].size(), 1U);
  EXPECT_EQ(api["env"][0]["value"], "redis://redis:6379/2");
  EXPECT_EQ(api["volumeMounts"].size(), 3U);
  // Something of its own is at that path.
  const Json& worker = pod["spec"]["containers"][1];
  EXPECT_EQ(worker["volumeMounts"].size(), 1U);
  EXPECT_EQ(NamedIn(worker["env"], "REDIS_URL")["value"], "redis://127.0.0.1:6380");
  EXPECT_EQ(pod["spec"]["volumes"].size(), 6U);
  // The sidecar stands before it, so it may use it.
  EXPECT_EQ(NamedIn(pod["spec"]["initContainers"][1]["env"], "REDIS_URL")["value"], "redis://127.0.0.1:6380");
}

std::string AnnotationPath(const char* name) {
  return std::string("/request/object/metadata/annotations/herdgate.dev~1") + name;
}

TEST(InjectorTest, AContainerWithAUrlOfItsOwnKeepsItAndIsTold) {
  const Json answer = Ask(ReadReview("with_init_and_volumes"));
  ASSERT_EQ(answer["response"]["warnings"].size(), 1U);
  EXPECT_THAT(answer["response"]["warnings"][0].get<std::string>(), HasSubstr("container api sets REDIS_URL itself"));
}

TEST(InjectorTest, ReplaceEnvPutsTheSidecarInItsPlace) {
  Json review = ReadReview("with_init_and_volumes");
  Json& own = review["request"]["object"]["spec"]["containers"][0]["env"];
  const Json first = {{"name", "A"}, {"value", "1"}};
  own.insert(own.begin(), first);
  own.push_back({{"name", "Z"}, {"value", "2"}});
  review[Json::json_pointer(AnnotationPath("replace-env"))] = "true";
  const Json answer = Ask(review);
  EXPECT_FALSE(answer["response"].contains("warnings"));
  const Json env = Patched(review["request"]["object"], answer)["spec"]["containers"][0]["env"];
  EXPECT_EQ(env, Json({{{"name", "A"}, {"value", "1"}},
                       {{"name", "REDIS_URL"}, {"value", "redis://127.0.0.1:6380"}},
                       {{"name", "Z"}, {"value", "2"}}}));
}

TEST(InjectorTest, StandsBehindAMeshsInitContainersWhichHearNothingOfIt) {
  Json review = ReadReview("with_init_and_volumes");
  Json& inits = review["request"]["object"]["spec"]["initContainers"];
  const Json proxy = {{"name", "istio-proxy"}, {"image", "mesh"}, {"restartPolicy", "Always"}};
  inits.insert(inits.begin(), {{{"name", "istio-init"}, {"image", "mesh"}}, proxy});
  const Json pod = Patched(review["request"]["object"], Ask(review));
  std::vector<std::string> names;
  for (const Json& container : pod["spec"]["initContainers"]) names.push_back(container["name"]);
  EXPECT_THAT(names, testing::ElementsAre("istio-init", "istio-proxy", "herdgate", "migrate", "mesh"));
  EXPECT_EQ(pod["spec"]["initContainers"][1], proxy);
}

TEST(InjectorTest, AMemoryLimitThatTheCachesDoNotFitIsDeniedByItsName) {
  Json review = ReadReview("deployment");
  const std::pair<const char*, bool> cases[] = {{"1", false}, {"64Mi", false}, {"95Mi", false}, {"96Mi", true}};
  for (const auto& [limit, fits] : cases) {
    review[Json::json_pointer(AnnotationPath("memory-limit"))] = limit;
    const Json answer = Ask(review);
    if (fits) {
      EXPECT_TRUE(answer["response"].contains("patch")) << limit;
    } else {
      EXPECT_THAT(Denied(answer), HasSubstr("herdgate.dev/memory-limit must be 96Mi at least")) << limit;
    }
  }
}

TEST(InjectorTest, PortsOfTheSidecarsFlagsAreTakenToo) {
  Json review = ReadReview("port_taken");
  review["request"]["object"]["spec"]["containers"][0]["ports"] = Json::array({{{"containerPort", 6381}}});
  InjectorOptions options = TestOptions();
  options.pod.policies.clear();
  const base::Result<SidecarTemplate> sidecar =
      SidecarTemplate::Parse("container: {name: herdgate, args: [serve, '--admin=127.0.0.1:6381']}");
  ASSERT_TRUE(sidecar.ok());
  EXPECT_THAT(Denied(Ask(review, options, sidecar.value())), HasSubstr("has port 6381"));
}

TEST(InjectorTest, InThePlainFormInitContainersRunBeforeTheSidecarAndDoNotHearOfIt) {
  InjectorOptions plain = TestOptions();
  plain.pod.form = Form::kPlain;
  const Json pod = Stored("with_init_and_volumes", plain);
  EXPECT_EQ(pod["spec"]["initContainers"],
            ReadReview("with_init_and_volumes")["request"]["object"]["spec"]["initContainers"]);
}

TEST(InjectorTest, AnUpstreamTakesThePlaceOfTheTemplatesOne) {
  Json review = ReadReview("job");
  review["request"]["object"]["metadata"]["annotations"]["herdgate.dev/upstream"] = "redis://mine:1";
  InjectorOptions options = TestOptions();
  options.pod.policies.clear();
  for (const char* const args :
       {"[serve, --upstream, 'redis://a:1', --loops=1]", "[serve, '--upstream=redis://a:1', --loops=1]",
        "[serve, --loops=1]", "[serve, --loops=1, --upstream]"}) {
    const base::Result<SidecarTemplate> sidecar =
        SidecarTemplate::Parse("container: {name: herdgate, args: " + std::string(args) + "}");
    ASSERT_TRUE(sidecar.ok());
    const Json pod = Patched(review["request"]["object"], Ask(review, options, sidecar.value()));
    EXPECT_EQ(pod["spec"]["initContainers"][0]["args"], Json({"serve", "--loops=1", "--upstream=redis://mine:1"}))
        << args;
  }
}

TEST(InjectorTest, TheAnnotationsOfAPodAreObeyed) {
  const Json pod = Stored("restricted");
  ASSERT_EQ(pod["spec"]["containers"].size(), 2U);
  const Json& sidecar = pod["spec"]["containers"][0];
  EXPECT_EQ(sidecar["name"], "herdgate");
  EXPECT_FALSE(sidecar.contains("restartPolicy"));
  EXPECT_EQ(sidecar["args"].back(), "--upstream=redis://redis.shop.svc:6379/1");
  EXPECT_EQ(sidecar["resources"]["limits"]["memory"], "256Mi");
  EXPECT_EQ(sidecar["resources"]["requests"]["memory"], "256Mi");
  EXPECT_EQ(sidecar["resources"]["requests"]["cpu"], "50m");
  EXPECT_EQ(pod["spec"]["containers"][1]["env"][0]["name"], "CACHE_URL");
  EXPECT_EQ(NamedIn(pod["spec"]["volumes"], "herdgate-config")["configMap"]["name"], "strict");
}

// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
TEST(InjectorTest, TheSidecarFitsTheRestrictedPodSecurityStandard) {
  const Json pod = Stored("restricted");
  const Json& security = pod["spec"]["containers"][0]["securityContext"];
  EXPECT_EQ(security["allowPrivilegeEscalation"], false);
  EXPECT_EQ(security["capabilities"], Json({{"drop", {"ALL"}}}));
  EXPECT_EQ(security["runAsNonRoot"], true);
  EXPECT_EQ(security["runAsUser"], 65532);
  EXPECT_EQ(security["readOnlyRootFilesystem"], true);
  EXPECT_EQ(security["seccompProfile"]["type"], "RuntimeDefault");
  for (const Json& volume : pod["spec"]["volumes"]) {
    EXPECT_TRUE(volume.contains("configMap") || volume.contains("emptyDir") || volume.contains("projected")) << volume;
  }
}

// Documents whose pod must stay as it is, without a word.
TEST(InjectorTest, WhoDoesNotAskOrHasASidecarIsLeftAloneSilently) {
  const std::pair<const char*, const char*> cases[] = {
      {"not_asked", ""},
      {"asked_false", ""},
      {"ephemeral_containers", ""},
      {"other_kind", ""},
      {"already_injected", "present"},
  };
  for (const auto& [name, outcome] : cases) {
    const Json response = Ask(ReadReview(name))["response"];
    EXPECT_EQ(response["allowed"], true) << name;
    EXPECT_FALSE(response.contains("patch")) << name;
    EXPECT_FALSE(response.contains("warnings")) << name;
    EXPECT_EQ(response.value("/auditAnnotations/outcome"_json_pointer, ""), outcome) << name;
  }
}

// Documents whose pod asks for what it can't have, and what its maker is told.
const std::pair<const char*, const char*> kMistakes[] = {
    {"host_network", "hostNetwork"},
    {"two_sidecars", "the pod has two: containers herdgate and cache"},
    {"port_taken", "container other-proxy has port 6380"},
};

TEST(InjectorTest, APodThatCanNotHaveTheSidecarItAsksForIsDenied) {
  for (const auto& [name, part] : kMistakes) {
    const Json answer = Ask(ReadReview(name));
    EXPECT_THAT(Denied(answer), HasSubstr(part)) << name;
    EXPECT_EQ(answer["response"]["status"]["code"], 403) << name;
    EXPECT_EQ(answer["response"]["auditAnnotations"]["outcome"], "refused") << name;
  }
}

TEST(InjectorTest, AWrongAnnotationIsDeniedByItsName) {
  Json review = ReadReview("deployment");
  Json& annotations = review["request"]["object"]["metadata"]["annotations"];
  annotations["herdgate.dev/memory-limit"] = "much";
  EXPECT_THAT(Denied(Ask(review)), HasSubstr("herdgate.dev/memory-limit"));
  annotations.erase("herdgate.dev/memory-limit");
  annotations["herdgate.dev/inject"] = "yes";
  EXPECT_THAT(Denied(Ask(review)), HasSubstr("herdgate.dev/inject"));
}

TEST(InjectorTest, OnMistakeAllowMakesThePodWithoutItAndWarns) {
  InjectorOptions options = TestOptions();
  options.on_mistake = OnMistake::kAllow;
  for (const auto& [name, part] : kMistakes)
    EXPECT_THAT(Warning(Ask(ReadReview(name), options)), HasSubstr(part)) << name;
}

TEST(InjectorTest, PodsOfKubeSystemAreNeverDenied) {
  Json review = ReadReview("two_sidecars");
  review["request"]["namespace"] = "kube-system";
  for (const Json& each : {review, ReadReview("kube_system")}) {
    const Json answer = Ask(each);
    EXPECT_THAT(Warning(answer), HasSubstr("pods of this namespace are left alone"));
    EXPECT_EQ(answer["response"]["auditAnnotations"]["outcome"], "left_alone");
  }
}

TEST(InjectorTest, ItsOwnNamespaceIsLeftAloneToo) {
  Json review = ReadReview("deployment");
  for (const char* const name : {"herdgate", "kube-public", "kube-node-lease"}) {
    review["request"]["namespace"] = name;
    EXPECT_THAT(Warning(Ask(review)), HasSubstr("namespace")) << name;
  }
  review["request"]["namespace"] = "herdgate-shop";
  EXPECT_TRUE(Ask(review)["response"].contains("patch"));
}

// Whatever stands in the place of a pod: the review is answered, the object stays.
TEST(InjectorTest, APodThatCanNotBeUnderstoodIsAllowedWithAWarning) {
  const Json good = ReadReview("deployment");
  const std::pair<const char*, Json> cases[] = {
      {"/spec", nullptr},
      {"/spec", 7},
      {"/spec/containers", Json::array()},
      {"/spec/containers", {{"name", "web"}}},
      {"/spec/containers/0", "web"},
      {"/spec/containers/0/name", 7},
      {"/spec/containers/0/env", {1, 2}},
      {"/spec/containers/0/env", "PORT"},
      {"/spec/containers/0/volumeMounts", {{{"name", "x"}}}},
      {"/spec/initContainers", {{{"image", "x"}}}},
      {"/spec/volumes", "none"},
      {"/spec/volumes/0/name", false},
      {"/metadata/labels", "app=web"},
      {"/metadata/annotations", {"herdgate.dev/inject"}},
      {"/metadata/annotations/herdgate.dev~1inject", true},
  };
  for (const auto& [at, value] : cases) {
    Json review = good;
    review["request"]["object"][Json::json_pointer(at)] = value;
    const Json answer = Ask(review);
    EXPECT_THAT(Warning(answer), HasSubstr("no sidecar was added")) << at << " " << value;
    EXPECT_EQ(answer["response"]["auditAnnotations"]["outcome"], "not_understood") << at << " " << value;
  }
  for (const Json& object : {Json(), Json("pod"), Json::array({1})}) {
    Json review = good;
    review["request"]["object"] = object;
    EXPECT_THAT(Warning(Ask(review)), HasSubstr("no sidecar was added")) << object;
  }
}

// The answer to a review of which one member is replaced by JSON of any kind.
Json AnswerWith(const std::string& at, const std::string& json) {
  Json review = ReadReview("deployment");
  review[Json::json_pointer(at)] = "HERE";
  std::string text = review.dump();
  text.replace(text.find("\"HERE\""), 6, json);
  const base::Result<std::string> answer = Injector(TestOptions(), SidecarTemplate::Default()).Review(text);
  if (!answer.ok()) ADD_FAILURE() << answer.status().message();
  return answer.ok() ? Json::parse(answer.value()) : Json();
}

std::string ManyObjects(std::size_t count) {
  std::string list = "[{\"a\":1}";
  while (--count > 0) list += ",{\"a\":1}";
  return list + "]";
}

TEST(InjectorTest, APodThatNestsTooDeepIsAllowedWithAWarning) {
  constexpr std::size_t kDepth = 1'000'000;
  const std::string deep = std::string(kDepth, '[') + std::string(kDepth, ']');
  EXPECT_THAT(Warning(AnswerWith("/request/object/spec/nodeSelector", deep)), HasSubstr("nests too deep"));
}

TEST(InjectorTest, APodOfTooManyValuesIsAllowedWithAWarning) {
  EXPECT_TRUE(AnswerWith("/request/object/spec/affinity", ManyObjects(40'000))["response"].contains("patch"));
  EXPECT_THAT(Warning(AnswerWith("/request/object/spec/affinity", ManyObjects(300'000))), HasSubstr("too large"));
}

// Nothing of these is kept, however large it is.
TEST(InjectorTest, WhatIsNotNeededCountsForNothing) {
  const std::string large =
      "{\"x\":" + ManyObjects(300'000) + ",\"y\":" + std::string(500, '[') + std::string(500, ']') + "}";
  for (const char* const at :
       {"/request/oldObject", "/request/options", "/request/userInfo", "/request/object/metadata/managedFields"}) {
    EXPECT_TRUE(AnswerWith(at, large)["response"].contains("patch")) << at;
  }
}

TEST(InjectorTest, WhatIsNoAdmissionReviewIsAnError) {
  Injector injector(TestOptions(), SidecarTemplate::Default());
  Json beta = ReadReview("deployment");
  beta["apiVersion"] = "admission.k8s.io/v1beta1";
  Json nameless = ReadReview("deployment");
  nameless["request"].erase("uid");
  Json empty = ReadReview("deployment");
  empty["request"] = nullptr;
  const std::pair<std::string, const char*> cases[] = {
      {"", "no JSON object"},
      {"{", "no JSON object"},
      {"[]", "no JSON object"},
      {"\xff\xfe", "no JSON object"},
      {"{}", "no AdmissionReview"},
      {R"({"kind":"AdmissionReview"})", "no AdmissionReview"},
      {beta.dump(), "no AdmissionReview"},
      {nameless.dump(), "no uid"},
      {empty.dump(), "no request"},
  };
  for (const auto& [body, part] : cases) {
    const base::Result<std::string> answer = injector.Review(body);
    ASSERT_FALSE(answer.ok()) << body;
    EXPECT_THAT(answer.status().message(), HasSubstr(part)) << body;
  }
}

// A document cut anywhere is an error, never a crash and never half an answer.
TEST(InjectorTest, ACutDocumentIsAnError) {
  Injector injector(TestOptions(), SidecarTemplate::Default());
  const std::string whole = ReadReview("deployment").dump();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_FALSE(injector.Review(whole.substr(0, size)).ok()) << size;
  }
}

TEST(InjectorTest, WhatAWebhookOfPodsDoesNotNeedIsNotKept) {
  const base::Result<AdmissionReview> review = ParseReview(ReadReview("deployment").dump());
  ASSERT_TRUE(review.ok());
  EXPECT_EQ(review.value().pod_name, "web-6c9f7d5b8d-");
  EXPECT_EQ(review.value().object.find("managedFields"), std::string::npos);
  EXPECT_FALSE(review.value().dry_run);
  EXPECT_TRUE(ParseReview(ReadReview("dry_run").dump()).value().dry_run);
  EXPECT_EQ(ParseReview(ReadReview("ephemeral_containers").dump()).value().object, "");
}

TEST(InjectorTest, ANewTemplateIsForThePodsFromNowOn) {
  Injector injector(TestOptions(), SidecarTemplate::Default());
  base::Result<SidecarTemplate> other = SidecarTemplate::Parse("container: {name: cache}");
  ASSERT_TRUE(other.ok());
  injector.SetTemplate(std::move(other.value()));
  const Json review = ReadReview("job");
  const std::string plain = review.dump();
  // Its policies have no place in this template.
  EXPECT_THAT(Warning(Json::parse(injector.Review(plain).value())), HasSubstr("no ConfigMap"));
  InjectorOptions options = TestOptions();
  options.pod.policies.clear();
  const Json pod = Patched(review["request"]["object"],
                           Ask(review, options, SidecarTemplate::Parse("container: {name: cache}").value()));
  EXPECT_EQ(pod["spec"]["initContainers"][0],
            Json({{"name", "cache"}, {"image", "herdgate:0.1.0"}, {"restartPolicy", "Always"}}));
}

class Sums final : public metrics::SampleSink {
 public:
  std::map<std::string, double> values;

 private:
  void AddValue(const metrics::Family& /*family*/, Labels labels, double value) override {
    values[std::string(labels.begin()->value)] += value;
  }
  void AddHistogram(const metrics::HistogramFamily& /*family*/, Labels /*labels*/,
                    const metrics::HistogramSnapshot& /*snapshot*/) override {}
};

TEST(InjectorTest, CountsEachReviewOnceByItsOutcome) {
  Injector injector(TestOptions(), SidecarTemplate::Default());
  for (const char* const name : {"deployment", "job", "not_asked", "already_injected", "host_network", "other_kind"}) {
    ASSERT_TRUE(injector.Review(ReadReview(name).dump()).ok());
  }
  ASSERT_FALSE(injector.Review("{").ok());
  Sums sums;
  injector.Collect(sums);
  EXPECT_EQ(sums.values, (std::map<std::string, double>{{"injected", 2},
                                                        {"not_asked", 2},
                                                        {"present", 1},
                                                        {"left_alone", 0},
                                                        {"refused", 1},
                                                        {"not_understood", 0},
                                                        {"malformed", 1}}));
}

}  // namespace
}  // namespace herdgate::inject
