// BucketLayout: the bounds of a histogram, and the look-up that finds a value's bucket in constant time.
//
// Bucket i counts the values <= bound i; one more bucket counts the rest. Bounds are integers (nanoseconds, or plain
// units), shown divided by PerUnit(). A look-up starts from a table indexed by the value's bit width, which leaves at
// most kMaxPerOctave bounds to compare with, so it has no loop and no branch to mispredict.
// Layouts are compile-time constants: unsorted, too many or too dense bounds don't compile. But for those that an
// operator has chosen, which FromSeconds makes and somebody owns for as long as the process counts.
// Threads: immutable.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>

namespace herdgate::metrics {

class BucketLayout {
 public:
  static constexpr std::size_t kMaxBounds = 20;
  static constexpr std::size_t kMaxPerOctave = 2;

  // Bounds of a duration, shown in seconds. Avoid whole seconds: Prometheus 3 rewrites le="1" to le="1.0".
  static consteval BucketLayout Seconds(std::initializer_list<std::chrono::nanoseconds> bounds) {
    BucketLayout layout(1'000'000'000);
    for (const std::chrono::nanoseconds bound : bounds) layout.Append(static_cast<std::uint64_t>(bound.count()));
    layout.Index();
    return layout;
  }
  // The same at run time. REQUIRES: bounds go up, at most kMaxBounds of them, no three within a factor of two.
  static BucketLayout FromSeconds(std::span<const std::chrono::nanoseconds> bounds) {
    BucketLayout layout(1'000'000'000);
    for (const std::chrono::nanoseconds bound : bounds) layout.Append(static_cast<std::uint64_t>(bound.count()));
    layout.Index();
    return layout;
  }
  // Bounds of a size or a number of things, shown as they are.
  static consteval BucketLayout Units(std::initializer_list<std::uint64_t> bounds) {
    BucketLayout layout(1);
    for (const std::uint64_t bound : bounds) layout.Append(bound);
    layout.Index();
    return layout;
  }

  constexpr std::size_t size() const { return size_; }
  constexpr std::uint64_t bound(std::size_t i) const { return bounds_[i]; }
  // How many of the integer unit make one of the shown unit.
  constexpr std::uint64_t per_unit() const { return per_unit_; }
  // The nearest double to value / per_unit: one correctly rounded division, so that 50000 ns prints as 5e-05.
  constexpr double Shown(std::uint64_t value) const {
    return static_cast<double>(value) / static_cast<double>(per_unit_);
  }

  // The index of the bucket that counts `value`; size() for +Inf.
  constexpr std::size_t IndexOf(std::uint64_t value) const {
    static_assert(kMaxPerOctave == 2, "one comparison for each bound that an octave may hold");
    std::size_t i = first_[static_cast<std::size_t>(std::bit_width(value))];
    i += static_cast<std::size_t>(value > bounds_[i]);
    i += static_cast<std::size_t>(value > bounds_[i]);
    return i;
  }

 private:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  constexpr explicit BucketLayout(std::uint64_t per_unit) : per_unit_(per_unit) { bounds_.fill(kNever); }

  constexpr void Append(std::uint64_t bound) {
    if (size_ == kMaxBounds) throw "too many bounds";
    if (size_ > 0 && bound <= bounds_[size_ - 1]) throw "bounds must go up";
    bounds_[size_++] = bound;
  }

  // first_[w] is the first bound that a value of bit width w may be below or at: the first one >= 2^(w-1).
  constexpr void Index() {
    for (std::size_t width = 0; width < first_.size(); ++width) {
      const std::uint64_t least = width == 0 ? 0 : std::uint64_t{1} << (width - 1);
      std::size_t i = 0;
      while (i < size_ && bounds_[i] < least) ++i;
      first_[width] = static_cast<std::uint8_t>(i);
      if (width > 0 && first_[width] - first_[width - 1] > static_cast<int>(kMaxPerOctave)) {
        throw "too many bounds between two powers of two";
      }
    }
  }

  std::array<std::uint64_t, kMaxBounds + kMaxPerOctave> bounds_{};  // padded with kNever, so that a look-up may overrun
  std::array<std::uint8_t, 65> first_{};
  std::size_t size_ = 0;
  std::uint64_t per_unit_;
};

// Command and upstream durations: six bounds below a millisecond, the 1 ms and 5 ms edges that objectives use exact.
inline constexpr BucketLayout kCommandDurationBuckets = BucketLayout::Seconds(
    {std::chrono::microseconds(50), std::chrono::microseconds(100), std::chrono::microseconds(200),
     std::chrono::microseconds(300), std::chrono::microseconds(500), std::chrono::microseconds(750),
     std::chrono::microseconds(1000), std::chrono::microseconds(1500), std::chrono::microseconds(2500),
     std::chrono::milliseconds(5), std::chrono::milliseconds(10), std::chrono::milliseconds(25),
     std::chrono::milliseconds(50), std::chrono::milliseconds(100), std::chrono::milliseconds(250),
     std::chrono::milliseconds(1500)});

// The time that Herdgate itself adds to a command, the upstream's share removed.
inline constexpr BucketLayout kProxyOverheadBuckets =
    BucketLayout::Seconds({std::chrono::microseconds(1), std::chrono::microseconds(2), std::chrono::microseconds(5),
                           std::chrono::microseconds(10), std::chrono::microseconds(20), std::chrono::microseconds(50),
                           std::chrono::microseconds(100), std::chrono::microseconds(250),
                           std::chrono::microseconds(500), std::chrono::milliseconds(1), std::chrono::milliseconds(5)});

// Expiries of keys, from seconds to weeks; half a second above the round numbers that people configure, which thereby
// fall below their edge.
inline constexpr BucketLayout kTtlBuckets = BucketLayout::Seconds(
    {std::chrono::milliseconds(1500), std::chrono::milliseconds(10500), std::chrono::milliseconds(60500),
     std::chrono::milliseconds(300500), std::chrono::milliseconds(900500), std::chrono::milliseconds(3600500),
     std::chrono::milliseconds(21600500), std::chrono::milliseconds(86400500), std::chrono::milliseconds(604800500),
     std::chrono::milliseconds(2592000500)});

// How late pushes are.
inline constexpr BucketLayout kPushLagBuckets =
    BucketLayout::Seconds({std::chrono::microseconds(200), std::chrono::microseconds(500), std::chrono::milliseconds(1),
                           std::chrono::microseconds(2500), std::chrono::milliseconds(5), std::chrono::milliseconds(10),
                           std::chrono::milliseconds(25), std::chrono::milliseconds(100),
                           std::chrono::milliseconds(250), std::chrono::milliseconds(1500)});

// Sizes of values; a near cache keeps none above 1 MiB.
inline constexpr BucketLayout kValueBytesBuckets =
    BucketLayout::Units({64, 256, 1024, 4096, 16384, 65536, 262144, 1048576});

// Small numbers of things, such as the commands that one read brought (pipeline depth).
inline constexpr BucketLayout kDepthBuckets = BucketLayout::Units({1, 2, 4, 8, 16, 32, 64, 256, 1024});

// Callers of one flight: up to 4 are no stampede (stampede_events.h).
inline constexpr BucketLayout kFlightSizeBuckets = BucketLayout::Units({1, 2, 4, 10, 25, 50, 100, 250, 1000, 10000});

// How long apps compute a value, and the flights around it.
inline constexpr BucketLayout kRecomputeBuckets = BucketLayout::Seconds(
    {std::chrono::milliseconds(2), std::chrono::milliseconds(5), std::chrono::milliseconds(10),
     std::chrono::milliseconds(25), std::chrono::milliseconds(50), std::chrono::milliseconds(100),
     std::chrono::milliseconds(250), std::chrono::milliseconds(500), std::chrono::milliseconds(1500),
     std::chrono::milliseconds(5500), std::chrono::milliseconds(30500)});

// Waits for another's value; the edges are those of the default max_wait and of the last release after it.
inline constexpr BucketLayout kFlightWaitBuckets = BucketLayout::Seconds(
    {std::chrono::milliseconds(5), std::chrono::milliseconds(15), std::chrono::milliseconds(30),
     std::chrono::milliseconds(75), std::chrono::milliseconds(175), std::chrono::milliseconds(400),
     std::chrono::milliseconds(600), std::chrono::milliseconds(1500), std::chrono::milliseconds(5500)});

// How far from the end of its life a value was refreshed or answered.
inline constexpr BucketLayout kAroundExpiryBuckets = BucketLayout::Seconds(
    {std::chrono::milliseconds(50), std::chrono::milliseconds(100), std::chrono::milliseconds(250),
     std::chrono::milliseconds(500), std::chrono::milliseconds(1500), std::chrono::milliseconds(3500),
     std::chrono::milliseconds(10500), std::chrono::milliseconds(30500), std::chrono::milliseconds(300500)});

}  // namespace herdgate::metrics
