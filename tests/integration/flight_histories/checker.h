// Checker: whether what clients were told keeps what flights promise.
//
//  I1   a read shows a value of its key that Redis had, and not before it had it;
//  I2   and had not longer ago than news takes, or than an old value may be shown past its expiry;
//  I3   nothing that is older than a write or a removal that was answered through the same pod (I17: a DEL removes);
//  I6   no two callers of a key lead at one time: who is told nil alone, in less than max_wait, leads until a SET or a
//       removal of the key begins, its lease is dropped, or its own connection ends (of histories without faults, and
//       with leases; not who may share its connection with other threads, nor while pods know different generations);
//  I7   no answer takes longer than max_wait and the overtime;
//  I9   a SET whose key was removed between its miss and itself is cut short, or not stored under `drop`;
//  I10  every other SET is stored, with its own expiry, and stays so; under `drop` not that of a miss in doubt, of
//       which the pod could not have been told that it was invalidated;
//  I11  a living key is told to be missing only to one who leads a refresh; its SET NX stores.
//  Leases have an expiry, and none that is longer than the policy's.
// Where two things happen at one time the order that keeps the rules is believed, so every violation reported is one.
// Threads: one owner.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/flight_histories/dump.h"
#include "tests/integration/flight_histories/history.h"
#include "tests/integration/flight_histories/key_log.h"

namespace herdgate::integration::flights {

struct Findings {
  std::vector<std::string> violations;
  std::size_t reads = 0;
  std::size_t nils = 0;
  std::size_t claims = 0;     // that I6 looked at
  std::size_t late = 0;       // SETs that I9 looked at
  std::size_t blind = 0;      // SETs that I10 looked at
  std::size_t synthetic = 0;  // living keys that were told to be missing
  Micros slowest = 0;
};

class Checker {
 public:
  static Findings Check(const History& history) { return Checker(history).Run(); }

 private:
  // Something that ends a leader's time; of one key, or of all.
  struct Ending {
    Micros invoked = 0;
    Micros returned = 0;
  };
  struct Claim {
    const Event* read = nullptr;
    Micros until = kForever;
  };

  explicit Checker(const History& history)
      : history_(history), terms_(history.terms), failed_(Failed(history)), log_(history.log, failed_) {
    for (const Event& event : history.events) {
      in_time_.push_back(&event);
      if (event.act == Act::kSet) by_value_[event.value] = &event;
      if (event.act != Act::kGet) Note(event);
    }
    std::sort(in_time_.begin(), in_time_.end(), [](const Event* a, const Event* b) { return a->invoked < b->invoked; });
    for (auto& [whose, floors] : floors_) {
      std::sort(floors.begin(), floors.end());
      std::size_t most = 0;
      for (auto& [at, line] : floors) line = most = std::max(most, line);
    }
    for (auto& [key, endings] : endings_) Sort(endings);
    Sort(all_endings_);
  }

  Findings Run() {
    for (const Event& event : history_.events) {
      if (event.act == Act::kGet) CheckRead(event);
      if (event.act == Act::kSet) CheckSet(event);
    }
    CheckClaims();
    for (const std::string& lease : log_.Endless()) Report("lease without an expiry: " + lease);
    if (log_.longest_lease() * 1000 > terms_.lease)
      Report("a lease of " + std::to_string(log_.longest_lease()) + " ms");
    return std::move(findings_);
  }

