#include "sidecar/pipeline/flight_timer.h"

#include <algorithm>
#include <utility>

namespace herdgate::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

std::int64_t Nanoseconds(base::SteadyTime time) {
  return nanoseconds(time.time_since_epoch()).count();
}

constexpr std::int64_t kNever = nanoseconds(base::SteadyTime::max().time_since_epoch()).count();

}  // namespace

FlightTimer::FlightTimer(const stampede::FlightTable& table, net::Loop& home, std::function<void()> on_due)
    : table_(table), home_(home), on_due_(std::move(on_due)), timer_(home), until_(kNever) {}

void FlightTimer::Look(base::SteadyTime now, bool on_home) {
  std::int64_t until = until_.load();
  // Soon enough, whatever is due.
  if (table_.empty() || until <= Nanoseconds(now + kLeast)) return;
  const std::int64_t due = Nanoseconds(table_.NextDue());
  while (due < until) {
    if (!until_.compare_exchange_weak(until, due)) continue;
    if (on_home) return Sleep();
    return home_.Post([this] { Sleep(); });
  }
}

void FlightTimer::Sleep() {
  if (closed_) return;
  base::SteadyTime due;
  do {
    due = table_.NextDue();
    until_.store(Nanoseconds(due));
  } while (table_.NextDue() < due);
  if (due == base::SteadyTime::max()) return timer_.Cancel();
  const auto left = std::chrono::ceil<milliseconds>(due - base::SystemClock().Now());
  timer_.After(std::max(left, kLeast), [this] { Wake(); });
}

void FlightTimer::Wake() {
  on_due_();
  Sleep();
}

void FlightTimer::Close() {
  closed_ = true;
  timer_.Cancel();
}

}  // namespace herdgate::pipeline
