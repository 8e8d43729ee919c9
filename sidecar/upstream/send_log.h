// SendLog: the requests of a lane as one run of bytes, from the first that is not answered to the last that is queued.
//
//   [ answered | sent, not answered | not sent ]      offsets count from the connection's beginning and only grow
//
// Keeping what is not answered is what allows a read to be sent again over a new connection.
// Threads: the lane's loop. Memory: the bytes kept, in one buffer that grows by doubling and is given back by Trim.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace herdgate::upstream {

class SendLog {
 public:
  void Append(std::string_view bytes) {
    if (head_ > 0 && (head_ == buffer_.size() || head_ >= kCompactAt)) Compact();
    buffer_.append(bytes);
  }
  std::string_view Unsent() const { return std::string_view(buffer_).substr(sent_); }
  void MarkSent(std::size_t bytes) { sent_ += bytes; }
  // The oldest `bytes` are answered (REQUIRES: they were sent) or given up.
  void Drop(std::size_t bytes) {
    head_ += bytes;
    if (head_ > sent_) sent_ = head_;
  }
  // Offsets relative to the oldest byte kept.
  std::size_t sent_bytes() const { return sent_ - head_; }
  std::size_t unsent_bytes() const { return buffer_.size() - sent_; }
  std::size_t size() const { return buffer_.size() - head_; }
  std::string_view At(std::size_t offset, std::size_t size) const {
    return std::string_view(buffer_).substr(head_ + offset, size);
  }
  void Clear() {
    buffer_.clear();
    head_ = sent_ = 0;
  }
  // Gives back memory that recent traffic has not needed.
  void Trim() {
    if (size() == 0) Clear();
    if (buffer_.capacity() > kKeepBytes && buffer_.size() < buffer_.capacity() / 4) {
      Compact();
      buffer_.shrink_to_fit();
    }
  }
  std::size_t capacity() const { return buffer_.capacity(); }

 private:
  static constexpr std::size_t kCompactAt = std::size_t{64} * 1024;
  static constexpr std::size_t kKeepBytes = std::size_t{32} * 1024;

  void Compact() {
    // Moving is worth it only if it frees at least as much as it moves.
    if (head_ < buffer_.size() - head_) return;
    buffer_.erase(0, head_);
    sent_ -= head_;
    head_ = 0;
  }

  std::string buffer_;
  std::size_t head_ = 0;  // first byte kept
  std::size_t sent_ = 0;  // first byte not sent
};

}  // namespace herdgate::upstream
