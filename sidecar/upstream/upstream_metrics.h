// What the lanes of one loop count.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sidecar/metrics/buckets.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/upstream/overhead_probe.h"

namespace herdgate::upstream {

// Commands answered to clients, by command id and outcome, and how long they took. Shared with the pipeline, which
// counts what it answers itself.
struct CommandCells {
  static constexpr std::size_t kCommands = 1024;  // ids beyond are counted as 0, "unknown"
  static constexpr std::size_t kGroups = 6;

  // `buckets`, of the durations, outlives the cells.
  explicit CommandCells(const metrics::BucketLayout& buckets) : duration(OfGroups(buckets)) {}

  static std::array<metrics::Histogram, kGroups> OfGroups(const metrics::BucketLayout& buckets) {
    return {metrics::Histogram(buckets), metrics::Histogram(buckets), metrics::Histogram(buckets),
            metrics::Histogram(buckets), metrics::Histogram(buckets), metrics::Histogram(buckets)};
  }

  void Count(std::uint16_t command, bool error) {
    auto& cell = (error ? errors : oks)[command < kCommands ? command : 0];
    cell.Add();
  }

  OverheadProbe overhead;
  std::array<metrics::Counter, kCommands> oks;
  std::array<metrics::Counter, kCommands> errors;
  std::array<metrics::Histogram, kGroups> duration;
};

enum class LaneLoss : unsigned char { kClosedByUpstream, kBroken, kProtocol };

struct alignas(metrics::kCacheLine) UpstreamMetrics {
  explicit UpstreamMetrics(const metrics::BucketLayout& buckets = metrics::kCommandDurationBuckets)
      : commands(buckets), duration(CommandCells::OfGroups(buckets)) {}

  CommandCells commands;
  std::array<metrics::Histogram, CommandCells::kGroups> duration;
  metrics::Gauge in_flight;  // commands that lanes have and their upstream has not answered
  metrics::Gauge shared_lanes;
  metrics::Gauge dedicated_lanes;  // in use
  metrics::Gauge idle_lanes;
  metrics::Gauge ready_lanes;
  metrics::Counter connects;
  metrics::Counter connect_failures;
  std::array<metrics::Counter, 3> losses;  // by LaneLoss
  metrics::Counter retries;
  metrics::Counter refused;
  metrics::Counter stray_pushes;
  metrics::Counter sent_bytes;
  metrics::Counter received_bytes;

  // Any thread. Everything but the commands, whose names this folder does not know.
  void Collect(metrics::SampleSink& sink) const;
};

}  // namespace herdgate::upstream
