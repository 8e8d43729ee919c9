// Checker: whether what clients were told keeps what a coherent near cache promises.
//
//  I1  a read shows a value that the key had at some time;
//  I2  and had not longer ago than news may take: before the lag, or before a disturbance began that lasts;
//  I3  nothing older than a write that was answered through the same pod, or sent before on the same connection;
//  I4  nothing older than an earlier read of the same connection showed;
//  I13 nothing that ran out, if its expiry was known from its start;
//  I14 is I2 behind a disturbance: what was held before it is not shown as if it were fresh.
// A read may fit several states of its key, nil and lengths do: it counts as the oldest that keeps all rules, so every
// violation reported is one. Source: semantics of session guarantees (Terry et al., 1994).
// Threads: one owner.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/coherence/history.h"
#include "tests/integration/coherence/timelines.h"

namespace herdgate::integration::coherence {

struct Findings {
  std::vector<std::string> violations;
  std::size_t reads = 0;
  std::size_t behind = 0;  // reads that showed what was no longer true when they were sent
  Micros most_behind = 0;
};

class Checker {
 public:
  static Findings Check(const History& history) { return Checker(history).Run(); }

 private:
  using Floors = std::map<std::string, std::size_t>;

  explicit Checker(const History& history) : history_(history), timelines_(history.log) {
    for (std::size_t i = 0; i < history.log.size(); ++i) places_[Joined(history.log[i].words)].push_back(i);
  }

  Findings Run() {
    for (const Event& event : history_.events) {
      if (event.key.empty()) NoteWrite(event);
    }
    for (auto& [whose, answered] : answered_) {
      std::sort(answered.begin(), answered.end());
      std::size_t most = 0;
      for (auto& [at, state] : answered) state = most = std::max(most, state);
    }
    for (const Event& event : history_.events) {
      Floors& floors = floors_[event.connection];
      if (event.key.empty()) {
        for (const auto& [key, state] : StatesOf(event)) floors[key] = std::max(floors[key], state);
      } else {
        CheckRead(event, floors);
      }
    }
    return std::move(findings_);
  }

  // ---- writes

  // The states that a write made of its keys, as far as the log tells it from others with the same words.
  Floors StatesOf(const Event& event) const {
    Floors states;
    for (const Effect& effect : event.effects) {
      const auto found = places_.find(Joined(effect.line));
      if (found == places_.end()) continue;
      const auto line = std::lower_bound(found->second.begin(), found->second.end(), event.invoked,
                                         [this](std::size_t at, Micros time) { return history_.log[at].at < time; });
      if (line == found->second.end()) continue;
      for (const std::string& key : effect.keys.empty() ? timelines_.Keys() : effect.keys) {
        std::size_t state = timelines_.After(key, *line);
        // A write that changed nothing: whether the key had run out by then, the log does not tell to the millisecond.
        if (timelines_.Of(key)[state].by_expiry) --state;
        states[key] = std::max(states[key], state);
      }
    }
    return states;
  }
  void NoteWrite(const Event& event) {
    if (event.pod < 0) return;
    for (const auto& [key, state] : StatesOf(event)) answered_[{event.pod, key}].emplace_back(event.returned, state);
  }
  std::size_t PodFloor(const Event& read) const {
    const auto found = answered_.find({read.pod, read.key});
    if (found == answered_.end()) return 0;
    const auto behind = std::lower_bound(found->second.begin(), found->second.end(), read.invoked,
                                         [](const auto& answer, Micros time) { return answer.first < time; });
    return behind == found->second.begin() ? 0 : std::prev(behind)->second;
  }

  // ---- reads

