// Cells: what the data path counts into. One cell has one writer, the loop that owns it, and any number of readers.
//
// The writer does a relaxed load and a relaxed store, never a locked instruction, so counting costs about a nanosecond;
// the scraper does relaxed loads and may see one cell a moment before another. Cells of several loops are added up at
// the scrape (registry.h), so nothing is shared while counting.
// Threads: every method that changes a cell, on the owning loop only; every method that reads, on any thread.
// Memory: keep a loop's cells together in one struct marked alignas(kCacheLine), so that no two loops write one line.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "sidecar/metrics/buckets.h"

namespace herdgate::metrics {

inline constexpr std::size_t kCacheLine = 64;

// False in a build that is to show what counting costs: then cells stay 0, and counting is no code.
#ifdef HERDGATE_NO_METRICS
inline constexpr bool kCounts = false;
#else
inline constexpr bool kCounts = true;
#endif

// Only goes up; starts at 0 with the process.
class Counter {
 public:
  void Add(std::uint64_t n = 1) {
    if constexpr (kCounts) cell_.store(cell_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return cell_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> cell_{0};
};

// Goes up and down. Signed, because an object may be made on one loop and end on another: only the sum must be >= 0.
class Gauge {
 public:
  void Set(std::int64_t v) {
    if constexpr (kCounts) cell_.store(v, std::memory_order_relaxed);
  }
  void Add(std::int64_t n = 1) {
    if constexpr (kCounts) cell_.store(cell_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void Sub(std::int64_t n = 1) { Add(-n); }
  std::int64_t value() const { return cell_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> cell_{0};
};

// The state of one histogram, or of several of the same layout added up.
struct HistogramSnapshot {
  const BucketLayout* layout = nullptr;
  std::array<std::uint64_t, BucketLayout::kMaxBounds + 1>
      counts{};           // not cumulative; the entry after the last bound is +Inf
  std::uint64_t sum = 0;  // in the layout's integer unit

  std::uint64_t Count() const {
    std::uint64_t total = 0;
    for (const std::uint64_t n : counts) total += n;
    return total;
  }
  // REQUIRES: other.layout == layout
  void Merge(const HistogramSnapshot& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    sum += other.sum;
  }
};

// Counts durations or plain sizes into the buckets of a layout that lives as long as the program (buckets.h).
// Cost: two stores and a table look-up without a loop. The sum wraps after 584 years of observed time.
class Histogram {
 public:
  explicit Histogram(const BucketLayout& layout) : layout_(&layout) {}

  // `n` observations of the same duration. A negative one (a clock that was asked in the wrong order) counts as 0.
  void Record(std::chrono::nanoseconds duration, std::uint64_t n = 1) {
    const std::int64_t ns = duration.count();
    Observe(ns < 0 ? 0U : static_cast<std::uint64_t>(ns), n);
  }
  // The same for layouts whose unit isn't time.
  void Observe(std::uint64_t value, std::uint64_t n = 1) {
    if constexpr (!kCounts) return;
    Bump(counts_[layout_->IndexOf(value)], n);
    Bump(sum_, value * n);
  }
  // Whether nothing was observed yet.
  bool IsEmpty() const {
    return std::all_of(counts_.begin(), counts_.end(),
                       [](const Cell& cell) { return cell.load(std::memory_order_relaxed) == 0; });
  }
  HistogramSnapshot Snapshot() const {
    HistogramSnapshot snapshot{.layout = layout_};
    for (std::size_t i = 0; i < counts_.size(); ++i) snapshot.counts[i] = counts_[i].load(std::memory_order_relaxed);
    snapshot.sum = sum_.load(std::memory_order_relaxed);
    return snapshot;
  }

 private:
  using Cell = std::atomic<std::uint64_t>;
  static void Bump(Cell& cell, std::uint64_t n) {
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  const BucketLayout* layout_;
  Cell sum_{0};
  std::array<Cell, BucketLayout::kMaxBounds + 1> counts_{};
};

}  // namespace herdgate::metrics
