// PolicyFold: keeps a scrape below its ceiling, however many policies there are.
//
// All families that have the label `policy` grow with the number of policies. When they don't fit, the first policies
// of the configuration keep series of their own, and all others share those of policy="overflow": their counters,
// gauges and histograms are added up there, so a sum over all policies stays what it was. How many keep theirs is found
// at a scrape, from what they cost then, with room for series that come later; it can only shrink until the policies
// change. A policy that leaves the shared series takes its counts along: they are made up for there, since a counter
// that goes back would look like a restart. Threads: under the registry's mutex.
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/metrics/registry.h"

namespace herdgate::metrics {

class PolicyFold {
 public:
  static constexpr std::string_view kLabel = "policy";

  // The policies in force, the first of them the last to be folded.
  void SetPolicies(std::vector<std::string> names);

  // Folds what does not fit into `max_series`, of which `reserve` are kept for series without the label.
  // REQUIRES: families and series sorted, as they are afterwards.
  void Apply(std::vector<FamilySamples>& families, std::size_t max_series, std::size_t reserve);

  // Policies folded at the last Apply.
  std::size_t folded() const { return folded_; }

 private:
  // A series of the overflow, as it would have been without what is made up for.
  struct Carried {
    double last = 0;
    double missing = 0;
    HistogramSnapshot last_histogram{};
    HistogramSnapshot missing_histogram{};
  };
  using Costs = std::map<std::string, std::size_t, std::less<>>;

  std::size_t CountKept(const std::vector<std::string>& order, const Costs& costs, std::size_t room,
                        const std::vector<FamilySamples>& families);
  void Fold(FamilySamples& family, const Costs& kept);
  void MakeUp(const FamilySamples& family, Series& series);
  void Tell(std::size_t policies, std::size_t folded);

  std::vector<std::string> policies_;
  std::size_t most_ = std::numeric_limits<std::size_t>::max();  // that may keep theirs
  std::size_t folded_ = 0;
  std::map<std::string, Carried> carried_;  // by family and labels
};

}  // namespace herdgate::metrics
