// A Store without sockets, on a clock that only the test moves.
#pragma once

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/upstream/memory/store.h"

namespace herdgate::upstream::memory {

class ManualClock final : public base::Clock {
 public:
  base::SteadyTime Now() const override { return base::SteadyTime(std::chrono::milliseconds(milliseconds_)); }
  base::WallTime Wall() const override { return base::WallTime(std::chrono::milliseconds(milliseconds_)); }
  void Advance(std::chrono::milliseconds by) { milliseconds_ += by.count(); }

 private:
  std::int64_t milliseconds_ = 1'700'000'000'000;
};

// One connection; what the store sends unasked is in `pushed`.
class TestClient {
 public:
  explicit TestClient(Store& store) : store_(store) {
    client_.send = [this](std::string_view bytes) { pushed += bytes; };
    client_.unsent = [this] { return unsent; };
    client_.kill = [this] { killed = true; };
    store_.Open(client_);
  }
  ~TestClient() { store_.Close(client_); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  // The raw reply, or replies.
  std::string operator()(std::initializer_list<std::string_view> args) {
    const std::vector<std::string_view> all(args);
    return Call(all);
  }
  std::string Call(const std::vector<std::string_view>& args) {
    std::string out;
    store_.Execute(client_, args, out);
    return out;
  }
  Client& state() { return client_; }

  std::string pushed;
  std::size_t unsent = 0;
  bool killed = false;

 private:
  Store& store_;
  Client client_;
};

struct TestStore {
  static constexpr std::size_t kMaxReplyBytes = 4UL * 1024 * 1024;
  explicit TestStore(std::size_t max_bytes = 64UL * 1024 * 1024)
      : store({.max_bytes = max_bytes, .max_reply_bytes = kMaxReplyBytes, .seed = 7}, clock), client(store) {}

  std::string operator()(std::initializer_list<std::string_view> args) { return client(args); }

  ManualClock clock;
  Store store;
  TestClient client;
};

}  // namespace herdgate::upstream::memory
