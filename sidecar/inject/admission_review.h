// AdmissionReview: what the API server asks of a webhook, and what it is answered (admission.k8s.io/v1).
//
// Bounds: what nests deeper than kMaxReviewDepth, or comes after kMaxReviewValues, is not kept, and neither is what a
// webhook of pods doesn't need (the old object, options, the user, managedFields). The caller bounds the size; the time
// is linear in it.
// Threads: pure functions; any. Ownership: copies.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sidecar/base/result.h"
#include "sidecar/inject/pod_patch.h"

namespace herdgate::inject {

inline constexpr std::size_t kMaxReviewDepth = 64;
// More than a pod that etcd would store can have.
inline constexpr std::size_t kMaxReviewValues = 100'000;

struct AdmissionReview {
  std::string uid;             // of the request
  std::string namespace_name;  // empty for an object outside of any
  std::string pod_name;        // metadata.name or generateName; empty if it is none that Kubernetes would take
  bool creates_pod = false;    // else: another kind, operation or subresource
  bool dry_run = false;
  bool incomplete = false;  // something is missing that was beyond a bound
  std::string object;       // JSON; empty if there is none, or if it isn't wanted
};

// Errors (kInvalidArgument): no JSON, no AdmissionReview of v1, or a request without a uid: nothing that could be
// answered.
base::Result<AdmissionReview> ParseReview(std::string_view text);

// The answer, as JSON: allowed whatever the outcome, with the patch if there is one.
std::string Answer(const AdmissionReview& review, const PodPatch& patch);
// The answer that the pod may not be made, because of what the patch's first warning says. REQUIRES: there is one.
std::string Denial(const AdmissionReview& review, const PodPatch& patch);

}  // namespace herdgate::inject
