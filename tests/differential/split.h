// SplitPlan: how one pipeline's bytes are cut into writes, and how long the writer rests before each.
//
// Pure: a function of length and seed. Seed 0 is one write.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/differential/connection.h"

namespace herdgate::differential {

struct Piece {
  std::size_t end = 0;  // behind its last byte
  std::chrono::microseconds rest{0};
};

std::vector<Piece> SplitPlan(std::size_t length, uint32_t seed);

// Writes `bytes` to one connection by the plan, as far as time and socket allow at each Step.
// REQUIRES: connection, bytes and plan outlive it.
class PacedWriter {
 public:
  using Clock = std::chrono::steady_clock;

  PacedWriter(Connection& connection, std::string_view bytes, const std::vector<Piece>& plan)
      : connection_(connection), bytes_(bytes), plan_(plan) {}

  void Step(Clock::time_point now);
  // All is written, or nobody takes it any more.
  bool done() const { return sent_ == bytes_.size() || connection_.closed(); }
  // The socket is full: wait until it is writable.
  bool blocked() const { return blocked_; }
  int fd() const { return connection_.fd(); }
  // When the next piece is due; now or earlier if it is blocked.
  Clock::time_point due() const { return due_; }

 private:
  Connection& connection_;
  std::string_view bytes_;
  const std::vector<Piece>& plan_;
  std::size_t next_ = 0;
  std::size_t sent_ = 0;
  bool blocked_ = false;
  Clock::time_point due_{};
};

}  // namespace herdgate::differential
