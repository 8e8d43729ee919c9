#include "sidecar/inject/pod_patch.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace herdgate::inject {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kRedisScheme = "redis://";
constexpr const char* kUpstreamFlag = "--upstream";
// By which a NetworkPolicy finds pods with a sidecar.
constexpr const char* kLabel = "herdgate.dev/sidecar";
constexpr const char* kLabelPath = "/metadata/labels/herdgate.dev~1sidecar";

// Null if there is no such member, if it is null, or if `object` is no object.
const Json* Find(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

// Empty if it is no text.
std::string TextOf(const Json& object, const char* name) {
  const Json* const found = Find(object, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

// The elements of a list; none if there is no list.
const Json& ListOf(const Json& object, const char* name) {
  static const Json none = Json::array();
  const Json* const found = Find(object, name);
  return found != nullptr && found->is_array() ? *found : none;
}

const Json* Named(const Json& list, const std::string& name) {
  const auto found = std::ranges::find_if(list, [&](const Json& item) { return TextOf(item, "name") == name; });
  return found == list.end() ? nullptr : &*found;
}

bool IsListOfNamed(const Json& object, const char* list, const char* by) {
  const Json* const found = Find(object, list);
  if (found == nullptr) return true;
  return found->is_array() && std::ranges::none_of(*found, [&](const Json& item) { return TextOf(item, by).empty(); });
}

bool AreContainers(const Json& spec, const char* name) {
  return IsListOfNamed(spec, name, "name") && std::ranges::all_of(ListOf(spec, name), [](const Json& container) {
           return IsListOfNamed(container, "env", "name") && IsListOfNamed(container, "volumeMounts", "mountPath");
         });
}

// Which part is not as Kubernetes has it; null if all that matters is. REQUIRES: it has metadata.
const char* Misunderstood(const Json& pod) {
  const Json* const spec = Find(pod, "spec");
  if (spec == nullptr || !spec->is_object()) return "spec";
  if (!AreContainers(*spec, "containers") || ListOf(*spec, "containers").empty()) return "spec.containers";
  if (!AreContainers(*spec, "initContainers")) return "spec.initContainers";
  if (!IsListOfNamed(*spec, "volumes", "name")) return "spec.volumes";
  const Json* const labels = Find(pod.at("metadata"), "labels");
  return labels == nullptr || labels->is_object() ? nullptr : "metadata.labels";
}

// "host:5000/folder/herdgate:1.2@sha256:..." -> "host:5000/folder/herdgate"
std::string Repository(const std::string& image) {
  const std::string untagged = image.substr(0, image.find('@'));
  const std::size_t name = untagged.rfind('/') == std::string::npos ? 0 : untagged.rfind('/');
  return untagged.substr(0, untagged.find(':', name));
}

// Whether `there` says all that `wanted` says: the API server adds defaults.
bool Covers(const Json& there, const Json& wanted) {
  Json merged = there;
  merged.merge_patch(wanted);
  return merged == there;
}

// A name that nobody has checked yet, as far as it can be shown.
std::string Shown(const std::string& name) {
  return IsObjectName(name) ? name : "?";
}

bool IsNativeSidecar(const Json& container) {
  return TextOf(container, "restartPolicy") == "Always";
}

bool IsTrue(const Json& object, const char* name) {
  const Json* const found = Find(object, name);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

// Says `refusal` for a pod that asked.
PodPatch Refused(Outcome outcome, const std::string& why) {
  return {outcome, "", {"herdgate: no sidecar was added: " + why}};
}

// A pod that asks for a sidecar and can be understood.
class Patcher {
 public:
  Patcher(const Json& pod, Json sidecar, const PodOptions& options, Wishes wishes)
      : metadata_(pod.at("metadata")),
        spec_(pod.at("spec")),
        parts_(std::move(sidecar)),
        options_(options),
        wishes_(std::move(wishes)) {}

  PodPatch Run() {
    const std::vector<std::string> present = Sidecars();
    if (present.size() > 1)
      return Refused(Outcome::kRefused,
                     "the pod has two: containers " + Shown(present[0]) + " and " + Shown(present[1]));
    if (present.size() == 1) return {Outcome::kPresent};
    Fit();
    const std::string policies = wishes_.policies.value_or(options_.policies);
    if (!policies.empty() && !NamePolicies(policies))
      return Refused(wishes_.policies ? Outcome::kRefused : Outcome::kNotUnderstood,
                     "the template has no ConfigMap in a volume " + std::string(kConfigVolume));
    if (const std::string problem = Conflict(); !problem.empty()) return Refused(Outcome::kRefused, problem);
    AddLabel();
    AddVolumes();
    AddToApp("containers");
    // Those of the app have their cache too: it stands before them.
    if (native()) AddToApp("initContainers");
    AddContainer();
    PodPatch result{Outcome::kInjected, ops_.dump(), {}};
    for (const std::string& warning : wishes_.warnings) result.warnings.push_back("herdgate: " + warning);
    return result;
  }

 private:
  bool native() const { return wishes_.form.value_or(options_.form) == Form::kNative; }
  std::string name() const { return TextOf(parts_["container"], "name"); }

  // The names of the containers that are sidecars already: by the name, or by the image.
  std::vector<std::string> Sidecars() const {
    std::vector<std::string> found;
    const std::string repository = Repository(options_.image);
    for (const char* const list : {"initContainers", "containers"}) {
      const bool init = std::string_view(list) == "initContainers";
      for (const Json& container : ListOf(spec_, list)) {
        const bool runs_on = !init || IsNativeSidecar(container);
        const bool same_image = runs_on && Repository(TextOf(container, "image")) == repository;
        if (same_image || TextOf(container, "name") == name()) found.push_back(TextOf(container, "name"));
      }
    }
    return found;
  }

  // Makes the template's parts what this pod asks for, but for the policies.
  void Fit() {
    Json& container = parts_["container"];
    container["image"] = options_.image;
    container.erase("restartPolicy");
    if (native()) container["restartPolicy"] = "Always";
    if (!native()) container.merge_patch(parts_["plain"]);
    if (wishes_.upstream) SetUpstream(container["args"]);
    if (wishes_.memory_limit) {
      for (const char* const bound : {"requests", "limits"})
        container["resources"][bound]["memory"] = *wishes_.memory_limit;
    }
    if (wishes_.env && wishes_.env->empty()) parts_["env"].clear();
    if (wishes_.env && !parts_["env"].empty()) parts_["env"][0]["name"] = *wishes_.env;
  }

  // In the place of the flag that the template may have: a flag twice is a mistake.
  void SetUpstream(Json& args) const {
    Json kept = Json::array();
    for (auto arg = args.begin(); arg != args.end(); ++arg) {
      const std::string text = arg->is_string() ? arg->get<std::string>() : "";
      if (text == kUpstreamFlag && std::next(arg) != args.end()) ++arg;
      if (text == kUpstreamFlag || text.starts_with(std::string(kUpstreamFlag) + "=")) continue;
      kept.push_back(*arg);
    }
    kept.push_back(std::string(kUpstreamFlag) + "=" + *wishes_.upstream);
    args = std::move(kept);
  }

  // Puts the name into each ConfigMap of the volume; false if there is none.
  bool NamePolicies(const std::string& policies) {
    bool named = false;
    for (Json& volume : parts_["volumes"]) {
      if (TextOf(volume, "name") != kConfigVolume) continue;
      if (Find(volume, "configMap") != nullptr) {
        volume["configMap"]["name"] = policies;
        named = true;
      }
      if (ListOf(Json(volume.value("projected", Json())), "sources").empty()) continue;
      for (Json& source : volume["projected"]["sources"]) {
        if (Find(source, "configMap") == nullptr) continue;
        source["configMap"]["name"] = policies;
        named = true;
      }
    }
    return named;
  }

  // What of the pod stands against a sidecar; empty if nothing does.
  std::string Conflict() const {
    if (IsTrue(spec_, "hostNetwork")) return "with hostNetwork its ports would be the node's";
    const Json* const os = Find(spec_, "os");
    if (os != nullptr && TextOf(*os, "name") == "windows") return "it doesn't run on Windows";
    const std::string restart = TextOf(spec_, "restartPolicy");
    if (!native() && !wishes_.form && !restart.empty() && restart != "Always") {
      return "in the plain form it would keep a pod with restartPolicy " +
             std::string(restart == "Never" ? "Never" : "OnFailure") +
             " from ending; use native, or say herdgate.dev/mode: plain";
    }
    for (const Json& volume : parts_["volumes"]) {
      const Json* const there = Named(ListOf(spec_, "volumes"), TextOf(volume, "name"));
      if (there != nullptr && !Covers(*there, volume)) return "the pod has another volume " + TextOf(volume, "name");
    }
    return PortConflict();
  }

  std::string PortConflict() const {
    const std::set<std::int64_t> ours = Ports();
    for (const char* const list : {"initContainers", "containers"}) {
      const bool init = std::string_view(list) == "initContainers";
      for (const Json& container : ListOf(spec_, list)) {
        if (init && !IsNativeSidecar(container)) continue;
        for (const Json& port : ListOf(container, "ports")) {
          const Json* const number = Find(port, "containerPort");
          if (number == nullptr || !number->is_number_integer() || !ours.contains(number->get<std::int64_t>()))
            continue;
          return "container " + Shown(TextOf(container, "name")) + " has port " + number->dump() +
                 ", which the sidecar needs";
        }
      }
    }
    return "";
  }

  // The sidecar's: those of its container, and those that the app is told of.
  std::set<std::int64_t> Ports() const {
    std::set<std::int64_t> ports;
    for (const Json& port : ListOf(parts_["container"], "ports")) {
      const Json* const number = Find(port, "containerPort");
      if (number != nullptr && number->is_number_integer()) ports.insert(number->get<std::int64_t>());
    }
    for (const Json& variable : parts_["env"]) {
      const std::string url = TextOf(variable, "value");
      const std::size_t colon = url.rfind(':');
      std::int64_t port = 0;
      if (!url.starts_with(kRedisScheme) || colon < kRedisScheme.size()) continue;
      (void)std::from_chars(url.data() + colon + 1, url.data() + url.size(), port);
      if (port > 0) ports.insert(port);
    }
    return ports;
  }

  // Adds `items` to the list `at` + "/" + `name`, which may be missing: before those that are there, or behind them.
  enum class Place : std::uint8_t { kFirst, kLast };
  void Insert(Place place, const Json& object, const std::string& at, const char* name, const Json& items) {
    if (items.empty()) return;
    const std::string list = at + "/" + name;
    if (Find(object, name) == nullptr) {
      Add(list, items);
      return;
    }
    std::size_t index = 0;
    for (const Json& item : items) Add(list + "/" + (place == Place::kLast ? "-" : std::to_string(index++)), item);
  }
  void Add(const std::string& path, const Json& value) {
    ops_.push_back({{"op", "add"}, {"path", path}, {"value", value}});
  }

  void AddLabel() {
    const Json* const labels = Find(metadata_, "labels");
    if (labels == nullptr) {
      Add("/metadata/labels", {{kLabel, "true"}});
    } else if (!labels->contains(kLabel)) {
      Add(kLabelPath, "true");
    }
  }

  void AddVolumes() {
    Json missing = Json::array();
    for (const Json& volume : parts_["volumes"]) {
      if (Named(ListOf(spec_, "volumes"), TextOf(volume, "name")) == nullptr) missing.push_back(volume);
    }
    Insert(Place::kLast, spec_, "/spec", "volumes", missing);
  }

  // What the app's containers get: variables that they don't set, mounts where they have nothing. The variables come
  // first, so that others may refer to them.
  void AddToApp(const char* list) {
    std::size_t index = 0;
    for (const Json& container : ListOf(spec_, list)) {
      const std::string at = std::string("/spec/") + list + "/" + std::to_string(index++);
      Json env = Json::array();
      for (const Json& variable : parts_["env"]) {
        if (Named(ListOf(container, "env"), TextOf(variable, "name")) == nullptr) env.push_back(variable);
      }
      Insert(Place::kFirst, container, at, "env", env);
      Json mounts = Json::array();
      for (const Json& mount : parts_["volumeMounts"]) {
        const auto same = [&](const Json& other) { return TextOf(other, "mountPath") == TextOf(mount, "mountPath"); };
        if (std::ranges::none_of(ListOf(container, "volumeMounts"), same)) mounts.push_back(mount);
      }
      Insert(Place::kLast, container, at, "volumeMounts", mounts);
    }
  }

  void AddContainer() {
    // First, because containers start in this order.
    Insert(Place::kFirst, spec_, "/spec", native() ? "initContainers" : "containers",
           Json::array({parts_["container"]}));
  }

  const Json& metadata_;
  const Json& spec_;
  Json parts_;
  const PodOptions& options_;
  const Wishes wishes_;
  Json ops_ = Json::array();
};

// Nothing if one of them is no text.
std::optional<Annotations> AnnotationsOf(const Json& pod) {
  Annotations annotations;
  const Json* const metadata = Find(pod, "metadata");
  const Json* const found = metadata != nullptr ? Find(*metadata, "annotations") : nullptr;
  if (found == nullptr) return annotations;
  if (!found->is_object()) return std::nullopt;
  for (const auto& [name, value] : found->items()) {
    if (!value.is_string()) return std::nullopt;
    annotations.emplace(name, value.get<std::string>());
  }
  return annotations;
}

PodPatch Judge(std::string_view text, const SidecarTemplate& sidecar, const PodOptions& options) {
  const Json pod = Json::parse(text, nullptr, false);
  if (!pod.is_object()) return Refused(Outcome::kNotUnderstood, "the object is no pod");
  const std::optional<Annotations> annotations = AnnotationsOf(pod);
  if (!annotations) return Refused(Outcome::kNotUnderstood, "metadata.annotations could not be understood");
  const base::Result<bool> asked = IsAskedFor(*annotations);
  if (!asked.ok()) return Refused(Outcome::kRefused, asked.status().message());
  if (!asked.value()) return {};
  if (const char* const part = Misunderstood(pod); part != nullptr)
    return Refused(Outcome::kNotUnderstood, std::string(part) + " could not be understood");
  base::Result<Wishes> wishes = ReadWishes(*annotations);
  if (!wishes.ok()) return Refused(Outcome::kRefused, wishes.status().message());
  return Patcher(pod, Json::parse(sidecar.json(), nullptr, false), options, std::move(wishes.value())).Run();
}

}  // namespace

std::string_view Name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kInjected:
      return "injected";
    case Outcome::kPresent:
      return "present";
    case Outcome::kNotAsked:
      return "not_asked";
    case Outcome::kLeftAlone:
      return "left_alone";
    case Outcome::kRefused:
      return "refused";
    case Outcome::kNotUnderstood:
      return "not_understood";
  }
  return "";
}

PodPatch PatchPod(std::string_view text, const SidecarTemplate& sidecar, const PodOptions& options) {
  // What neither the pod's reading nor the template's has foreseen.
  try {
    return Judge(text, sidecar, options);
  } catch (const Json::exception&) {
    return Refused(Outcome::kNotUnderstood, "the pod or the template has a member of an unexpected type");
  }
}

}  // namespace herdgate::inject
