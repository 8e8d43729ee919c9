// Injector: a mutating webhook of pods without its server: the body of a request -> the body of the answer.
//
// Only a mistake of who made the pod can keep it from being made (OnMistake); all else is answered "allowed", whatever
// became of the patch.
// Threads: Review from one thread at a time; SetTemplate and Collect from any. Ownership: holds its options.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/result.h"
#include "sidecar/inject/admission_review.h"
#include "sidecar/inject/pod_patch.h"
#include "sidecar/inject/sidecar_template.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::inject {

// What becomes of a pod that asks for a sidecar and, by a mistake of its own, can't have one (Outcome::kRefused).
enum class OnMistake : std::uint8_t {
  kDeny,   // it is not made; its maker reads why
  kAllow,  // it is made without a sidecar; its maker is warned
};

struct InjectorOptions {
  PodOptions pod;
  OnMistake on_mistake = OnMistake::kDeny;
  // Namespaces whose pods are never patched, besides kube-system, kube-public and kube-node-lease: the injector's own.
  std::vector<std::string> skip_namespaces;
};

// What the reviews came to. Written by the thread that calls Review.
struct InjectMetrics {
  std::array<metrics::Counter, kOutcomes> outcomes;  // by Outcome
  metrics::Counter malformed;                        // nothing that could be answered
};

class Injector {
 public:
  Injector(InjectorOptions options, SidecarTemplate sidecar);

  // The answer to an AdmissionReview, as JSON. Errors: as ParseReview.
  base::Result<std::string> Review(std::string_view body);
  // For the pods from now on.
  void SetTemplate(SidecarTemplate sidecar);
  // Adds herdgate_inject_*.
  void Collect(metrics::SampleSink& sink) const;

 private:
  bool IsSkipped(std::string_view namespace_name) const;
  PodPatch Judge(const AdmissionReview& review) const;

  const InjectorOptions options_;
  InjectMetrics metrics_;
  mutable std::mutex mutex_;  // guards template_
  std::shared_ptr<const SidecarTemplate> template_;
};

}  // namespace herdgate::inject
