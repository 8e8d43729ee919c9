#include "sidecar/inject/pod_json.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace herdgate::inject {
namespace {

// Of Istio and Linkerd.
constexpr std::array<std::string_view, 6> kMeshContainers = {
    "istio-init", "istio-validation", "istio-proxy", "linkerd-init", "linkerd-network-validator", "linkerd-proxy"};

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

}  // namespace

const Json* Find(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string TextOf(const Json& object, const char* name) {
  const Json* const found = Find(object, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

const Json& ListOf(const Json& object, const char* name) {
  static const Json none = Json::array();
  const Json* const found = Find(object, name);
  return found != nullptr && found->is_array() ? *found : none;
}

bool IsTrue(const Json& object, const char* name) {
  const Json* const found = Find(object, name);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

const Json* Named(const Json& list, const std::string& name) {
  const auto found = std::ranges::find_if(list, [&](const Json& item) { return TextOf(item, "name") == name; });
  return found == list.end() ? nullptr : &*found;
}

bool Covers(const Json& there, const Json& wanted) {
  Json merged = there;
  merged.merge_patch(wanted);
  return merged == there;
}

std::vector<std::string> ArgsOf(const Json& container) {
  std::vector<std::string> args;
  for (const Json& arg : ListOf(container, "args"))
    args.push_back(arg.is_string() ? arg.get<std::string>() : arg.dump());
  return args;
}

bool IsMesh(const Json& container) {
  return std::ranges::find(kMeshContainers, TextOf(container, "name")) != kMeshContainers.end();
}

bool IsNativeSidecar(const Json& container) {
  return TextOf(container, "restartPolicy") == "Always";
}

const char* Misunderstood(const Json& pod) {
  const Json* const spec = Find(pod, "spec");
  if (spec == nullptr || !spec->is_object()) return "spec";
  if (!AreContainers(*spec, "containers") || ListOf(*spec, "containers").empty()) return "spec.containers";
  if (!AreContainers(*spec, "initContainers")) return "spec.initContainers";
  if (!IsListOfNamed(*spec, "volumes", "name")) return "spec.volumes";
  const Json* const labels = Find(pod.at("metadata"), "labels");
  return labels == nullptr || labels->is_object() ? nullptr : "metadata.labels";
}

}  // namespace herdgate::inject
