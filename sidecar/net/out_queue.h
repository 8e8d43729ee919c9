// OutQueue: the bytes owed to one socket, in order.
//
// In a turn they are views into the loop's arena where possible (adjacent views become one), so that a reply is written
// from where it was read. Flush writes everything with one gathered write and copies what the socket did not take;
// after Flush the queue holds no view. What is small or does not lie in the arena is copied at once.
//
// Threads: the loop's thread. Memory: nothing while empty; a backlog of a slow reader is kept in blocks of 64 KiB that
// are freed as they drain.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/net/loop.h"
#include "sidecar/net/stream.h"

namespace herdgate::net {

class OutQueue {
 public:
  // Copies `bytes`.
  void Append(std::string_view bytes);
  // Keeps a view. REQUIRES: `bytes` lie in the loop's arena and Flush or KeepAll is called before the turn ends.
  void Borrow(std::string_view bytes, Loop& loop) {
    if (bytes.empty()) return;
    size_ += bytes.size();
    loop.NoteBorrow();
    if (view_count_ > 0) {
      std::string_view& last = views_[view_count_ - 1];
      if (last.data() + last.size() == bytes.data()) {
        last = {last.data(), last.size() + bytes.size()};
        return;
      }
    }
    AddView(bytes);
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Copies what is still a view.
  void Keep() { KeepAll(); }
  // Writes what the stream takes and keeps the rest as copies. The bytes written, or -1 if the connection is dead.
  std::ptrdiff_t Flush(Stream& stream);
  void Clear();

 private:
  static constexpr std::size_t kViews = 8;
  static constexpr std::size_t kBlockBytes = std::size_t{64} * 1024;

  void AddView(std::string_view bytes);
  void KeepAll();
  void Copy(std::string_view bytes);
  void Drop(std::size_t written);

  std::size_t size_ = 0;
  // Order on the wire: backlog_, then owned_ from head_, then views_.
  std::unique_ptr<std::deque<std::string>> backlog_;
  std::string owned_;
  std::size_t head_ = 0;  // bytes already written of the first block (backlog_'s front, or owned_)
  std::array<std::string_view, kViews> views_;
  std::size_t view_count_ = 0;
};

}  // namespace herdgate::net
