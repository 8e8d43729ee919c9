// KeyLog: what each value's life was in Redis, and which lines of its log wrote each key, as the log tells it.
//
// A key is known by the name that the apps use; under a generation it has several in Redis, and what stands under an
// earlier one is gone. The log begins with the generation that there is. Threads: one owner.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/integration/flight_histories/history.h"

namespace herdgate::integration::flights {

inline constexpr Micros kForever = std::numeric_limits<Micros>::max();
inline constexpr std::string_view kLeases = "__herdgate:lease:";
inline constexpr std::string_view kGeneration = "__herdgate:generation:gen";

struct Life {
  enum class End : std::uint8_t { kNone, kExpired, kOverwritten, kRemoved };
  std::string key = {};
  std::size_t line = 0;  // that wrote it
  Micros from = 0;
  Micros until = kForever;  // its expiry, or what ended it before
  End end = End::kNone;
  std::int64_t px = 0;  // with which it was written
  bool capped = false;  // its life was cut short by a PEXPIRE ... LT
  bool past = false;    // under an earlier generation than others use by then
};

// A line that wrote or removed the key, whether or not it was there.
struct Touch {
  std::size_t line = 0;
  Micros at = 0;
  std::string value = {};  // nothing: removed
  bool past = false;       // as of a life
};

class KeyLog {
 public:
  // `failed`: values of SETs that were answered that they did not store.
  KeyLog(const std::vector<LogLine>& log, const std::set<std::string>& failed) : failed_(failed) {
    for (std::size_t i = 0; i < log.size(); ++i) Add(i, log[i]);
  }

  // Null: it was never there.
  const Life* Find(const std::string& value) const {
    const auto found = lives_.find(value);
    return found == lives_.end() ? nullptr : &found->second;
  }
  const std::map<std::string, Life>& lives() const { return lives_; }
  // In the log's order.
  const std::vector<Touch>& Of(const std::string& key) const {
    static const std::vector<Touch> none;
    const auto found = touches_.find(key);
    return found == touches_.end() ? none : found->second;
  }
  // Lines that removed all keys, those of one generation for keys under one.
  const std::vector<Touch>& flushes() const { return flushes_; }
  const std::vector<Touch>& bumps() const { return bumps_; }
  // When leases of the key were removed, whoever held them: releases are made by scripts, which look first.
  const std::vector<Micros>& DropsOf(const std::string& key) const {
    static const std::vector<Micros> none;
    const auto found = drops_.find(key);
    return found == drops_.end() ? none : found->second;
  }
  // Lines that gave a lease no expiry, or one longer than `most` ms.
  const std::vector<std::string>& Endless() const { return endless_; }
  std::int64_t longest_lease() const { return longest_lease_; }

  // Whether the key was there all the time, by a chain of values of which each replaced the one before.
  bool LivedThroughout(const std::string& key, Micros from, Micros until) const {
    Micros covered = from;
    for (const Touch& touch : Of(key)) {
      if (touch.value.empty()) continue;
      const Life* const life = Find(touch.value);
      if (life == nullptr || life->line != touch.line || life->from > covered || life->until <= covered) continue;
      covered = life->until;
      if (covered > until) return true;
      if (life->end != Life::End::kOverwritten) return false;
    }
    return false;
  }

 private:
  static std::string Upper(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
  }
  // The app's name of the key, or of the key that a lease is for; empty: no app has it.
  static std::string Logical(const std::string& physical) {
    if (physical.starts_with("__herdgate:") && !physical.starts_with(kLeases)) return {};
    for (const std::string_view kind : kKinds) {
      const std::size_t at = physical.find(std::string(kind) + ":");
      if (at != std::string::npos) return physical.substr(at);
    }
    return {};
  }

  void Add(std::size_t line, const LogLine& entry) {
    const Words& words = entry.words;
    if (words.empty()) return;
    const std::string name = Upper(words[0]);
    if (name == "FLUSHALL" || name == "FLUSHDB") return Flush(line, entry.at);
    if (words.size() < 2) return;
    if (words[1].starts_with(kLeases)) return Lease(name, entry);
    if (words[1] == kGeneration) return Counter(line, entry, name);
    if (name == "SET" || name == "SETNX" || name == "SETEX" || name == "PSETEX") return Set(line, entry, name);
    if (name == "MSET") {
      for (std::size_t i = 1; i + 1 < words.size(); i += 2) Write(line, entry.at, words[i], words[i + 1], 0);
    }
    if (name == "DEL" || name == "UNLINK") {
      for (std::size_t i = 1; i < words.size(); ++i) Remove(line, entry.at, words[i]);
    }
    if ((name == "PEXPIRE" || name == "EXPIRE") && words.size() > 2) Expire(line, entry, name == "EXPIRE" ? 1000 : 1);
  }

