#include "sidecar/inject/injector.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "sidecar/base/log.h"

namespace herdgate::inject {
namespace {

constexpr metrics::CounterFamily kReviews{"herdgate_inject_reviews_total",
                                          "Pods reviewed by outcome: injected, present, not_asked, left_alone, "
                                          "refused, not_understood, or malformed requests."};

constexpr std::array<std::string_view, 3> kNeverNamespaces = {"kube-system", "kube-public", "kube-node-lease"};

void Log(const AdmissionReview& review, const PodPatch& patch, bool allowed) {
  const std::string name_space = IsObjectName(review.namespace_name) ? review.namespace_name : "";
  const bool refused = !patch.warnings.empty() && patch.patch.empty();
  base::Log(refused                               ? base::LogLevel::kWarn
            : patch.outcome == Outcome::kInjected ? base::LogLevel::kInfo
                                                  : base::LogLevel::kDebug,
            "inject.reviewed",
            {{"outcome", Name(patch.outcome)},
             {"namespace", name_space},
             {"pod", review.pod_name},
             {"allowed", allowed ? "true" : "false"},
             {"dry_run", review.dry_run ? "true" : "false"},
             {"detail", patch.warnings.empty() ? "" : patch.warnings.front()}});
}

PodPatch NotAdded(Outcome outcome, const std::string& why) {
  return {outcome, "", {"herdgate: no sidecar was added: " + why}};
}

}  // namespace

Injector::Injector(InjectorOptions options, SidecarTemplate sidecar) : options_(std::move(options)) {
  SetTemplate(std::move(sidecar));
}

void Injector::SetTemplate(SidecarTemplate sidecar) {
  auto next = std::make_shared<const SidecarTemplate>(std::move(sidecar));
  const std::lock_guard lock(mutex_);
  template_ = std::move(next);
}

bool Injector::IsSkipped(std::string_view namespace_name) const {
  return std::ranges::find(kNeverNamespaces, namespace_name) != kNeverNamespaces.end() ||
         std::ranges::find(options_.skip_namespaces, namespace_name) != options_.skip_namespaces.end();
}

PodPatch Injector::Judge(const AdmissionReview& review) const {
  if (!review.creates_pod) return {};
  // Whether it asks may be among what is missing.
  if (review.incomplete) return NotAdded(Outcome::kNotUnderstood, "the pod is too large, or nests too deep");
  std::shared_ptr<const SidecarTemplate> sidecar;
  {
    const std::lock_guard lock(mutex_);
    sidecar = template_;
  }
  PodPatch patch = PatchPod(review.object, *sidecar, options_.pod);
  if (patch.outcome != Outcome::kNotAsked && IsSkipped(review.namespace_name))
    return NotAdded(Outcome::kLeftAlone, "pods of this namespace are left alone");
  return patch;
}

base::Result<std::string> Injector::Review(std::string_view body) {
  // Only memory that runs out can still throw here; the server would answer 500.
  try {
    const base::Result<AdmissionReview> review = ParseReview(body);
    if (!review.ok()) {
      metrics_.malformed.Add();
      return review.status();
    }
    const PodPatch patch = Judge(review.value());
    metrics_.outcomes.at(static_cast<std::size_t>(patch.outcome)).Add();
    const bool allowed = patch.outcome != Outcome::kRefused || options_.on_mistake == OnMistake::kAllow;
    Log(review.value(), patch, allowed);
    return allowed ? Answer(review.value(), patch) : Denial(review.value(), patch);
  } catch (const std::exception&) {
    metrics_.malformed.Add();
    return base::Status(base::ErrorCode::kInvalidArgument, "the request can't be read");
  }
}

void Injector::Collect(metrics::SampleSink& sink) const {
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    sink.Add(kReviews, {{"outcome", Name(static_cast<Outcome>(i))}}, metrics_.outcomes.at(i));
  }
  sink.Add(kReviews, {{"outcome", "malformed"}}, metrics_.malformed);
}

}  // namespace herdgate::inject
