// RawClient: one blocking RESP connection whose bytes the test writes and reads itself.
//
// Every wait has a deadline. A reply is the bytes of one RESP frame as they came; kSilence if none came in time, kEnd
// at the end of the connection. Threads: one owner.
#pragma once

#include <poll.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/resp/encoder.h"
#include "sidecar/resp/reply_scanner.h"
#include "tests/integration/support/eventually.h"
#include "tests/integration/support/sockets.h"

namespace herdgate::integration {

inline const std::string kSilence = "<nothing came>";
inline const std::string kEnd = "<closed>";

using Words = std::vector<std::string>;

inline std::string Encode(const Words& words) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  std::string out;
  resp::AppendRequest(out, views);
  return out;
}

class RawClient {
 public:
  explicit RawClient(int fd) : fd_(fd) {}
  RawClient(RawClient&& other) noexcept : RawClient(std::exchange(other.fd_, -1)) { input_.swap(other.input_); }
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() { Close(); }

  bool connected() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  void set_patience(std::chrono::milliseconds patience) { patience_ = patience; }

  // Writes everything, reading meanwhile whatever comes, so that both sides may be full. False if the peer is gone.
  bool Send(std::string_view bytes) {
    if (fd_ < 0) return false;
    const auto deadline = std::chrono::steady_clock::now() + patience_ * 3;
    while (!bytes.empty()) {
      pollfd ready{fd_, static_cast<short>(POLLOUT | POLLIN), 0};
      if (poll(&ready, 1, 100) > 0 && (ready.revents & POLLIN) != 0 && !Receive(0)) return false;
      if ((ready.revents & POLLOUT) != 0) {
        const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      }
      if ((ready.revents & (POLLERR | POLLHUP)) != 0 || std::chrono::steady_clock::now() > deadline) return false;
    }
    return true;
  }
  // Writes without ever reading; the bytes the kernel took before it would have blocked for 200 ms.
  std::size_t SendBlind(std::string_view bytes) {
    std::size_t taken = 0;
    pollfd ready{fd_, POLLOUT, 0};
    while (taken < bytes.size() && poll(&ready, 1, 200) > 0 && (ready.revents & POLLOUT) != 0) {
      const ssize_t sent = send(fd_, bytes.data() + taken, bytes.size() - taken, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) break;
      taken += static_cast<std::size_t>(sent);
    }
    return taken;
  }
  bool Say(const Words& words) { return Send(Encode(words)); }

  // The next frame.
  std::string Read() {
    const resp::Limits limits;
    resp::ReplyScanner scanner(limits);
    std::size_t seen = 0;
    while (true) {
      if (seen < input_.size()) {
        const auto progress = scanner.Scan(std::string_view(input_).substr(seen));
        seen += progress.bytes;
        if (progress.complete) return Take(seen);
        if (scanner.failed()) return "<no RESP: " + Take(input_.size()) + ">";
      }
      if (!Receive(static_cast<int>(patience_.count()))) return ended_ ? kEnd : kSilence;
    }
  }
  std::string Do(const Words& words) { return Say(words) ? Read() : kEnd; }
  std::vector<std::string> Read(std::size_t count) {
    std::vector<std::string> frames;
    while (frames.size() < count) {
      frames.push_back(Read());
      if (frames.back() == kEnd || frames.back() == kSilence) break;
    }
    return frames;
  }
  // All bytes up to and with `mark`; what came so far if it does not come.
  std::string ReadUntil(std::string_view mark) {
    std::size_t from = 0;
    while (true) {
      const auto at = input_.find(mark, from);
      if (at != std::string::npos) return Take(at + mark.size());
      from = input_.size() < mark.size() ? 0 : input_.size() - mark.size();
      if (!Receive(static_cast<int>(patience_.count()))) return Take(input_.size()) + (ended_ ? kEnd : kSilence);
    }
  }
  // All bytes up to the end of the connection.
  std::string ReadToEnd() {
    while (Receive(static_cast<int>(patience_.count()))) {
    }
    return Take(input_.size()) + (ended_ ? "" : kSilence);
  }
  // Bytes that are there now, without waiting; `input_` as it stands.
  const std::string& Peek() {
    while (Receive(0)) {
    }
    return input_;
  }
  bool Ended() {
    Peek();
    return ended_;
  }
  bool EndsSoon() {
    return Eventually([this] { return Ended(); }, patience_);
  }
  void HalfClose() { shutdown(fd_, SHUT_WR); }
  // A reset instead of a farewell.
  void Abort() {
    const linger hard{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    Close();
  }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  std::string Take(std::size_t bytes) {
    std::string taken = input_.substr(0, bytes);
    input_.erase(0, bytes);
    return taken;
  }
  // False at the end and if nothing came in time.
  bool Receive(int wait_ms) {
    if (ended_ || fd_ < 0) return false;
    pollfd ready{fd_, POLLIN, 0};
    if (poll(&ready, 1, wait_ms) <= 0) return false;
    const std::size_t before = input_.size();
    input_.resize(before + kChunk);
    const ssize_t got = recv(fd_, input_.data() + before, kChunk, MSG_DONTWAIT);
    input_.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    ended_ = got == 0 || (got < 0 && errno != EAGAIN);
    return got > 0;
  }

  static constexpr std::size_t kChunk = 256 * 1024;

  int fd_;
  std::chrono::milliseconds patience_ = kPatience;
  std::string input_;
  bool ended_ = false;
};

inline std::string Bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}
// The text of a bulk or verbatim reply.
inline std::string Text(const std::string& reply) {
  const auto at = reply.find("\r\n");
  if (at == std::string::npos || reply.size() < at + 4) return {};
  return reply.substr(at + (reply.front() == '=' ? 6 : 2), reply.size() - at - (reply.front() == '=' ? 8 : 4));
}
inline long long Number(const std::string& reply) {
  return reply.starts_with(':') ? std::atoll(reply.c_str() + 1) : -1;
}

}  // namespace herdgate::integration
