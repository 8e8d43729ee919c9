// Arrivals is the stream of requests: a Poisson process in which every request has a key and a pod of its own.
//
// The same seed gives the same stream, so that a protected and an unprotected run are asked the same at the same times.
// Threads: one.
#pragma once

#include <cstdint>
#include <random>

namespace herdgate::bench {

struct Arrival {
  double due = 0;  // seconds since the start
  bool hot = true;
  std::uint32_t key = 0;  // among the hot keys or among the others
  std::uint32_t pod = 0;
};

struct ArrivalOptions {
  double rate = 1000;  // requests a second in all
  std::uint32_t keys = 1;
  std::uint32_t other_keys = 0;  // asked for besides the hot ones
  double other_share = 0;        // of all requests; 0 without other_keys
  std::uint32_t pods = 1;
  std::uint64_t seed = 1;
};

class Arrivals {
 public:
  explicit Arrivals(const ArrivalOptions& options);

  const Arrival& next() const { return next_; }
  void Advance();

 private:
  double Uniform();  // in (0, 1)
  std::uint32_t Below(std::uint32_t bound);

  ArrivalOptions options_;
  std::mt19937_64 random_;
  Arrival next_;
};

}  // namespace herdgate::bench
