#include "sidecar/inject/sidecar_template.h"

#include <yaml-cpp/yaml.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace herdgate::inject {
namespace {

using Json = nlohmann::json;
using base::ErrorCode;
using base::Status;

constexpr std::size_t kMaxDepth = 32;
constexpr std::array<const char*, 5> kMembers = {"container", "plain", "volumes", "env", "volumeMounts"};

// The empty volume over the folder of service account tokens makes Kubernetes mount none: the sidecar needs none.
constexpr std::string_view kDefault = R"json({
  "container": {
    "name": "herdgate",
    "imagePullPolicy": "IfNotPresent",
    "args": ["serve", "--config", "/etc/herdgate/herdgate.yaml",
             "--listen", "tcp://127.0.0.1:6380", "--listen", "unix:///run/herdgate/redis.sock",
             "--telemetry", "0.0.0.0:9638"],
    "ports": [{"name": "herdgate", "containerPort": 9638, "protocol": "TCP"}],
    "startupProbe": {"httpGet": {"path": "/startupz", "port": 9638},
                     "periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": 60},
    "livenessProbe": {"httpGet": {"path": "/livez", "port": 9638},
                      "periodSeconds": 10, "timeoutSeconds": 2, "failureThreshold": 3},
    "readinessProbe": {"httpGet": {"path": "/readyz", "port": 9638},
                       "periodSeconds": 5, "timeoutSeconds": 2, "failureThreshold": 2},
    "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}},
    "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
                        "readOnlyRootFilesystem": true, "runAsNonRoot": true,
                        "runAsUser": 65532, "runAsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
    "terminationMessagePolicy": "FallbackToLogsOnError",
    "volumeMounts": [{"name": "herdgate-config", "mountPath": "/etc/herdgate", "readOnly": true},
                     {"name": "herdgate-socket", "mountPath": "/run/herdgate"},
                     {"name": "herdgate-no-token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                      "readOnly": true}]
  },
  "plain": {},
  "volumes": [{"name": "herdgate-config", "configMap": {"name": "herdgate"}},
              {"name": "herdgate-socket", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
              {"name": "herdgate-no-token", "emptyDir": {"sizeLimit": "1Mi"}}],
  "env": [{"name": "REDIS_URL", "value": "redis://127.0.0.1:6380"}],
  "volumeMounts": [{"name": "herdgate-socket", "mountPath": "/run/herdgate", "readOnly": true}]
})json";

// A plain scalar by YAML's core schema, as far as Kubernetes' own tools go; a quoted one is a text.
Json FromScalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "true" || text == "false") return text == "true";
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  const bool number = (text[0] >= '0' && text[0] <= '9') || text[0] == '-';
  if (number && text.find_first_not_of("0123456789.-+eE") == std::string::npos) {
    Json value = Json::parse(text, nullptr, false);
    if (value.is_number()) return value;
  }
  return text;
}

// REQUIRES: `depth` is less than kMaxDepth; what is deeper becomes null.
Json FromYaml(const YAML::Node& node, std::size_t depth = 0) {
  if (depth >= kMaxDepth || !node.IsDefined() || node.IsNull()) return nullptr;
  if (node.IsScalar()) return FromScalar(node);
  Json out = node.IsMap() ? Json::object() : Json::array();
  if (node.IsMap()) {
    for (const auto& entry : node) out[entry.first.Scalar()] = FromYaml(entry.second, depth + 1);
  } else {
    for (const auto& entry : node) out.push_back(FromYaml(entry, depth + 1));
  }
  return out;
}

std::optional<Json> Read(std::string_view text) {
  const auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth < static_cast<int>(kMaxDepth); };
  Json json = Json::parse(text, shallow, false);
  if (!json.is_discarded()) return json;
  // yaml-cpp tells by exceptions.
  try {
    return FromYaml(YAML::Load(std::string(text)));
  } catch (const YAML::Exception&) {
    return std::nullopt;
  }
}

bool HasText(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() && !found->get_ref<const std::string&>().empty();
}

// What is wrong with a list of objects that must have `needed`; empty if nothing is.
std::string ListProblem(const Json& list, const std::string& name, std::initializer_list<const char*> needed) {
  if (!list.is_array()) return name + " must be a list";
  for (const Json& item : list) {
    for (const char* const field : needed) {
      if (!item.is_object() || !HasText(item, field)) return "each of " + name + " needs a " + field;
    }
  }
  return "";
}

std::string Problem(const Json& json) {
  if (!json.is_object()) return "it is no YAML or JSON object";
  for (const auto& [name, unused] : json.items()) {
    bool known = false;
    for (const char* const member : kMembers) known = known || name == member;
    if (!known) return name.size() <= 40 ? "unknown member " + name : "it has an unknown member";
  }
  const Json& container = json["container"];
  if (!container.is_object() || !HasText(container, "name")) return "container must be an object with a name";
  if (container.contains("args") && !container["args"].is_array()) return "container.args must be a list";
  if (!json["plain"].is_object()) return "plain must be an object";
  for (const char* const bound : {"/resources", "/resources/requests", "/resources/limits"}) {
    const Json::json_pointer at(bound);
    if (container.contains(at) && !container[at].is_object())
      return std::string("container") + bound + " must be an object";
  }
  for (const char* const list : {"ports", "volumeMounts", "env"}) {
    if (!container.contains(list)) continue;
    std::string problem = ListProblem(container[list], std::string("container.") + list, {});
    if (!problem.empty()) return problem;
  }
  if (std::string problem = ListProblem(json["volumes"], "volumes", {"name"}); !problem.empty()) return problem;
  if (std::string problem = ListProblem(json["env"], "env", {"name"}); !problem.empty()) return problem;
  return ListProblem(json["volumeMounts"], "volumeMounts", {"name", "mountPath"});
}

}  // namespace

SidecarTemplate::SidecarTemplate(std::string json) : json_(std::move(json)) {}

SidecarTemplate SidecarTemplate::Default() {
  return SidecarTemplate(std::string(kDefault));
}

base::Result<SidecarTemplate> SidecarTemplate::Parse(std::string_view text) {
  std::optional<Json> json = Read(text);
  if (!json) return Status(ErrorCode::kInvalidArgument, "the sidecar template is neither YAML nor JSON");
  if (json->is_object()) {
    json->emplace("plain", Json::object());
    for (const char* const list : {"volumes", "env", "volumeMounts"}) json->emplace(list, Json::array());
    json->emplace("container", nullptr);
  }
  if (const std::string problem = Problem(*json); !problem.empty())
    return Status(ErrorCode::kInvalidArgument, "the sidecar template can't be used: " + problem);
  return SidecarTemplate(json->dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace herdgate::inject
