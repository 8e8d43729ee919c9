// InvalidationReport: how an invalidation went, batch by batch, as JSON lines. It holds numbers only, never a key.
//
//   {"batches":1,"at_ms":12,"cursor":"1792","scanned":1000,"matched":256,"done":255,"bytes":0,"took_us":310,"rate":5000}
//
// One line a batch, until there are kMostLines: then two neighbours become one line, again and again, so the sums stay
// right and the size bounded (96 KiB). `at_ms`: since the first; `done`: deleted or shortened; `took_us`: the longest
// round trip.
// Threads: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sidecar/pipeline/invalidation.h"

namespace herdgate::pipeline {

class InvalidationReport {
 public:
  static constexpr std::size_t kMostLines = 1024;

  struct Line {
    std::uint64_t batches = 1;
    std::int64_t at_ms = 0;
    std::uint64_t cursor = 0;
    std::uint64_t scanned = 0;
    std::uint64_t matched = 0;
    std::uint64_t done = 0;
    std::uint64_t bytes = 0;
    std::int64_t took_us = 0;
    double rate = 0;
  };

  void Add(const Line& line);
  std::size_t lines() const { return lines_.size(); }
  // All lines, and one for the whole from `status`: {"job":...,"state":...}.
  std::string ToJsonLines(const InvalidationStatus& status) const;

 private:
  std::vector<Line> lines_;
  std::uint64_t per_line_ = 1;  // batches
};

}  // namespace herdgate::pipeline
