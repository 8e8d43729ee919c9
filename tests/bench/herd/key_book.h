// KeyBook is what the herd knows of one key: what it wrote, what its readers may see, and how often it was computed.
//
// An epoch begins with the first read that finds no value and ends when a value is stored. The reads that were sent
// before that end and found nothing belong to it, also if they are answered later.
//
// A read is older if it returns a value although a newer one was stored before the read began, and that newer one was
// sent after the old one had been confirmed. (Of two writes that overlap either may be the last one.) All times are
// seconds since the start of the run and never go back between calls.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace herdgate::bench {

inline constexpr double kNever = std::numeric_limits<double>::infinity();
// Redis counts time to live in whole milliseconds, of a clock that it reads once a turn.
inline constexpr double kClockGrain = 0.002;

struct Epoch {
  double opened = 0;       // when the request arrived that found nothing first
  double closed = kNever;  // when a value was stored
  double gap = 0;          // seconds before the last value's end at which it opened; negative: after it
  bool had_value = false;  // false: nothing was ever stored before, and gap means nothing
  std::uint32_t recomputes = 0;
};

struct ReadJudgement {
  enum class Kind {
    kCurrent,
    kExpired,  // its time to live was over before the read began, and nothing newer was stored
    kOlder,
    kUnknown,  // never written to this key
  };
  Kind kind = Kind::kCurrent;
  double seconds = 0;  // how long before the read began its value had expired or had been replaced
};

class KeyBook {
 public:
  // A read that arrived at `due` and was sent at `sent` found nothing and computes. True: it opened an epoch.
  bool OnMiss(double due, double sent);

  // A write is sent with that time to live, in seconds; returns its version, 1 and up.
  std::uint64_t BeginWrite(double now, double ttl);
  // Its reply is here. `stored`: false if it wasn't carried out (SET NX). A write whose reply never comes is not ended:
  // it may be read at any time.
  void EndWrite(std::uint64_t version, double now, bool stored);

  // What a reader keeps when it sends, to judge its value by.
  double read_mark() const { return newest_sent_; }
  // The read was sent at `sent` with `mark`, and returned `version`.
  ReadJudgement Judge(std::uint64_t version, double mark, double sent) const;

  bool open() const { return !epochs_.empty() && epochs_.back().closed == kNever; }
  // Whether a request that arrived at `due` came while the last epoch was open.
  bool InLastEpoch(double due) const;
  const std::vector<Epoch>& epochs() const { return epochs_; }

 private:
  struct Write {
    double sent = 0;
    double ttl = 0;
    double confirmed = kNever;
    bool stored = true;  // false: known to have had no effect
  };

  double ReplacedAt(std::uint64_t version) const;

  double newest_sent_ = -1;    // of the confirmed writes, the latest time of sending
  double value_end_ = kNever;  // kNever: nothing stored yet
  std::vector<Write> writes_;
  std::vector<Epoch> epochs_;
};

}  // namespace herdgate::bench
