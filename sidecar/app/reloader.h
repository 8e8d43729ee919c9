// Reloader: reads the configuration again when asked to, and puts it into force whole or not at all. Every result is in
// the log and in the metrics.
//
// What can't be put into force without a restart is named, and stays as it was at the start.
// Threads: Reload on main's; Collect and View on any.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "sidecar/admin/api_content.h"
#include "sidecar/base/clock.h"
#include "sidecar/config/loader.h"
#include "sidecar/config/options.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::app {

class Reloader {
 public:
  enum class Result : unsigned char { kApplied, kRefused, kUnchanged };

  // `started`: what the process runs on. `load` reads file and flags again; null: there is no file. `apply` gets what
  // is in force from then on, only if it is another one. `clock` outlives this.
  Reloader(config::Options started, std::function<config::Loaded()> load,
           std::function<void(const config::Options&)> apply, const base::Clock& clock);

  // `reason` is for the log: "SIGHUP".
  Result Reload(std::string_view reason);
  // For a file that may have changed between the start and the watch: counts and logs nothing if it has not.
  void CatchUp();

  void Collect(metrics::SampleSink& sink) const;
  // Any thread: what is in force, and how the last reload went.
  admin::ConfigView View() const;

 private:
  Result Refuse(const config::Loaded& loaded, std::string_view reason);
  Result Apply(const config::Options& options, std::string_view reason);
  void NoteGood();

  const config::Options started_;
  const std::function<config::Loaded()> load_;
  const std::function<void(const config::Options&)> apply_;
  const base::Clock& clock_;
  config::Options accepted_;  // the last good file, as it was read

  std::atomic<std::uint64_t> applied_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> unchanged_{0};
  std::atomic<bool> last_was_good_{true};
  std::atomic<std::int64_t> good_at_ms_{0};
  std::atomic<std::size_t> pending_{0};  // options that wait for a restart
  mutable std::mutex mutex_;             // guards what is below
  std::string hash_;                     // of what is in force
  config::Options in_force_;
  std::vector<std::string> pending_names_;
};

}  // namespace herdgate::app
