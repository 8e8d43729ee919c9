// Explainer: what policies make of a key, as text for people: the policy that it belongs to, its name in Redis,
// what is answered from memory, after a miss or while Redis is away, and what the common commands on it become.
//
// It asks the judge that the data path asks, so that it can't tell another story. Threads: one owner. The text is
// stable: the same policies and key give the same bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/policy/policy.h"
#include "sidecar/policy/request_judge.h"

namespace herdgate::app {

class Explainer {
 public:
  // REQUIRES: valid policies.
  explicit Explainer(std::vector<policy::Policy> policies);

  // Several lines, the first of them the key. A generation, which only Redis knows, is shown as <generation>.
  std::string Explain(std::string_view key);

 private:
  std::string Table(std::string_view key, std::size_t index);
  std::string Outcome(const std::vector<std::string>& command, std::string_view key, std::size_t index);
  std::string FollowUps(std::string_view key, std::size_t index) const;
  std::string Request(std::string_view key, std::size_t index) const;
  std::string PhysicalName(std::string_view key, std::size_t index) const;
  std::string Tags(std::string_view key, std::size_t index) const;
  void Judge(const std::vector<std::string>& command);

  const std::vector<policy::Policy> policies_;  // as configured
  policy::SnapshotPtr snapshot_;                // of the same, those in audit mode enforced
  policy::RequestJudge judge_;
  policy::RequestPlan plan_;
};

}  // namespace herdgate::app
