// Breaker: whether the upstream is there, for all lanes of the process.
//
//   closed -> open       an attempt to connect failed while no lane was ready, a shared lane fell silent, or the
//                        upstream says that it loads its data
//   open -> half-open    TryHalfOpen: a new connection is answered, and no lane is silent
//   half-open -> closed  Close: the owner has told the upstream what it missed
//   half-open -> open    Reopen: that failed, or the connection broke
//
// While it is not closed the prober (prober.h) asks whether the upstream is back; lanes ask MayConnect first, so that
// the attempts of a process stay few however many lanes it has.
// Until SetOnChange has named an owner it never opens and MayConnect is always true: nobody would close it again.
//
// Threads: any. A leaf mutex, taken when a connection comes or goes, never per command; state() and watches_silence()
// are one atomic load. SetOnChange before the loops run.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "sidecar/base/clock.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::upstream {

class Breaker {
 public:
  enum class State : unsigned char { kClosed, kOpen, kHalfOpen };
  // What the transitions' `reason` says; a bounded set, for metrics and logs.
  static constexpr std::string_view kUnreachable = "unreachable";     // -> open
  static constexpr std::string_view kSilent = "silent";               // -> open
  static constexpr std::string_view kLoading = "loading";             // -> open
  static constexpr std::string_view kProbeFailed = "probe_failed";    // half-open -> open
  static constexpr std::string_view kReplayFailed = "replay_failed";  // half-open -> open
  static constexpr std::string_view kAnswered = "answered";           // -> half-open
  static constexpr std::string_view kReplayed = "replayed";           // -> closed
  // While the upstream is away the whole process attempts at most one connection in this time, the prober's aside.
  static constexpr std::chrono::milliseconds kAttemptEvery{150};

  struct Info {
    State state = State::kClosed;
    base::SteadyTime since;       // of the present state
    base::SteadyTime away_since;  // of the last time it was closed
    std::string_view reason;      // of the last transition; empty before the first
    std::string error;            // why the upstream is not reached, for people; empty since a lane was ready
  };

  explicit Breaker(const base::Clock& clock = base::SystemClock());
  Breaker(const Breaker&) = delete;
  Breaker& operator=(const Breaker&) = delete;

  State state() const { return state_.load(std::memory_order_acquire); }
  bool closed() const { return state() == State::kClosed; }
  Info Get() const;

  // ---- the owner
  // `on_change` runs after each transition, without the mutex, on the thread that caused it and in the middle of a
  // lane's work: it may only post. Two of them may come in the wrong order: ask state().
  void SetOnChange(std::function<void(State state, std::string_view reason)> on_change);
  // Whether lanes that owe replies and say nothing count; off at first.
  void WatchSilence(bool on) { watches_silence_.store(on, std::memory_order_relaxed); }
  bool watches_silence() const { return watches_silence_.load(std::memory_order_relaxed); }
  // Half-open -> closed; without effect in another state.
  void Close();
  // Half-open -> open. kProbeFailed: the upstream answers no more. kReplayFailed: it does, and lanes may connect.
  void Reopen(std::string_view reason);

  // ---- the prober
  // The upstream answers. True if the state is half-open now. From now on lanes may connect, whatever the state.
  bool TryHalfOpen();

  // ---- the lanes
  // When the upstream was last found to answer again: who waits for a connection is patient anew from then on.
  base::SteadyTime answered_at() const { return base::SteadyTime(answered_at_.load(std::memory_order_relaxed)); }
  // Since when the prober has been answered while the breaker is not closed; nothing if it is not.
  std::optional<base::SteadyTime> AnsweringSince() const;
  // Asked before each attempt, which it may count.
  [[nodiscard]] bool MayConnect();
  void OnReady();
  void OnReadyEnded(bool lost);  // `lost`: not by our own will
  void OnFailed(const std::string& error);
  // Once per silence of a lane, and once when it has spoken, broken or gone.
  void OnSilent(const std::string& error);
  void OnSilenceEnded();
  // The upstream is there, and carries out nothing yet: `error` is what it says.
  void OnLoading(const std::string& error);

  void Collect(metrics::SampleSink& sink) const;

 private:
  static constexpr std::size_t kReasons = 7;

  void Change(std::unique_lock<std::mutex> lock, State to, std::string_view reason);

  const base::Clock& clock_;
  std::atomic<State> state_{State::kClosed};
  std::atomic<bool> watches_silence_{false};
  std::atomic<base::SteadyTime::duration> answered_at_{};

  mutable std::mutex mutex_;  // guards all below
  std::function<void(State, std::string_view)> on_change_;
  base::SteadyTime since_;
  base::SteadyTime away_since_;
  std::string_view reason_;
  std::string error_;
  std::int64_t ready_ = 0;
  std::int64_t silent_ = 0;
  bool away_ = false;       // a lane was lost or an attempt failed, and none has become ready since
  bool answering_ = false;  // the prober's last word
  base::SteadyTime answering_since_;
  base::SteadyTime next_attempt_;
  std::chrono::nanoseconds degraded_{0};  // before since_
  std::array<std::uint64_t, kReasons> transitions_{};
};

// "closed", "open", "half_open".
std::string_view Name(Breaker::State state);

}  // namespace herdgate::upstream