  void CheckRead(const Event& read, Floors& floors) {
    ++findings_.reads;
    const std::vector<State>& states = timelines_.Of(read.key);
    const std::size_t own = floors[read.key];
    const std::size_t pod = PodFloor(read);
    std::string broken = "I1 a value that the key never had";
    for (std::size_t i = FirstWithin(states, read.invoked - kLongAgo); i < states.size(); ++i) {
      if (states[i].from - SlackOf(states[i]) > read.returned) break;
      if (!Fits(read, states[i])) continue;
      const std::string why = WhyNot(read, states[i]);
      if (why.empty() && i >= own && i >= pod) {
        floors[read.key] = i;
        return NoteLag(read, states[i]);
      }
      broken = !why.empty() ? why
               : i < pod    ? "I3 older than an answered write"
                            : "I4 older than seen or written before";
    }
    Report(broken, read, states);
  }
  // What is wrong with showing this state; empty: nothing.
  std::string WhyNot(const Event& read, const State& state) const {
    if (state.until == kForever) return {};
    const bool ran_out = state.until == state.expires;
    if (ran_out && state.expires_from_start && state.until + history_.expiry_slack < read.invoked)
      return "I13 it had run out";
    if (state.until + (ran_out ? history_.expiry_slack : history_.clock_slack) < Earliest(read))
      return "I2 or I14 older than news takes";
    return {};
  }
  // What was true at this time may be shown.
  Micros Earliest(const Event& read) const {
    Micros earliest = read.invoked;
    for (const Disturbance& each : history_.disturbances) {
      if (each.pod == read.pod && each.from <= read.invoked && read.invoked <= each.until + history_.lag)
        earliest = std::min(earliest, each.from);
    }
    return read.pod < 0 ? read.invoked : earliest - history_.lag;
  }
  Micros SlackOf(const State& state) const { return state.by_expiry ? history_.expiry_slack : history_.clock_slack; }
  static std::size_t FirstWithin(const std::vector<State>& states, Micros time) {
    const auto first = std::lower_bound(states.begin(), states.end(), time,
                                        [](const State& state, Micros at) { return state.until < at; });
    return static_cast<std::size_t>(first - states.begin());
  }
  static bool Fits(const Event& read, const State& state) {
    switch (read.form) {
      case Form::kGet:
        return read.got == state.value;
      case Form::kStrlen:
        return read.got == std::to_string(state.value ? state.value->size() : 0);
      case Form::kExists:
        return read.got == (state.value ? "1" : "0");
      case Form::kStart:
        return read.got == (state.value ? state.value->substr(0, kStartBytes) : std::string());
    }
    return false;
  }
  void NoteLag(const Event& read, const State& state) {
    if (state.until >= read.invoked) return;
    ++findings_.behind;
    findings_.most_behind = std::max(findings_.most_behind, read.invoked - state.until);
  }

  void Report(const std::string& what, const Event& read, const std::vector<State>& states) {
    std::string text = what + ": " + read.key + " was " + read.got.value_or("(nil)") + ", form " +
                       std::to_string(static_cast<int>(read.form)) + ", pod " + std::to_string(read.pod) +
                       " connection " + std::to_string(read.connection) + " sent " + std::to_string(read.invoked) +
                       " answered +" + std::to_string(read.returned - read.invoked);
    const std::size_t now = FirstWithin(states, read.invoked);
    for (std::size_t i = now < 4 ? 0 : now - 4; i < std::min(states.size(), now + 3); ++i) {
      text += "\n  state " + std::to_string(i) + " from " + std::to_string(states[i].from - read.invoked) + ": " +
              states[i].value.value_or("(nil)") + (states[i].by_expiry ? ", ran out" : "");
    }
    findings_.violations.push_back(std::move(text));
  }
  static std::string Joined(const Words& words) {
    std::string text;
    for (const std::string& word : words) text += word + " ";
    return text;
  }

 public:
  static constexpr std::size_t kStartBytes = 6;  // Form::kStart: GETRANGE key 0 5

 private:
  static constexpr Micros kLongAgo = 3600LL * 1000 * 1000;

  const History& history_;
  const Timelines timelines_;
  std::map<std::string, std::vector<std::size_t>> places_;  // of each line in the log
  std::map<std::pair<int, std::string>, std::vector<std::pair<Micros, std::size_t>>> answered_;
  std::map<int, Floors> floors_;
  Findings findings_;
};

}  // namespace herdgate::integration::coherence
