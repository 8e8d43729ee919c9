// FlightFixture: a flight table with a clock of its own; what it wants done is read as words:
//   "ask read refresh renew release drop" for commands to Redis, "<name>:value" and so on for callers.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/stampede/flight_table.h"

namespace herdgate::stampede {

class FlightFixture : public testing::Test {
 protected:
  using ms = std::chrono::milliseconds;

  explicit FlightFixture(const FlightTableOptions& options = {}) : table_(options) {}

  // Callers are known by one letter.
  static Caller Of(char name) { return {.id = static_cast<std::uint64_t>(name), .loop = 0}; }
  cache::HashedKey Key(std::string_view key = "k") const { return table_.Hash(key); }

  // "wait", "lead", "refused" or "full", and what is to be done.
  std::string Begin(char caller, std::string_view key = "k") {
    static constexpr std::array<std::string_view, 4> kRoles = {"lead", "wait", "refused", "full"};
    const Begun begun = table_.Begin(Key(key), Of(caller), terms_, now_, todo_);
    if (begun.role == Role::kWait) waiters_[caller] = begun.waiter;
    return Said(std::string(kRoles[static_cast<std::size_t>(begun.role)]));
  }
  std::string Asked(AskResult result, ms remaining = ms(0)) { return AskedOf(asked_, result, remaining); }
  std::string AskedOf(FlightId flight, AskResult result, ms remaining = ms(0)) {
    table_.OnAsked(Key(), flight, {.result = result, .remaining = remaining, .value_lives = lives_}, now_, todo_);
    return Said();
  }
  std::string Pushed() {
    table_.OnInvalidated(Key(), now_, todo_);
    return Said();
  }
  std::string Deleted() {
    table_.Taint(Key(), now_, todo_);
    return Said();
  }
  std::string SetSent(char caller) {
    plan_ = table_.OnSetSent(Key(), Of(caller), now_, todo_);
    return Said();
  }
  std::string SetDone(SetOutcome outcome = SetOutcome::kStored) {
    late_ = table_.OnSetDone(Key(), plan_, outcome, now_, todo_);
    return Said();
  }
  std::string Set(char caller) {
    const std::string sent = SetSent(caller);
    const std::string done = SetDone();
    return sent + (sent.empty() || done.empty() ? "" : " ") + done;
  }
  std::string Gone(char caller) {
    table_.OnCallerGone(Of(caller), now_, todo_);
    return Said();
  }
  std::string Unpark(char caller) {
    const std::optional<Answer> answer = table_.Unpark(Key(), waiters_[caller], now_, todo_);
    return Said(answer ? std::string(NameOf(*answer)) : "nothing");
  }
  std::string Renewed(bool held) {
    table_.OnRenewed(Key(), led_, held, now_, todo_);
    return Said();
  }
  // Time passes; the table is called whenever it wants to be.
  std::string After(ms time) {
    const base::SteadyTime end = now_ + time;
    std::string said;
    while (table_.NextDue() <= end) {
      now_ = std::max(now_, table_.NextDue());
      table_.OnDue(now_, todo_);
      const std::string more = Said();
      said += (said.empty() || more.empty() ? "" : " ") + more;
    }
    now_ = end;
    return said;
  }
  // Callers a, b, c, ... of which a leads with a lease.
  void LedWith(std::string_view others) {
    EXPECT_EQ(Begin('a'), "wait ask");
    EXPECT_EQ(Asked(AskResult::kWon), "a:lead");
    for (const char other : others) EXPECT_EQ(Begin(other), "wait");
  }
  void ExpectNothingLeft() {
    EXPECT_TRUE(table_.empty());
    EXPECT_EQ(table_.callers(), 0U);
    const FlightStats stats = table_.Stats();
    EXPECT_EQ(stats.waiters + stats.leaders + stats.flights, 0U);
    EXPECT_EQ(table_.NextDue(), base::SteadyTime::max());
  }

  static std::string_view NameOf(Answer answer) {
    static constexpr std::array<std::string_view, kAnswers> kNames = {"value", "lead", "miss", "timeout", "keep"};
    return kNames[static_cast<std::size_t>(answer)];
  }
  std::string Said(std::string words = {}) {
    static constexpr std::array<std::string_view, 6> kCalls = {"ask", "refresh", "read", "renew", "release", "drop"};
    const auto add = [&words](const std::string& word) { words += (words.empty() ? "" : " ") + word; };
    for (const LeaseCall& call : todo_.calls) {
      add(std::string(kCalls[static_cast<std::size_t>(call.kind)]));
      if (call.kind <= LeaseCall::Kind::kRead) asked_ = call.flight;
      if (call.kind == LeaseCall::Kind::kRelease) released_ = call.flight;
      if (call.kind == LeaseCall::Kind::kRenew) led_ = call.flight;
    }
    for (const Wake& wake : todo_.wakes) {
      add(std::string(1, static_cast<char>(wake.caller.id)) + ":" + std::string(NameOf(wake.answer)));
    }
    for (const FlightEnd& end : todo_.ended) ended_.push_back(end);
    todo_.Clear();
    return words;
  }

  FlightTable table_;
  FlightTerms terms_;
  base::SteadyTime now_{std::chrono::hours(1)};
  Todo todo_;
  std::map<char, WaiterId> waiters_;
  bool lives_ = false;  // in replies
  FlightId asked_ = 0;  // the last one of its kind
  FlightId released_ = 0;
  FlightId led_ = 0;
  SetPlan plan_;
  bool late_ = false;
  std::vector<FlightEnd> ended_;
};

}  // namespace herdgate::stampede
