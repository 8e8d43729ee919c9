#include "sidecar/upstream/breaker.h"

#include <utility>

#include "sidecar/base/log.h"

namespace herdgate::upstream {
namespace {

using metrics::CounterFamily;
using metrics::GaugeFamily;
using State = Breaker::State;

constexpr GaugeFamily kState{"herdgate_upstream_breaker_state",
                             "1 for the breaker's present state, 0 for the others: closed, open, half_open."};
constexpr CounterFamily kTransitions{"herdgate_upstream_breaker_transitions_total",
                                     "Changes of the breaker's state, by new state and reason."};
constexpr CounterFamily kDegraded{"herdgate_upstream_degraded_seconds_total",
                                  "Time in which the breaker was not closed."};

struct Transition {
  State to;
  std::string_view reason;
};

constexpr std::array<Transition, 7> kAll{{{State::kOpen, Breaker::kUnreachable},
                                          {State::kOpen, Breaker::kSilent},
                                          {State::kOpen, Breaker::kLoading},
                                          {State::kOpen, Breaker::kProbeFailed},
                                          {State::kOpen, Breaker::kReplayFailed},
                                          {State::kHalfOpen, Breaker::kAnswered},
                                          {State::kClosed, Breaker::kReplayed}}};

}  // namespace

std::string_view Name(Breaker::State state) {
  switch (state) {
    case State::kClosed:
      return "closed";
    case State::kOpen:
      return "open";
    case State::kHalfOpen:
      return "half_open";
  }
  return "";
}

Breaker::Breaker(const base::Clock& clock) : clock_(clock), since_(clock.Now()), away_since_(since_) {}

Breaker::Info Breaker::Get() const {
  const std::lock_guard lock(mutex_);
  return {.state = state(), .since = since_, .away_since = away_since_, .reason = reason_, .error = error_};
}

void Breaker::SetOnChange(std::function<void(State, std::string_view)> on_change) {
  const std::lock_guard lock(mutex_);
  on_change_ = std::move(on_change);
}

void Breaker::Change(std::unique_lock<std::mutex> lock, State to, std::string_view reason) {
  const State from = state();
  const auto now = clock_.Now();
  if (from != State::kClosed) degraded_ += now - since_;
  if (from == State::kClosed) away_since_ = now;
  if (to == State::kHalfOpen) answered_at_.store(now.time_since_epoch(), std::memory_order_relaxed);
  for (std::size_t i = 0; i < kAll.size(); ++i) {
    if (kAll[i].to == to && kAll[i].reason == reason) ++transitions_[i];
  }
  since_ = now;
  reason_ = reason;
  if (to == State::kOpen && reason != kReplayFailed) answering_ = false;
  state_.store(to, std::memory_order_release);
  const auto on_change = on_change_;
  const std::string error = to == State::kOpen ? error_ : std::string();
  lock.unlock();
  const auto level = to == State::kOpen ? base::LogLevel::kWarn : base::LogLevel::kInfo;
  base::Log(level, "upstream.breaker", {{"from", Name(from)}, {"to", Name(to)}, {"reason", reason}, {"error", error}});
  if (on_change) on_change(to, reason);
}

void Breaker::Close() {
  std::unique_lock lock(mutex_);
  if (state() == State::kHalfOpen) Change(std::move(lock), State::kClosed, kReplayed);
}

void Breaker::Reopen(std::string_view reason) {
  std::unique_lock lock(mutex_);
  if (reason != kReplayFailed) answering_ = false;
  if (state() == State::kHalfOpen) Change(std::move(lock), State::kOpen, reason);
}

bool Breaker::TryHalfOpen() {
  std::unique_lock lock(mutex_);
  if (state() == State::kClosed) return false;
  if (!std::exchange(answering_, true)) answering_since_ = clock_.Now();
  if (state() == State::kHalfOpen) return true;
  if (silent_ > 0) return false;
  Change(std::move(lock), State::kHalfOpen, kAnswered);
  return true;
}

std::optional<base::SteadyTime> Breaker::AnsweringSince() const {
  const std::lock_guard lock(mutex_);
  if (state() == State::kClosed || !answering_) return std::nullopt;
  return answering_since_;
}

bool Breaker::MayConnect() {
  const std::lock_guard lock(mutex_);
  if (!on_change_) return true;
  if (state() == State::kOpen && !answering_) return false;
  if (ready_ > 0 || !away_) return true;
  const auto now = clock_.Now();
  if (now < next_attempt_) return false;
  next_attempt_ = now + kAttemptEvery;
  return true;
}

void Breaker::OnReady() {
  const std::lock_guard lock(mutex_);
  ++ready_;
  away_ = false;
  error_.clear();
}

void Breaker::OnReadyEnded(bool lost) {
  const std::lock_guard lock(mutex_);
  --ready_;
  away_ |= lost;
}

void Breaker::OnFailed(const std::string& error) {
  std::unique_lock lock(mutex_);
  away_ = true;
  error_ = error;
  if (on_change_ && ready_ == 0 && state() == State::kClosed) Change(std::move(lock), State::kOpen, kUnreachable);
}

void Breaker::OnSilent(const std::string& error) {
  std::unique_lock lock(mutex_);
  ++silent_;
  error_ = error;
  if (on_change_ && state() != State::kOpen) Change(std::move(lock), State::kOpen, kSilent);
}

void Breaker::OnLoading(const std::string& error) {
  std::unique_lock lock(mutex_);
  if (state() != State::kClosed || !on_change_) return;
  error_ = error;
  Change(std::move(lock), State::kOpen, kLoading);
}

void Breaker::OnSilenceEnded() {
  const std::lock_guard lock(mutex_);
  --silent_;
}

void Breaker::Collect(metrics::SampleSink& sink) const {
  const std::lock_guard lock(mutex_);
  for (const State state : {State::kClosed, State::kOpen, State::kHalfOpen}) {
    sink.Add(kState, {{"state", Name(state)}}, state == this->state() ? 1 : 0);
  }
  for (std::size_t i = 0; i < kAll.size(); ++i) {
    sink.Add(kTransitions, {{"to", Name(kAll[i].to)}, {"reason", kAll[i].reason}}, transitions_[i]);
  }
  auto degraded = degraded_;
  if (state() != State::kClosed) degraded += clock_.Now() - since_;
  sink.Add(kDegraded, {}, std::chrono::duration<double>(degraded).count());
}

}  // namespace herdgate::upstream
