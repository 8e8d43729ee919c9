// SendQueue holds what a connection has still to write: request text of its own, and one shared value body that is
// referred to as often as it is sent and never copied.
//
// Flush writes with one gathered system call per 64 pieces and keeps what the socket did not take.
// Threads: one owner. Lifetime: the shared body must outlive the queue.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace herdgate::bench {

class SendQueue {
 public:
  enum class Outcome { kDone, kBlocked, kFailed };

  void Append(std::string_view text);
  // The bytes behind `body` are sent when their turn comes.
  void AppendShared(std::string_view body);

  // kFailed: errno says why.
  Outcome Flush(int fd);
  bool empty() const { return next_piece_ == pieces_.size(); }

 private:
  // shared == nullptr: the piece is text_[offset, offset + size).
  struct Piece {
    const char* shared;
    size_t offset;
    size_t size;
  };

  void Consume(size_t written);

  std::string text_;
  std::vector<Piece> pieces_;
  size_t next_piece_ = 0;  // the first piece that is not written whole
  size_t piece_sent_ = 0;  // bytes of it that are
};

}  // namespace herdgate::bench
