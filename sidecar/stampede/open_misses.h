// OpenMisses: which SET answers which miss: the misses of one policy that were shown to an app and wait for their SET.
//
// Matched by key first and by session second: clients take another connection of their pool for the SET, so any SET of
// the key is taken for its fill; where its own session missed too, the time is counted from then. Of a key that several
// missed at once (a stampede that nobody stopped) as many SETs are theirs as they were.
// Misses are judged in the order in which they came, so that those that were filled soon don't count before those that
// never are.
// Bounded: 4,096 keys, each for 30 s. Where there is no room a miss is not followed, whatever became of it, so what is
// judged stays a fair sample; which keys those were is known roughly, so that their SETs are not taken for blind ones.
// Threads: one owner, or a mutex.
#pragma once

#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

#include "sidecar/base/clock.h"

namespace herdgate::stampede {

struct MissLimits {
  std::chrono::nanoseconds set_within = std::chrono::seconds(10);  // a SET that comes later proves nothing
  std::chrono::nanoseconds kept_for = std::chrono::seconds(30);    // the longest recomputation that is measured
  std::size_t capacity = 4096;
};

class OpenMisses {
 public:
  struct Fill {
    enum class Kind : std::uint8_t {
      kFill,     // the first SET after a miss
      kRepeat,   // of another session that had missed it too
      kOrphan,   // there was no miss
      kUnknown,  // there may have been one that wasn't followed
    };
    Kind kind = Kind::kOrphan;
    bool same_session = false;  // it had missed the key itself
    bool tainted = false;       // the key was changed or removed in between
    std::chrono::nanoseconds delta{0};
  };
  // What became of the misses of one key within set_within.
  struct Verdict {
    std::uint64_t key = 0;
    std::uint32_t misses = 0;
    std::uint32_t proven = 0;  // of them, followed by a SET
    bool filled = false;       // by any SET, also one that proves nothing
    bool ended = false;        // its flight said so before
  };

  explicit OpenMisses(const MissLimits& limits = {}) : limits_(limits) {}

  void Open(std::uint64_t key, std::uint64_t session, base::SteadyTime now);
  // `proof`: false for a SET that says nothing about the policy's keys, as one in a transaction.
  Fill Close(std::uint64_t key, std::uint64_t session, bool proof, base::SteadyTime now);
  // The key's flight has ended without a SET.
  void End(std::uint64_t key);
  void Taint(std::uint64_t key);
  void TaintAll();
  // A DEL of the key: whether this session has filled it lately.
  bool RemovesOwnFill(std::uint64_t key, std::uint64_t session) const;

  // The next that is known, in the order of their misses.
  std::optional<Verdict> Next(base::SteadyTime now);

  std::size_t size() const { return records_.size(); }

 private:
  struct Record {
    std::uint64_t key = 0;
    std::uint64_t first_session = 0;
    std::uint64_t last_session = 0;
    std::uint64_t fill_session = 0;
    base::SteadyTime first_at;
    base::SteadyTime last_at;
    std::uint32_t misses = 1;
    std::uint32_t sets = 0;
    std::uint32_t proven = 0;
    bool tainted = false;
    bool ended = false;
    bool judged = false;
  };
  // Keys whose misses are not followed, or no longer: two generations of marks by hash.
  using Marks = std::bitset<65536>;

  Record* Find(std::uint64_t key);
  void DropFront(base::SteadyTime now);
  void Forget(std::uint64_t key, base::SteadyTime now);
  void TurnMarks(base::SteadyTime now);
  bool MayBeForgotten(std::uint64_t key, base::SteadyTime now);

  const MissLimits limits_;
  std::deque<Record> records_;
  std::uint64_t first_ = 0;                                   // the number of records_.front()
  std::uint64_t judged_ = 0;                                  // the number of the first one that isn't judged
  std::unordered_map<std::uint64_t, std::uint64_t> numbers_;  // the newest record of each key
  std::unique_ptr<Marks> marks_;
  std::unique_ptr<Marks> older_marks_;
  base::SteadyTime marks_since_;
};

}  // namespace herdgate::stampede