  static std::set<std::string> Failed(const History& history) {
    std::set<std::string> failed;
    for (const Event& event : history.events) {
      if (event.act == Act::kSet && event.result == Result::kNil) failed.insert(event.value);
    }
    return failed;
  }
  template <typename Spans>
  static void Sort(Spans& spans) {
    std::sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) { return a.invoked < b.invoked; });
  }

  // ---- what ends leaders, and what a pod knows

  void Note(const Event& event) {
    const Ending ending{event.invoked, event.returned};
    if (event.act == Act::kClose) closes_[event.connection] = event.invoked;
    if (event.act == Act::kFlush || event.act == Act::kBump) all_endings_.push_back(ending);
    if (event.act == Act::kSet || event.act == Act::kRemove) endings_[event.key].push_back(ending);
    if (event.act == Act::kRemove || event.act == Act::kFlush) removals_.push_back(&event);
    if (event.pod == kDirect || event.result != Result::kOk) return;
    if (event.act == Act::kSet) {
      const Life* const life = log_.Find(event.value);
      // What a pod writes that has not heard of a bump yet is gone with the bump.
      if (life != nullptr && !life->past) floors_[{event.pod, event.key}].emplace_back(event.returned, life->line);
    } else if (event.act == Act::kRemove) {
      NoteRemoval(event, event.key, log_.Of(event.key));
    } else if (event.act == Act::kFlush) {
      for (const std::string_view kind : kKinds) {
        for (int i = 0; i < 10; ++i) NoteRemoval(event, std::string(kind) + ":" + std::to_string(i), log_.flushes());
      }
    }
  }
  // The earliest line that may be this one's.
  void NoteRemoval(const Event& event, const std::string& key, const std::vector<Touch>& lines) {
    for (const Touch& touch : lines) {
      if (!touch.value.empty() || touch.at < event.invoked - terms_.clock_slack) continue;
      if (touch.at <= event.returned + terms_.clock_slack && !touch.past)
        floors_[{event.pod, key}].emplace_back(event.returned, touch.line);
      return;
    }
  }
  // The last line of the key that the pod had answered for by then; nothing: none.
  std::optional<std::size_t> FloorOf(const Event& read) const {
    const auto found = floors_.find({read.pod, read.key});
    if (found == floors_.end()) return std::nullopt;
    const auto behind = std::lower_bound(found->second.begin(), found->second.end(), read.invoked,
                                         [](const auto& floor, Micros time) { return floor.first < time; });
    if (behind == found->second.begin()) return std::nullopt;
    return std::prev(behind)->second;
  }

  // ---- reads

  void CheckRead(const Event& read) {
    const Micros took = read.returned - read.invoked;
    if (read.result != Result::kLost) {
      findings_.slowest = std::max(findings_.slowest, took);
      if (took > terms_.max_wait + kOvertime + terms_.slack) Report("I7 it waited too long", read);
    }
    if (read.result == Result::kFailed && terms_.undisturbed) Report("it failed", read);
    if (read.result == Result::kNil) return CheckNil(read);
    if (read.result != Result::kOk) return;
    ++findings_.reads;
    const Life* const life = log_.Find(read.value);
    if (life == nullptr && WasGivenAway(read)) return;
    if (life == nullptr) return Report(by_value_.contains(read.value) ? "I1 never stored" : "I1 nobody wrote it", read);
    if (life->key != read.key) return Report("I1 the value of another key", read);
    if (life->from > read.returned + terms_.clock_slack) return Report("I1 shown before it was there", read);
    if (const auto floor = FloorOf(read); floor && life->line < *floor)
      return Report("I3 older than what was answered in this pod", read);
    if (read.invoked > LastShown(*life, read)) return Report("I2 it had been gone for too long", read);
  }
  // While Redis is away a value can't be stored, but those who wait for it in the pod get it.
  bool WasGivenAway(const Event& read) const {
    const auto found = by_value_.find(read.value);
    if (terms_.undisturbed || found == by_value_.end()) return false;
    const Event& set = *found->second;
    return set.key == read.key && set.pod == read.pod && set.result == Result::kFailed &&
           read.invoked <= set.returned && read.returned >= set.invoked;
  }
  // When the value may be shown for the last time by the pod.
  Micros LastShown(const Life& life, const Event& read) const {
    if (life.end == Life::End::kNone) return kForever;
    const bool expired = life.end == Life::End::kExpired;
    Micros last = life.until + (expired ? terms_.expiry_slack : terms_.clock_slack);
    if (expired && terms_.near) last += terms_.stale_window;
    // What is kept near is kept until news of the other comes; so is the name of the generation.
    if (read.pod != kDirect && (terms_.near || KindOf(read.key) == Kind::kGen)) last += terms_.lag;
    for (const Disturbance& each : history_.disturbances) {
      if (each.pod == read.pod && each.from <= last && read.invoked <= each.until + terms_.lag) last = kForever;
    }
    return last;
  }

  void CheckNil(const Event& read) {
    ++findings_.nils;
    if (read.pod == kDirect || !terms_.undisturbed || KindOf(read.key) == Kind::kGen) return;
    Micros from = read.invoked - (terms_.near ? terms_.lag : terms_.clock_slack);
    if (const auto floor = FloorOf(read)) {
      for (const Touch& touch : log_.Of(read.key)) {
        if (touch.line == *floor && !touch.value.empty()) from = std::max(from, touch.at);
      }
    }
    // Nearly expired is as good as expired.
    if (!log_.LivedThroughout(read.key, from, read.returned + terms_.expiry_slack)) return;
    ++findings_.synthetic;
    const bool may_be = terms_.refresh && read.alone && KindOf(read.key) != Kind::kLong;
    if (!may_be) Report("I11 nothing, though the key lives", read);
  }

  // ---- leaders

  void CheckClaims() {
    if (!terms_.undisturbed || !terms_.leases) return;
    std::map<std::string, std::vector<Claim>> claims;
    for (const Event& event : history_.events) {
      const bool leads = event.act == Act::kGet && event.pod != kDirect && event.result == Result::kNil &&
                         event.alone && !event.may_be_shared &&
                         event.returned - event.invoked < terms_.max_wait - kAlmost;
      const Kind kind = KindOf(event.key);
      if (!leads || kind == Kind::kRough || kind == Kind::kBlind) continue;
      // Pods that have heard of a bump, and those that have not, compute two keys.
      if (kind == Kind::kGen && IsBumping(event.invoked, event.returned)) continue;
      claims[event.key].push_back({&event, EndOf(event)});
      ++findings_.claims;
    }
    for (auto& [key, each] : claims) {
      std::sort(each.begin(), each.end(),
                [](const Claim& a, const Claim& b) { return a.read->returned < b.read->returned; });
      for (std::size_t i = 1; i < each.size(); ++i) {
        const Claim* longest = &each[i - 1];
        for (std::size_t j = i - 1; j-- > 0 && i - j < kBefore;) {
          if (each[j].until > longest->until) longest = &each[j];
        }
        // Both led when the later one had been told.
        if (each[i].read->returned < std::min(longest->until, each[i].until))
          Report("I6 while " + std::to_string(longest->read->connection) + " of pod " +
                     std::to_string(longest->read->pod) + " led since " +
                     std::to_string(longest->read->returned - each[i].read->invoked) + " until " +
                     (longest->until == kForever ? "the end" : std::to_string(longest->until - each[i].read->invoked)),
                 *each[i].read);
      }
    }
  }
  bool IsBumping(Micros from, Micros until) const {
    return std::any_of(all_endings_.begin(), all_endings_.end(),
                       [&](const Ending& bump) { return bump.returned + terms_.lag >= from && bump.invoked <= until; });
  }
  // When what may have ended its lead began.
  Micros EndOf(const Event& read) const {
    Micros end = kForever;
    const auto look = [&](const std::vector<Ending>& endings) {
      for (const Ending& ending : endings) {
        if (ending.returned + terms_.clock_slack < read.invoked) continue;
        end = std::min(end, ending.invoked);
        return;
      }
    };
    if (const auto found = endings_.find(read.key); found != endings_.end()) look(found->second);
    look(all_endings_);
    // A removal takes the lease by a command of its own, and behind its own reply: from whoever holds it by then.
    for (const Micros drop : log_.DropsOf(read.key)) {
      if (drop + terms_.clock_slack >= read.invoked) end = std::min(end, drop - terms_.clock_slack);
    }
    if (const auto close = closes_.find(read.connection); close != closes_.end()) end = std::min(end, close->second);
    return end;
  }

  // ---- SETs

  void CheckSet(const Event& set) {
    const Life* const life = log_.Find(set.value);
    if (set.result == Result::kOk && set.pod != kDirect) {
      const Micros took = set.returned - set.invoked;
      findings_.slowest = std::max(findings_.slowest, took);
    }
    if (set.result != Result::kOk) return;
    if (set.pod == kDirect) return;
    const Event* const removal = RemovalBetween(set);
    if (removal != nullptr) return CheckLate(set, life, *removal);
    // Who has lost the connection on which it is told of invalidations can't know of none: the miss is in doubt.
    const bool in_doubt = Disputed(set) || IsDisturbed(set.pod, set.first_miss, set.returned);
    const bool may_be_late = terms_.stale_set == StaleSet::kDrop && set.plain && set.follows_miss && in_doubt;
    if (life == nullptr) {
      if (!may_be_late) Report("I10 it was answered OK and not stored", set);
      return;
    }
    const bool blind = KindOf(set.key) == Kind::kBlind;
    // Who else was told nil in this pod, and on which of its connections the SET came, only its own pool knows.
    const bool undisputed = blind || (terms_.undisturbed && set.follows_miss && !Disputed(set));
    if (!undisputed) return;
    ++findings_.blind;
    if (life->px != set.px) Report("I10 stored for " + std::to_string(life->px) + " ms", set);
    if (life->capped) Report("I10 cut short", set);
  }
  // Whether anybody else wrote or removed the key since the miss that the SET follows.
  bool Disputed(const Event& set) const {
    const Micros from = set.first_miss - terms_.lag;
    for (const std::vector<Touch>* const lines : {&log_.Of(set.key), &log_.flushes(), &log_.bumps()}) {
      for (const Touch& touch : *lines) {
        if (touch.value == set.value && !touch.value.empty()) continue;
        if (touch.at >= from && touch.at <= set.returned + terms_.clock_slack) return true;
      }
    }
    return false;
  }
  // A removal that its leader's pod must have known of when the SET came.
  const Event* RemovalBetween(const Event& set) const {
    if (!set.follows_at_once || set.pod == kDirect) return nullptr;
    // Who was told nil is remembered for two leases.
    if (set.invoked - set.miss_invoked > terms_.lease) return nullptr;
    for (const Event* const removal : removals_) {
      if (removal->act != Act::kFlush && removal->key != set.key) continue;
      if (removal->result != Result::kOk || removal->invoked <= set.miss_returned) continue;
      const bool here = removal->pod == set.pod;
      // A DEL elsewhere takes the leader's lease, if nobody else has filled the key before; a direct one need not tell.
      // Nor does one under a generation that the leader's pod does not use any more, or not yet.
      const bool elsewhere = removal->pod != kDirect && removal->act == Act::kRemove && terms_.leases &&
                             terms_.undisturbed && set.miss_was_early &&
                             (KindOf(set.key) != Kind::kGen || !IsBumping(set.miss_invoked, set.invoked));
      if (here ? removal->returned > set.invoked : !elsewhere || removal->returned + terms_.lag > set.invoked) continue;
      if (OthersFilled(set, here)) continue;
      return removal;
    }
    return nullptr;
  }
  // Whether the pod may have taken another connection's SET for the one that this miss awaited; for a removal
  // elsewhere, whether any SET may have ended the flight before.
  bool OthersFilled(const Event& set, bool here) const {
    return std::any_of(in_time_.begin(), in_time_.end(), [&](const Event* const other) {
      if (other->act != Act::kSet || other->key != set.key || other->value == set.value) return false;
      if (here && other->pod != set.pod) return false;
      return other->invoked <= set.returned && other->returned >= set.miss_invoked;
    });
  }
  void CheckLate(const Event& set, const Life* life, const Event& removal) {
    // Its expiry is a command of its own, which comes after what would cut it short.
    if (set.px == 0) return;
    ++findings_.late;
    if (life == nullptr) {
      if (terms_.stale_set != StaleSet::kDrop) Report("I9 a late SET was dropped", set);
      return;
    }
    const std::string what = " by pod " + std::to_string(removal.pod) + " at " +
                             std::to_string(removal.invoked - set.invoked) + " to " +
                             std::to_string(removal.returned - set.invoked);
    if (terms_.stale_set == StaleSet::kDrop && set.plain && terms_.undisturbed)
      return Report("I9 a late SET was stored; removed" + what, set);
    const Micros grace = terms_.clock_slack + Grace(set);
    const bool outlives = life->until > life->from + kLateLife + grace;
    // What cuts it short comes at once; something else may have ended it since.
    const bool uncut = !life->capped && life->px * kMs > kLateLife && life->until > life->from + grace;
    if (outlives || uncut) Report("I9 a late SET lives on; removed" + what, set);
  }
  bool IsDisturbed(int pod, Micros from, Micros until) const {
    return std::any_of(history_.disturbances.begin(), history_.disturbances.end(), [&](const Disturbance& each) {
      return each.pod == pod && each.from <= until && from <= each.until;
    });
  }
  Micros Grace(const Event& set) const {
    return IsDisturbed(set.pod, set.invoked, set.returned) ? kForever / 4 : terms_.lag;
  }

  // ---- reports

  void Report(const std::string& what) { findings_.violations.push_back(what); }
  // With what happened to the key about then.
  void Report(const std::string& what, const Event& event) {
    std::string text = what + ": " + (event.act == Act::kSet ? "SET " : "GET ") + event.key + " " +
                       (event.value.empty() ? "(nil)" : event.value) + ", pod " + std::to_string(event.pod) +
                       " connection " + std::to_string(event.connection) + ", sent at " +
                       std::to_string(event.invoked) + ", answered +" + std::to_string(event.returned - event.invoked);
    if (event.follows_miss)
      text += ", its miss at " + std::to_string(event.miss_invoked - event.invoked) + " to " +
              std::to_string(event.miss_returned - event.invoked);
    if (const Life* const life = event.value.empty() ? nullptr : log_.Find(event.value)) {
      text += ", in Redis at " + std::to_string(life->from - event.invoked) + " until " +
              (life->until == kForever ? "the end" : std::to_string(life->until - event.invoked)) +
              (life->capped ? ", cut short" : "");
    }
    for (const Event* const each : in_time_) {
      const Event& other = *each;
      constexpr Micros kAround = 300'000;
      if (other.key != event.key && other.act != Act::kFlush && other.act != Act::kBump) continue;
      if (other.returned < event.invoked - kAround || other.invoked > event.returned) continue;
      text += "\n  " + std::to_string(other.invoked - event.invoked) + " to " +
              std::to_string(other.returned - event.invoked) + " pod " + std::to_string(other.pod) + " connection " +
              std::to_string(other.connection) + " " + Named(other);
    }
    findings_.violations.push_back(std::move(text));
  }
  static constexpr Micros kAlmost = 20'000;  // a wait that long was over
  static constexpr std::size_t kBefore = 64;
  static constexpr Micros kMs = 1000;

  const History& history_;
  const Terms& terms_;
  const std::set<std::string> failed_;
  const KeyLog log_;
  std::vector<const Event*> in_time_;
  std::map<std::string, const Event*> by_value_;
  std::map<std::string, std::vector<Ending>> endings_;
  std::vector<Ending> all_endings_;
  std::map<int, Micros> closes_;
  std::vector<const Event*> removals_;
  std::map<std::pair<int, std::string>, std::vector<std::pair<Micros, std::size_t>>> floors_;
  Findings findings_;
};

}  // namespace herdgate::integration::flights
