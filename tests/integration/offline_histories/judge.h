// Judge: whether what clients were told while Redis came and went keeps what cache policies promise.
//
//  I1   a read shows a value that was written;
//  own  nothing older than a write that was acknowledged through the same pod before: a SET that Redis or the store
//       that stands in took, a DEL that Redis carried out or that was remembered; at any time, fresh or stale;
//  calm nothing older than a write that was acknowledged through any pod, longer ago than news takes, and no nothing
//       after a SET, while nothing is wrong;
//  error a read fails only where its policy wants that.
// Threads: one owner.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/offline_histories/history.h"

namespace herdgate::integration::offline {

struct Findings {
  std::vector<std::string> violations;
  std::size_t reads = 0;
  std::size_t values = 0;  // reads that showed one
  std::size_t taken = 0;   // writes that were acknowledged
  std::size_t failed = 0;  // commands
};

class Judge {
 public:
  static Findings Of(const History& history) { return Judge(history).Run(); }

 private:
  // Writes of one key that were acknowledged, in the order of their acknowledgement, each the newest until then.
  struct Taken {
    Micros at = 0;
    std::int64_t number = 0;
  };
  struct Writes {
    std::map<std::int64_t, const Event*> all;
    std::vector<Taken> taken;
  };

  explicit Judge(const History& history) : history_(history), keys_(history.keys.size()) {}

  Findings Run() {
    for (const Event& event : history_.events) {
      if (event.failed) ++findings_.failed;
      if (event.act == Act::kSet || event.act == Act::kDel) NoteWrite(event);
    }
    for (Writes& writes : keys_) {
      std::sort(writes.taken.begin(), writes.taken.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
      std::int64_t most = 0;
      for (Taken& each : writes.taken) each.number = most = std::max(most, each.number);
    }
    for (const Event& event : history_.events) {
      if (event.act == Act::kGet) CheckRead(event);
    }
    return std::move(findings_);
  }

  void NoteWrite(const Event& event) {
    Writes& writes = keys_[event.key];
    writes.all[event.number] = &event;
    if (event.failed) return;
    ++findings_.taken;
    writes.taken.push_back({event.returned, event.number});
  }
  // The newest write that was acknowledged by then.
  static std::int64_t Newest(const std::vector<Taken>& taken, Micros by) {
    const auto behind =
        std::lower_bound(taken.begin(), taken.end(), by, [](const Taken& each, Micros at) { return each.at < at; });
    return behind == taken.begin() ? 0 : std::prev(behind)->number;
  }
  // Within a calm, and since when; 0: not.
  Micros CalmSince(const Event& event) const {
    for (const Calm& calm : history_.calms) {
      if (calm.from <= event.invoked && event.returned <= calm.until) return calm.from;
    }
    return 0;
  }

  void CheckRead(const Event& read) {
    ++findings_.reads;
    const Key& key = history_.keys[read.key];
    const Writes& writes = keys_[read.key];
    if (read.failed) {
      if (!read.may_fail) Report("error: it failed", read);
      return;
    }
    const Micros calm = CalmSince(read);
    const bool own = key.pod == read.pod;
    const std::int64_t known = Newest(writes.taken, read.invoked - (own ? 0 : history_.lag));
    if (!read.got) return CheckNothing(read, writes, calm, known);
    ++findings_.values;
    const std::string prefix = key.name + "=";
    const std::int64_t number = read.got->starts_with(prefix) ? std::atoll(read.got->c_str() + prefix.size()) : -1;
    const auto wrote = writes.all.find(number);
    if (wrote == writes.all.end() || wrote->second->act != Act::kSet || wrote->second->invoked > read.returned)
      return Report("I1: a value that nobody had written", read);
    if (own && number < known) return Report("own: older than " + std::to_string(known), read);
    if (calm != 0 && number < known) Report("calm: older than " + std::to_string(known), read);
  }
  // What was set and acknowledged in this calm is there, unless something is under way that removes it.
  void CheckNothing(const Event& read, const Writes& writes, Micros calm, std::int64_t known) {
    const auto set = writes.all.find(known);
    if (calm == 0 || set == writes.all.end() || set->second->act != Act::kSet || set->second->invoked < calm) return;
    for (auto later = std::next(set); later != writes.all.end(); ++later) {
      if (later->second->act == Act::kDel && later->second->invoked <= read.returned) return;
    }
    Report("calm: nothing, after SET " + std::to_string(known), read);
  }

  void Report(const std::string& what, const Event& read) {
    std::string text = what + "; " + history_.keys[read.key].name + " was " + read.got.value_or("(nil)") +
                       " for actor " + std::to_string(read.actor) + " of pod " + std::to_string(read.pod) +
                       ", sent at " + std::to_string(read.invoked) + ", answered +" +
                       std::to_string(read.returned - read.invoked);
    const auto& all = keys_[read.key].all;
    for (const auto& [number, write] : all) {
      if (write->returned < read.invoked - 300'000 || write->invoked > read.returned) continue;
      text += "\n  " + std::string(write->act == Act::kSet ? "SET " : "DEL ") + std::to_string(number) + " " +
              std::to_string(write->invoked - read.invoked) + " to " + std::to_string(write->returned - read.invoked) +
              (write->failed ? " failed" : "");
    }
    findings_.violations.push_back(std::move(text));
  }

  const History& history_;
  std::vector<Writes> keys_;
  Findings findings_;
};

}  // namespace herdgate::integration::offline
