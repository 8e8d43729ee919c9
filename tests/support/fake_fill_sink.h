// A FillSink that keeps what a near cache would keep, and a line for everything it is told.
//
// Threads: called on the loop, looked at from any.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/upstream/tracking/fill_sink.h"

namespace herdgate::testing {

class FakeFillSink final : public upstream::FillSink {
 public:
  // Lets the test act inside each call, after it is noted. Set before the loop runs.
  std::function<void(const std::string& line)> on_line = [](const std::string&) {};

  void OnFill(upstream::Filled&& fill) override {
    {
      const std::lock_guard lock(mutex_);
      // The guard of a near cache: what was revoked since it was asked for is not published.
      if (std::erase(reserved_, fill.key) > 0) values_[fill.key] = fill.nil ? "<nil>" : fill.value;
      fills_.push_back(fill);
    }
    Note("fill " + fill.key + (fill.nil ? " nil" : "=" + fill.value.substr(0, 40)));
  }
  void OnFillFailed(upstream::FillToken, const std::string& key, upstream::FillResult why) override {
    constexpr std::array<std::string_view, upstream::kFillResults> names = {"value", "nil", "error", "too_large",
                                                                            "lost"};
    {
      const std::lock_guard lock(mutex_);
      std::erase(reserved_, key);
    }
    Note("failed " + key + " " + std::string(names[static_cast<std::size_t>(why)]));
  }
  void OnInvalidate(std::string_view key) override {
    {
      const std::lock_guard lock(mutex_);
      values_.erase(std::string(key));
      std::erase(reserved_, key);
    }
    Note("invalidate " + std::string(key));
  }
  void OnFlush() override {
    Forget();
    Note("flush");
  }
  void OnLost(upstream::TrackingFault why) override {
    Forget();
    Note("lost " + std::string(NameOf(why)));
  }
  void OnArmed() override { Note("armed"); }

  // Before a fill is asked for.
  void Reserve(const std::string& key) {
    const std::lock_guard lock(mutex_);
    reserved_.push_back(key);
  }
  // What may be served for `key`.
  std::optional<std::string> Value(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
  }
  // All lines since the last call.
  std::vector<std::string> Lines() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }
  std::size_t Count(std::string_view line) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(all_, line));
  }
  std::vector<upstream::Filled> fills() const {
    const std::lock_guard lock(mutex_);
    return fills_;
  }

 private:
  void Forget() {
    const std::lock_guard lock(mutex_);
    values_.clear();
    reserved_.clear();
  }
  void Note(const std::string& line) {
    {
      const std::lock_guard lock(mutex_);
      lines_.push_back(line);
      all_.push_back(line);
    }
    on_line(line);
  }

  mutable std::mutex mutex_;  // guards all below
  std::vector<std::string> lines_;
  std::vector<std::string> all_;
  std::vector<std::string> reserved_;
  std::map<std::string, std::string> values_;
  std::vector<upstream::Filled> fills_;
};

}  // namespace herdgate::testing
