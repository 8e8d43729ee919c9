#include "sidecar/pipeline/pipeline_metrics.h"

#include <string>

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

}  // namespace

void PipelineMetrics::Collect(metrics::SampleSink& sink) const {
  for (std::size_t i = 0; i < kPinReasons; ++i) sink.Add(kPins, {{"reason", kPinReasonNames[i]}}, pins[i]);
  sink.Add(kBarriers, {}, barriers);
  sink.Add(kCap, {}, lane_cap_refusals);
  sink.Add(kBlocks, {}, whole_blocks);
  sink.Add(kLost, {}, lost_clients);
}

void CollectCommands(const upstream::UpstreamMetrics& lanes, metrics::SampleSink& sink) {
  const auto& commands = lanes.commands;
  const auto& table = command::BuiltIn();
  for (std::size_t id = 0; id < upstream::CommandCells::kCommands; ++id) {
    const auto oks = commands.oks[id].value();
    const auto errors = commands.errors[id].value();
    if (oks + errors == 0) continue;
    const auto name = id < table.size() ? table.at(static_cast<std::uint16_t>(id)).name : std::string_view("other");
    if (oks > 0) sink.Add(kCommands, {{"command", name}, {"outcome", "ok"}}, oks);
    if (errors > 0) sink.Add(kCommands, {{"command", name}, {"outcome", "error"}}, errors);
  }
  for (std::size_t group = 0; group < upstream::CommandCells::kGroups; ++group) {
    const auto name = command::Name(static_cast<command::CommandGroup>(group));
    sink.Add(kDuration, {{"class", name}}, commands.duration[group]);
    sink.Add(kUpstreamDuration, {{"class", name}}, lanes.duration[group]);
  }
}

}  // namespace herdgate::pipeline
