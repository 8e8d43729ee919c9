// Timelines: what each key of database 0 was and when, from the log of what Redis executed.
//
// Knows the commands that the histories write with; of those only forms that do the same whether a key has just run
// out or not. Threads: one owner.
#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/coherence/history.h"

namespace herdgate::integration::coherence {

inline constexpr Micros kForever = std::numeric_limits<Micros>::max();

struct State {
  Micros from = 0;
  Micros until = kForever;
  std::size_t line = 0;  // of the log: the one that made it; of a key that ran out, the last one before
  std::optional<std::string> value = {};
  Micros expires = kForever;
  bool expires_from_start = false;  // its expiry was not added later
  bool by_expiry = false;           // began because another one ran out
};

class Timelines {
 public:
  explicit Timelines(const std::vector<LogLine>& log) : log_(log) {
    for (line_ = 0; line_ < log.size(); ++line_) Apply(log[line_]);
    for (auto& [key, states] : states_) {
      RunOut(states, kForever - 1);
      for (std::size_t i = 0; i + 1 < states.size(); ++i) states[i].until = states[i + 1].from;
    }
  }

  // Never empty: a key begins as nothing.
  const std::vector<State>& Of(const std::string& key) const {
    static const std::vector<State> kNothing(1);
    const auto found = states_.find(key);
    return found == states_.end() ? kNothing : found->second;
  }
  // Which state the key was in after this line.
  std::size_t After(const std::string& key, std::size_t line) const {
    const std::vector<State>& states = Of(key);
    const auto behind = std::upper_bound(states.begin() + 1, states.end(), line,
                                         [](std::size_t at, const State& state) { return at < state.line; });
    return static_cast<std::size_t>(behind - states.begin()) - 1;
  }
  std::vector<std::string> Keys() const {
    std::vector<std::string> keys;
    for (const auto& [key, states] : states_) keys.push_back(key);
    return keys;
  }

 private:
  struct Value {
    std::string text;
    Micros expires = kForever;
  };
  using Database = std::map<std::string, Value>;

  void Apply(const LogLine& line) {
    const Words& words = line.words;
    const std::string& name = words[0];
    Database& database = databases_.at(static_cast<std::size_t>(line.database));
    if (words.size() > 1) Expire(database, words[1], line.at);
    if (name == "SET") {
      const bool expires = words.size() == 5 && words[3] == "PX";
      database[words[1]] = {words[2], expires ? line.at + std::stoll(words[4]) * 1000 : kForever};
    } else if (name == "MSET") {
      for (std::size_t i = 1; i + 1 < words.size(); i += 2) database[words[i]] = {.text = words[i + 1]};
    } else if (name == "APPEND") {
      database[words[1]].text += words[2];
    } else if (name == "DEL") {
      for (std::size_t i = 1; i < words.size(); ++i) database.erase(words[i]);
    } else if (name == "RENAME") {
      Rename(database, words);
    } else if (name == "PEXPIRE") {
      const auto found = database.find(words[1]);
      if (found != database.end() && found->second.expires == kForever)
        found->second.expires = line.at + std::stoll(words[2]) * 1000;
    } else if (name == "FLUSHALL") {
      for (Database& each : databases_) each.clear();
    } else if (name == "SWAPDB") {
      std::swap(databases_.at(std::stoul(words[1])), databases_.at(std::stoul(words[2])));
    } else {
      return;
    }
    Record(line);
  }
  static void Rename(Database& database, const Words& words) {
    const auto found = database.find(words[1]);
    if (found == database.end() || words[1] == words[2]) return;
    database[words[2]] = found->second;
    database.erase(words[1]);
  }
  static void Expire(Database& database, const std::string& key, Micros at) {
    const auto found = database.find(key);
    if (found != database.end() && found->second.expires <= at) database.erase(found);
  }

  // Looks at every key: there are few.
  void Record(const LogLine& line) {
    for (const auto& [key, value] : databases_[0]) {
      if (states_[key].empty()) states_[key].resize(1);
    }
    for (auto& [key, states] : states_) {
      RunOut(states, line.at);
      Expire(databases_[0], key, line.at);
      const auto found = databases_[0].find(key);
      const bool there = found != databases_[0].end();
      State& last = states.back();
      const std::optional<std::string> now = there ? std::optional(found->second.text) : std::nullopt;
      if (last.value == now) {
        if (there && last.expires != found->second.expires) {
          last.expires = found->second.expires;
          last.expires_from_start = false;
        }
        continue;
      }
      const Micros expires = there ? found->second.expires : kForever;
      states.push_back({.from = line.at,
                        .line = line_,
                        .value = now,
                        .expires = expires,
                        .expires_from_start = expires != kForever});
    }
  }
  void RunOut(std::vector<State>& states, Micros at) const {
    const State last = states.back();
    if (!last.value || last.expires > at) return;
    const auto behind = std::upper_bound(log_.begin(), log_.end(), last.expires,
                                         [](Micros time, const LogLine& line) { return time < line.at; });
    const auto line = static_cast<std::size_t>(behind - log_.begin());
    states.push_back({.from = last.expires, .line = std::max(last.line, line == 0 ? 0 : line - 1), .by_expiry = true});
  }

  const std::vector<LogLine>& log_;
  std::size_t line_ = 0;
  std::array<Database, 16> databases_;
  std::map<std::string, std::vector<State>> states_;
};

}  // namespace herdgate::integration::coherence
