#include "sidecar/inject/pod_patch.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "sidecar/inject/pod_json.h"
#include "sidecar/inject/sidecar_args.h"

namespace herdgate::inject {
namespace {

constexpr std::string_view kRedisScheme = "redis://";
constexpr std::string_view kUpstreamFlag = "--upstream";
// The API server cuts them when they are too many.
constexpr std::size_t kMaxWarnings = 8;
// By which a NetworkPolicy finds pods with a sidecar.
constexpr const char* kLabel = "herdgate.dev/sidecar";
constexpr const char* kLabelPath = "/metadata/labels/herdgate.dev~1sidecar";

// "host:5000/folder/herdgate:1.2@sha256:..." -> "host:5000/folder/herdgate"
std::string Repository(const std::string& image) {
  const std::string untagged = image.substr(0, image.find('@'));
  const std::size_t name = untagged.rfind('/') == std::string::npos ? 0 : untagged.rfind('/');
  return untagged.substr(0, untagged.find(':', name));
}

// A name that nobody has checked yet, as far as it can be shown.
std::string Shown(const std::string& name) {
  return IsObjectName(name) ? name : "?";
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
    warnings_.insert(warnings_.begin(), wishes_.warnings.begin(), wishes_.warnings.end());
    if (warnings_.size() > kMaxWarnings) warnings_.resize(kMaxWarnings);
    for (const std::string& warning : warnings_) result.warnings.push_back("herdgate: " + warning);
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
    Args args = ArgsOf(container);
    if (wishes_.upstream) {
      SetFlag(args, kUpstreamFlag, *wishes_.upstream);
      container["args"] = args;
    }
    if (wishes_.memory_limit) {
      for (const char* const bound : {"requests", "limits"})
        container["resources"][bound]["memory"] = *wishes_.memory_limit;
    }
    if (wishes_.env && wishes_.env->empty()) parts_["env"].clear();
    if (wishes_.env && !parts_["env"].empty()) parts_["env"][0]["name"] = *wishes_.env;
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
    if (std::string problem = MemoryProblem(); !problem.empty()) return problem;
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

  std::string MemoryProblem() const {
    const std::uint64_t least = LeastMemory(ArgsOf(parts_["container"]));
    if (!wishes_.memory_limit || SizeOf(*wishes_.memory_limit).value_or(least) >= least) return "";
    constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20U;
    return std::string(kMemoryAnnotation) + " must be " + std::to_string((least + kMebibyte - 1) / kMebibyte) +
           "Mi at least, for the caches of the sidecar and itself";
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

  // The sidecar's: those of its container and its flags, and those that the app is told of.
  std::set<std::int64_t> Ports() const {
    std::set<std::int64_t> ports;
    for (const std::uint16_t port : PortsOf(ArgsOf(parts_["container"]))) ports.insert(port);
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

  // What the app's containers get: variables that they don't set, or that are to be replaced, and mounts where they
  // have nothing. The variables come first, so that others may refer to them.
  void AddToApp(const char* list) {
    std::size_t index = 0;
    for (const Json& container : ListOf(spec_, list)) {
      const std::string at = std::string("/spec/") + list + "/" + std::to_string(index++);
      if (IsMesh(container)) continue;
      AddVariables(container, at);
      Json mounts = Json::array();
      for (const Json& mount : parts_["volumeMounts"]) {
        const auto same = [&](const Json& other) { return TextOf(other, "mountPath") == TextOf(mount, "mountPath"); };
        if (std::ranges::none_of(ListOf(container, "volumeMounts"), same)) mounts.push_back(mount);
      }
      Insert(Place::kLast, container, at, "volumeMounts", mounts);
    }
  }

  void AddVariables(const Json& container, const std::string& at) {
    Json missing = Json::array();
    for (const Json& variable : parts_["env"]) {
      const std::string name = TextOf(variable, "name");
      const Json& env = ListOf(container, "env");
      const Json* const own = Named(env, name);
      if (own == nullptr) {
        missing.push_back(variable);
      } else if (wishes_.replace_env) {
        const std::string place = at + "/env/" + std::to_string(own - &env[0]);
        ops_.push_back({{"op", "replace"}, {"path", place}, {"value", variable}});
      } else if (*own != variable) {
        warnings_.push_back("container " + Shown(TextOf(container, "name")) + " sets " + name +
                            " itself; herdgate.dev/replace-env: \"true\" would point it at the sidecar");
      }
    }
    // Last: what is put in front moves the others.
    Insert(Place::kFirst, container, at, "env", missing);
  }

  // First, because containers start in this order; but behind those that are the pod's network.
  void AddContainer() {
    const char* const list = native() ? "initContainers" : "containers";
    const Json& there = ListOf(spec_, list);
    const auto behind = std::ranges::find_if_not(there, IsMesh) - there.begin();
    if (Find(spec_, list) == nullptr) return Add(std::string("/spec/") + list, Json::array({parts_["container"]}));
    Add(std::string("/spec/") + list + "/" + std::to_string(behind), parts_["container"]);
  }

  const Json& metadata_;
  const Json& spec_;
  Json parts_;
  const PodOptions& options_;
  const Wishes wishes_;
  Json ops_ = Json::array();
  std::vector<std::string> warnings_;
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