  void Set(std::size_t line, const LogLine& entry, const std::string& name) {
    const Words& words = entry.words;
    if (words.size() < 3) return;
    if (name == "SETEX" || name == "PSETEX") {
      const std::int64_t unit = name == "SETEX" ? 1000 : 1;
      if (words.size() > 3) Write(line, entry.at, words[1], words[3], unit * std::atoll(words[2].c_str()));
      return;
    }
    std::int64_t px = 0;
    bool only_if_absent = name == "SETNX";
    for (std::size_t i = 3; i < words.size(); ++i) {
      const std::string word = Upper(words[i]);
      only_if_absent |= word == "NX";
      if ((word == "PX" || word == "EX") && i + 1 < words.size())
        px = (word == "EX" ? 1000 : 1) * std::atoll(words[i + 1].c_str());
    }
    if (only_if_absent && (failed_.contains(words[2]) || Lives(words[1], entry.at))) return;
    Write(line, entry.at, words[1], words[2], px);
  }
  // Surely: an expiry of about now may have come or not.
  bool Lives(const std::string& physical, Micros at) const {
    const auto found = now_.find(physical);
    if (found == now_.end()) return false;
    const Life& life = lives_.at(found->second);
    constexpr Micros kDoubt = 5'000;
    return life.until > at + kDoubt;
  }
  void Write(std::size_t line, Micros at, const std::string& physical, const std::string& value, std::int64_t px) {
    const std::string key = Logical(physical);
    if (key.empty()) return;
    const bool past = IsOfThePast(physical);
    touches_[key].push_back({line, at, value, past});
    Life& life = lives_[value];
    life = {.key = key, .line = line, .from = at, .until = px > 0 ? at + px * 1000 : kForever, .px = px};
    life.end = px > 0 ? Life::End::kExpired : Life::End::kNone;
    if (past) {
      life.past = true;
      life.until = at;
      life.end = Life::End::kRemoved;
      return;
    }
    End(physical, at, Life::End::kOverwritten);
    now_[physical] = value;
  }
  // "v<schema>.<generation>:<key>"; 0: the key is under none.
  static std::int64_t GenerationOf(const std::string& physical) {
    const std::size_t point = physical.find('.');
    if (!physical.starts_with('v') || point == std::string::npos) return 0;
    return std::atoll(physical.c_str() + point + 1);
  }
  // Under an earlier generation than there is.
  bool IsOfThePast(const std::string& physical) const {
    const std::int64_t generation = GenerationOf(physical);
    return generation > 0 && generation < generation_;
  }
  void Remove(std::size_t line, Micros at, const std::string& physical) {
    const std::string key = Logical(physical);
    if (key.empty()) return;
    End(physical, at, Life::End::kRemoved);
    now_.erase(physical);
    touches_[key].push_back({line, at, {}, IsOfThePast(physical)});
  }
  void Expire(std::size_t line, const LogLine& entry, std::int64_t unit) {
    const Words& words = entry.words;
    const std::int64_t ms = unit * std::atoll(words[2].c_str());
    if (ms <= 0) return Remove(line, entry.at, words[1]);
    const auto found = now_.find(words[1]);
    if (found == now_.end()) return;
    Life& life = lives_.at(found->second);
    if (life.until <= entry.at) return;
    const Micros until = entry.at + ms * 1000;
    const bool only_less = words.size() > 3 && Upper(words[3]) == "LT";
    if (only_less && life.until <= until) return;
    life.capped |= only_less;
    life.until = until;
    life.end = Life::End::kExpired;
  }
  void End(const std::string& physical, Micros at, Life::End how) {
    const auto found = now_.find(physical);
    if (found == now_.end()) return;
    Life& life = lives_.at(found->second);
    if (life.until <= at) return;
    life.until = at;
    life.end = how;
  }
  void Flush(std::size_t line, Micros at) {
    for (const auto& [physical, value] : now_) End(physical, at, Life::End::kRemoved);
    now_.clear();
    flushes_.push_back({line, at, {}});
    generation_ = 0;
  }
  // Where it was lost the sidecars write it again: the one they saw last, so a bump of just before may be lost with it
  // (pipeline/generation_rules.h), as all values are. Or the first to write has not heard of it, and another raises it.
  void Counter(std::size_t line, const LogLine& entry, const std::string& name) {
    if (name == "INCR") return Bump(line, entry.at, generation_ + 1);
    if (name != "SET" || entry.words.size() < 3) return;
    const bool only_if_absent = entry.words.size() > 3 && Upper(entry.words[3]) == "NX";
    if (!only_if_absent || generation_ == 0) Bump(line, entry.at, std::atoll(entry.words[2].c_str()));
  }
  // What is under an earlier generation is gone.
  void Bump(std::size_t line, Micros at, std::int64_t generation) {
    generation_ = generation;
    bumps_.push_back({line, at, {}});
    for (auto each = now_.begin(); each != now_.end();) {
      if (!IsOfThePast(each->first)) {
        ++each;
        continue;
      }
      End(each->first, at, Life::End::kRemoved);
      each = now_.erase(each);
    }
  }
  void Lease(const std::string& name, const LogLine& entry) {
    const Words& words = entry.words;
    if (name == "DEL" && !entry.of_script) drops_[Logical(words[1])].push_back(entry.at);
    if (name != "SET") return;
    std::int64_t px = 0;
    for (std::size_t i = 3; i + 1 < words.size(); ++i) {
      if (Upper(words[i]) == "PX") px = std::atoll(words[i + 1].c_str());
    }
    longest_lease_ = std::max(longest_lease_, px);
    if (px <= 0) endless_.push_back(words[1]);
  }

  const std::set<std::string>& failed_;
  std::map<std::string, Life> lives_;       // by value
  std::map<std::string, std::string> now_;  // the value of each key of Redis
  std::map<std::string, std::vector<Touch>> touches_;
  std::vector<Touch> flushes_;
  std::vector<Touch> bumps_;
  std::map<std::string, std::vector<Micros>> drops_;
  std::vector<std::string> endless_;
  std::int64_t longest_lease_ = 0;
  std::int64_t generation_ = 0;  // 0: there is none
};

}  // namespace herdgate::integration::flights
