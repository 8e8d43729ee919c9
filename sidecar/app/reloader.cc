#include "sidecar/app/reloader.h"

#include <algorithm>
#include <utility>

#include "sidecar/app/config_view.h"
#include "sidecar/base/log.h"
#include "sidecar/config/diff.h"

namespace herdgate::app {
namespace {

constexpr metrics::CounterFamily kReloads{"herdgate_config_reloads_total",
                                          "Times the configuration was read again, by result."};
constexpr metrics::GaugeFamily kLastGood{"herdgate_config_last_reload_success",
                                         "1 if the configuration was good when it was last read."};
constexpr metrics::GaugeFamily kLastGoodTime{
    "herdgate_config_last_reload_timestamp_seconds",
    "When a good configuration was last read since the Unix epoch, in seconds."};
constexpr metrics::GaugeFamily kPending{"herdgate_config_pending_restart",
                                        "Options whose value in the file waits for a restart."};
constexpr metrics::GaugeFamily kInfo{"herdgate_config_info",
                                     "Always 1; the label tells configurations apart: a hash of all options in force "
                                     "but passwords."};

// A file of nonsense must not flood the log.
constexpr std::size_t kMaxProblemLines = 50;

std::string Joined(const std::vector<std::string>& keys) {
  std::string out;
  for (const std::string& key : keys) out += (out.empty() ? "" : ", ") + key;
  return out;
}

}  // namespace

Reloader::Reloader(config::Options started, std::function<config::Loaded()> load,
                   std::function<void(const config::Options&)> apply, const base::Clock& clock)
    : started_(std::move(started)),
      load_(std::move(load)),
      apply_(std::move(apply)),
      clock_(clock),
      accepted_(started_),
      hash_(config::HashOptions(started_)),
      in_force_(started_) {
  NoteGood();
}

Reloader::Result Reloader::Reload(std::string_view reason) {
  if (load_ == nullptr) {
    base::LogInfo("reload.unchanged", {{"reason", reason}, {"detail", "there is no configuration file"}});
    unchanged_.fetch_add(1);
    return Result::kUnchanged;
  }
  const config::Loaded loaded = load_();
  if (!loaded.problems.empty()) return Refuse(loaded, reason);
  if (!config::SameOptions(loaded.options, accepted_)) return Apply(loaded.options, reason);
  NoteGood();
  unchanged_.fetch_add(1);
  base::LogInfo("reload.unchanged", {{"reason", reason}});
  return Result::kUnchanged;
}

void Reloader::CatchUp() {
  if (load_ == nullptr) return;
  const config::Loaded loaded = load_();
  if (!loaded.problems.empty()) {
    (void)Refuse(loaded, "start");
  } else if (!config::SameOptions(loaded.options, accepted_)) {
    (void)Apply(loaded.options, "start");
  }
}

Reloader::Result Reloader::Refuse(const config::Loaded& loaded, std::string_view reason) {
  const std::size_t shown = std::min(loaded.problems.size(), kMaxProblemLines);
  for (std::size_t i = 0; i < shown; ++i) {
    base::LogError("reload.refused", {{"reason", reason},
                                      {"problem", loaded.problems[i].ToString()},
                                      {"problems", static_cast<std::uint64_t>(loaded.problems.size())}});
  }
  last_was_good_ = false;
  refused_.fetch_add(1);
  return Result::kRefused;
}

Reloader::Result Reloader::Apply(const config::Options& options, std::string_view reason) {
  accepted_ = options;
  const config::Options in_force = config::WithLive(started_, options);
  apply_(in_force);
  const std::vector<std::string> pending = config::DiffOptions(started_, options);
  const std::string hash = config::HashOptions(in_force);
  {
    const std::lock_guard lock(mutex_);
    hash_ = hash;
    in_force_ = in_force;
    pending_names_ = pending;
  }
  pending_ = pending.size();
  applied_.fetch_add(1);
  NoteGood();
  base::Log(pending.empty() ? base::LogLevel::kInfo : base::LogLevel::kWarn, "reload.applied",
            {{"reason", reason},
             {"hash", hash},
             {"policies", static_cast<std::uint64_t>(in_force.policies.size())},
             {"needs_restart", Joined(pending)}});
  return Result::kApplied;
}

void Reloader::NoteGood() {
  last_was_good_ = true;
  good_at_ms_ = clock_.Wall().time_since_epoch().count();
}

admin::ConfigView Reloader::View() const {
  const std::lock_guard lock(mutex_);
  admin::ConfigView view = ViewOfOptions(in_force_);
  view.last_reload_ok = last_was_good_;
  view.last_good_at = base::WallTime(std::chrono::milliseconds(good_at_ms_.load()));
  view.applied = applied_;
  view.refused = refused_;
  view.unchanged = unchanged_;
  view.pending = pending_names_;
  return view;
}

void Reloader::Collect(metrics::SampleSink& sink) const {
  sink.Add(kReloads, {{"result", "applied"}}, applied_.load());
  sink.Add(kReloads, {{"result", "refused"}}, refused_.load());
  sink.Add(kReloads, {{"result", "unchanged"}}, unchanged_.load());
  sink.Add(kLastGood, {}, last_was_good_ ? 1 : 0);
  sink.Add(kLastGoodTime, {}, static_cast<double>(good_at_ms_.load()) / 1000.0);
  sink.Add(kPending, {}, pending_.load());
  const std::lock_guard lock(mutex_);
  sink.Add(kInfo, {{"hash", hash_}}, 1);
}

}  // namespace herdgate::app
