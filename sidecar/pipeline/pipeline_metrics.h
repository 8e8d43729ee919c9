// What the pipeline of one loop counts, beside the commands (upstream::CommandCells).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>

#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/upstream/upstream_metrics.h"

namespace herdgate::pipeline {

// Why a client holds a dedicated lane: the label `reason` of herdgate_dedicated_lanes_total.
enum class PinReason : unsigned char {
  kMulti,
  kWatch,
  kSubscribed,
  kTracking,
  kBlocked,
  kMonitor,
  kReplication,
  kWait,
  kLargeRequest,
  kSlowReader,
  kUrgent,
  kUnknownCommand
};
constexpr std::size_t kPinReasons = 12;
constexpr std::array<const char*, kPinReasons> kPinReasonNames = {
    "multi",       "watch", "subscribed",    "tracking",    "blocked", "monitor",
    "replication", "wait",  "large_request", "slow_reader", "urgent",  "unknown_command"};

struct alignas(metrics::kCacheLine) PipelineMetrics {
  std::array<metrics::Counter, kPinReasons> pins;
  metrics::Counter barriers;           // commands that had to wait for earlier replies because their lane changed
  metrics::Counter lane_cap_refusals;  // clients closed because no dedicated lane was left
  metrics::Counter whole_blocks;       // MULTI..EXEC forwarded in one run on a shared lane
  metrics::Counter lost_clients;       // clients closed because a command's fate was unknown

  // Any thread.
  void Collect(metrics::SampleSink& sink) const;
};

// Which commands a scrape shows by name: the first kMost that were used; all others are `other`, and stay so. Without
// this, a client that tries all commands would take half of a scrape.
//
// Threads: any. Shared by the loops of a process.
class ShownCommands {
 public:
  static constexpr std::size_t kMost = 48;

  bool Shows(std::uint16_t id);

 private:
  std::mutex mutex_;  // a leaf
  std::set<std::uint16_t> ids_;
  bool told_ = false;
};

// Commands by name and outcome, their durations by class, and what Herdgate adds to them. Any thread.
void CollectCommands(const upstream::UpstreamMetrics& lanes, ShownCommands& shown, metrics::SampleSink& sink);

}  // namespace herdgate::pipeline
