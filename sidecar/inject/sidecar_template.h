// SidecarTemplate: what is put into a pod: the sidecar's container, the volumes that it needs, and what the app's
// containers get.
//
//   container:    {name: herdgate, args: [...], ...}   a container of Kubernetes; its image is the injector's to say
//   plain:        {lifecycle: {...}}                   optional: merged into it (RFC 7396) where it is no native
//   sidecar volumes:      [{name: herdgate-config, configMap: {name: ...}}, ...] env:          [{name: REDIS_URL,
//   value: ...}]      for each container of the app that doesn't set it volumeMounts: [{name: herdgate-socket, ...}]
//   for each container of the app that has nothing at that path
//
// The volume herdgate-config is the one whose ConfigMap a pod may name. YAML or JSON.
// Threads: immutable. Ownership: holds its text.
#pragma once

#include <string>
#include <string_view>

#include "sidecar/base/result.h"

namespace herdgate::inject {

// Whose ConfigMap, alone or in a projection, is the policies' one.
inline constexpr std::string_view kConfigVolume = "herdgate-config";

class SidecarTemplate {
 public:
  // What fits this program as it is, in the image that the project builds.
  static SidecarTemplate Default();
  // Errors: kInvalidArgument: one sentence that names the member which is wrong.
  static base::Result<SidecarTemplate> Parse(std::string_view text);

  // A JSON object with all five members.
  const std::string& json() const { return json_; }

 private:
  explicit SidecarTemplate(std::string json);

  std::string json_;
};

}  // namespace herdgate::inject
