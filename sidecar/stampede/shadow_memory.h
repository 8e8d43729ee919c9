// ShadowMemory: what this pod has just read of shadows (shadow.h): the old value, or that there is none. So the readers
// of one key ask Redis once, not each.
//
// What callers must do: shadows are read over the tracked connection, tracked; a push of the key or of its shadow is
// Forget, a lost connection ForgetAll. So is a command of this pod that writes the key, when it is sent and when it is
// answered. Then nothing here outlives what a reader may see, but by the time a push takes.
// Bounds: keys, bytes, and a second each: a connection that is silent tells nothing.
// Threads: one owner, or under its mutex.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "sidecar/base/clock.h"
#include "sidecar/stampede/bounded_map.h"

namespace herdgate::stampede {

struct OldValue {
  std::shared_ptr<const std::string> value{};  // null: there is none
  base::SteadyTime ended{};                    // no later than it did
};

class ShadowMemory {
 public:
  static constexpr std::size_t kMostKeys = 1024;
  static constexpr std::size_t kMostBytes = std::size_t{8} << 20U;
  static constexpr std::chrono::milliseconds kMostTime{1000};

  // Nothing: not known, ask.
  std::optional<OldValue> Find(std::uint64_t key, base::SteadyTime now);
  // `until`: when the shadow is gone.
  void Put(std::uint64_t key, OldValue old, base::SteadyTime until, base::SteadyTime now);
  void Forget(std::uint64_t key);
  void ForgetAll();

  std::size_t keys() const { return items_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Item {
    OldValue old;
    base::SteadyTime until;
  };
  static std::size_t BytesOf(const Item& item) { return item.old.value ? item.old.value->size() : 0; }

  BoundedMap<Item> items_{kMostKeys};
  std::size_t bytes_ = 0;
};

}  // namespace herdgate::stampede
