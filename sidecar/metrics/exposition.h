// Exposition: the answer to GET /metrics, in the Prometheus text format 0.0.4.
//
// The text is kept for a second, so that a storm of scrapes costs the process one collection a second. Its own cost is
// in it: herdgate_scrape_collect_duration_seconds.
// Threads: any. Callers that come while a text is made wait for it. Ownership: the registry and the clock outlive it.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "sidecar/base/clock.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::metrics {

// Prometheus 3 refuses a scrape whose content type it doesn't know.
inline constexpr const char* kTextContentType = "text/plain; version=0.0.4; charset=utf-8";

class Exposition {
 public:
  static constexpr std::chrono::milliseconds kCacheFor{1000};

  explicit Exposition(Registry& registry, const base::Clock& clock = base::SystemClock(),
                      std::chrono::milliseconds cache_for = kCacheFor)
      : registry_(registry), clock_(clock), cache_for_(cache_for) {}

  std::shared_ptr<const std::string> Text();
  // The same in gzip, made once for each text that somebody wants so. Empty if there is no memory for it.
  std::shared_ptr<const std::string> Compressed();

 private:
  // REQUIRES mutex_ held.
  void Refresh();

  Registry& registry_;
  const base::Clock& clock_;
  const std::chrono::milliseconds cache_for_;
  std::mutex mutex_;  // guards all below
  std::shared_ptr<const std::string> text_;
  std::shared_ptr<const std::string> compressed_;  // text_'s; null: not made yet
  base::SteadyTime made_at_;
};

}  // namespace herdgate::metrics
