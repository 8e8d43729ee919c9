// PatchPod: a pod -> what the API server has to add to it so that it has the sidecar. A pure function.
//
// Only a pod whose annotation herdgate.dev/inject is "true" is patched, and only if all of it can be understood and
// nothing of it stands against it; else it stays as it is, and a warning says why where somebody asked for it. What a
// patch makes is never patched again: PatchPod of its own result has an empty patch. A patch only adds, but for a
// variable that the pod wants replaced. The annotations are described in README.md. No text of the pod is repeated in a
// warning but names of containers and of annotations. Threads: any. Cost: the pod is parsed, and the template.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/inject/annotations.h"
#include "sidecar/inject/sidecar_template.h"

namespace herdgate::inject {

struct PodOptions {
  // Of the sidecar's container; not empty.
  std::string image;
  // The ConfigMap of pods that name none, in the pod's namespace. Empty: the one of the template.
  std::string policies;
  Form form = Form::kNative;
};

enum class Outcome : std::uint8_t {
  kInjected,
  kPresent,        // has a sidecar already
  kNotAsked,       // no annotation, or one that says "false"
  kLeftAlone,      // asked for it where no pod gets one; there is a warning
  kRefused,        // asked for it, but something in it stands against it; there is a warning
  kNotUnderstood,  // it, or the template, isn't as it should be; there is a warning
};
inline constexpr std::size_t kOutcomes = 6;
// One word, such as "injected".
std::string_view Name(Outcome outcome);

struct PodPatch {
  Outcome outcome = Outcome::kNotAsked;
  // A JSON Patch (RFC 6902) with at least one operation; empty unless kInjected.
  std::string patch{};
  // One short sentence each, for whoever made the pod.
  std::vector<std::string> warnings{};
};

// `pod`: JSON as deep as a pod is (admission_review.h sees to that).
PodPatch PatchPod(std::string_view pod, const SidecarTemplate& sidecar, const PodOptions& options);

}  // namespace herdgate::inject
