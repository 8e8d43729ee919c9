#include "sidecar/pipeline/lease_gate.h"

#include <algorithm>
#include <array>

#include "sidecar/base/log.h"
#include "sidecar/pipeline/texts.h"
#include "sidecar/upstream/tracking/call_queue.h"

namespace herdgate::pipeline {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t Nanoseconds(base::SteadyTime time) {
  return std::chrono::nanoseconds(time.time_since_epoch()).count();
}

std::int64_t Nanoseconds(std::chrono::seconds span) {
  return std::chrono::nanoseconds(span).count();
}

}  // namespace

bool LeaseGate::Take(base::SteadyTime time) {
  const std::int64_t now = Nanoseconds(time);
  const std::int64_t interval = kSecond / rules_.asks_per_second;
  if (!open() && !MayTry(now)) return false;
  std::int64_t next = next_.load(std::memory_order_relaxed);
  while (true) {
    const std::int64_t mine = std::max(next, now);
    if (mine - now > (rules_.burst - 1) * interval) {
      withheld_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    if (next_.compare_exchange_weak(next, mine + interval, std::memory_order_relaxed)) return true;
  }
}

bool LeaseGate::MayTry(std::int64_t now) {
  if (now < closed_until_.load(std::memory_order_relaxed)) return false;
  std::int64_t at = try_at_.load(std::memory_order_relaxed);
  return now >= at && try_at_.compare_exchange_strong(at, now + Nanoseconds(kTryEvery), std::memory_order_relaxed);
}

// Within the minute an ask may succeed all the same: rights may depend on the key. It would be one line each otherwise.
void LeaseGate::OnGranted(base::SteadyTime now) {
  std::int64_t until = closed_until_.load(std::memory_order_relaxed);
  if (until == 0 || Nanoseconds(now) < until) return;
  if (closed_until_.compare_exchange_strong(until, 0, std::memory_order_relaxed)) base::LogInfo(rules_.on_event);
}

void LeaseGate::OnError(std::string_view error, base::SteadyTime now) {
  if (!RefusesLeases(error)) return;
  const std::int64_t before = closed_until_.exchange(Nanoseconds(now) + Nanoseconds(kOff), std::memory_order_relaxed);
  if (before == 0)
    base::LogWarn(rules_.off_event, {{"error", error.empty() ? "an unknown reply" : texts::WordsOfError(error)}});
}

bool RefusesLeases(std::string_view error) {
  constexpr std::array<std::string_view, 13> kPassing = {
      "LOADING",     "BUSY",  "READONLY", "OOM",      "MISCONF",   "NOREPLICAS",           "MASTERDOWN",
      "CLUSTERDOWN", "MOVED", "ASK",      "TRYAGAIN", "WRONGTYPE", upstream::kTooLongReply};
  return std::ranges::none_of(kPassing, [&](std::string_view passing) { return error.starts_with(passing); });
}

}  // namespace herdgate::pipeline
