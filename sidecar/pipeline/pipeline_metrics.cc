#include "sidecar/pipeline/pipeline_metrics.h"

#include <string_view>
#include <utility>

#include "sidecar/base/log.h"
#include "sidecar/command/table.h"

namespace herdgate::pipeline {
namespace {

using metrics::CounterFamily;
using metrics::HistogramFamily;

constexpr CounterFamily kPins{"herdgate_client_pins_total", "Clients that took a dedicated lane, by reason."};
constexpr CounterFamily kBarriers{"herdgate_barriers_total",
                                  "Commands that waited for earlier replies to change lanes."};
constexpr CounterFamily kCap{"herdgate_lane_cap_refusals_total", "Clients closed because no dedicated lane was left."};
constexpr CounterFamily kBlocks{"herdgate_whole_transactions_total",
                                "Transactions forwarded in one run on a shared lane."};
constexpr CounterFamily kLost{"herdgate_clients_lost_total", "Clients closed because a command's fate was unknown."};
constexpr CounterFamily kCommands{"herdgate_commands_total", "Commands answered, by name and outcome."};
constexpr HistogramFamily kDuration{"herdgate_command_duration_seconds",
                                    "From the arrival of a command to its upstream reply, by class.",
                                    metrics::kCommandDurationBuckets};
constexpr HistogramFamily kUpstreamDuration{"herdgate_upstream_duration_seconds",
                                            "From sending a command to the upstream to its reply, by class.",
                                            metrics::kCommandDurationBuckets};

constexpr HistogramFamily kOverhead{
    "herdgate_proxy_overhead_seconds",
    "How long Herdgate holds up a command that the upstream answers, the upstream's time left out; of one in 256.",
    metrics::kProxyOverheadBuckets};
constexpr std::string_view kOther = "other";

}  // namespace

void PipelineMetrics::Collect(metrics::SampleSink& sink) const {
  for (std::size_t i = 0; i < kPinReasons; ++i) sink.Add(kPins, {{"reason", kPinReasonNames[i]}}, pins[i]);
  sink.Add(kBarriers, {}, barriers);
  sink.Add(kCap, {}, lane_cap_refusals);
  sink.Add(kBlocks, {}, whole_blocks);
  sink.Add(kLost, {}, lost_clients);
}

bool ShownCommands::Shows(std::uint16_t id) {
  const std::lock_guard lock(mutex_);
  if (ids_.contains(id)) return true;
  if (ids_.size() < kMost) return ids_.insert(id).second;
  if (!std::exchange(told_, true)) base::LogWarn("metrics.commands_folded", {{"shown", std::uint64_t{kMost}}});
  return false;
}

void CollectCommands(const upstream::UpstreamMetrics& lanes, ShownCommands& shown, metrics::SampleSink& sink) {
  const auto& commands = lanes.commands;
  const auto& table = command::BuiltIn();
  for (std::size_t id = 0; id < upstream::CommandCells::kCommands; ++id) {
    const auto oks = commands.oks[id].value();
    const auto errors = commands.errors[id].value();
    if (oks + errors == 0) continue;
    const bool named = id < table.size() && shown.Shows(static_cast<std::uint16_t>(id));
    const auto name = named ? table.at(static_cast<std::uint16_t>(id)).name : kOther;
    sink.Add(kCommands, {{"command", name}, {"outcome", "ok"}}, oks);
    sink.Add(kCommands, {{"command", name}, {"outcome", "error"}}, errors);
  }
  for (std::size_t group = 0; group < upstream::CommandCells::kGroups; ++group) {
    // Two histograms are many series: classes other than these are shown once they are used.
    const auto known = static_cast<command::CommandGroup>(group);
    const bool always = known == command::CommandGroup::kRead || known == command::CommandGroup::kWrite;
    if (!always && commands.duration[group].IsEmpty() && lanes.duration[group].IsEmpty()) continue;
    const auto name = command::Name(known);
    sink.Add(kDuration, {{"class", name}}, commands.duration[group]);
    sink.Add(kUpstreamDuration, {{"class", name}}, lanes.duration[group]);
  }
  sink.Add(kOverhead, {}, commands.overhead.histogram());
}

}  // namespace herdgate::pipeline
