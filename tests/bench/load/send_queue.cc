#include "tests/bench/load/send_queue.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace herdgate::bench {
namespace {

constexpr size_t kMaxVectors = 64;

}  // namespace

void SendQueue::Append(std::string_view text) {
  const size_t offset = text_.size();
  text_.append(text);
  if (!pieces_.empty() && next_piece_ < pieces_.size() && pieces_.back().shared == nullptr) {
    pieces_.back().size += text.size();
    return;
  }
  pieces_.push_back({nullptr, offset, text.size()});
}

void SendQueue::AppendShared(std::string_view body) {
  if (!body.empty()) pieces_.push_back({body.data(), 0, body.size()});
}

SendQueue::Outcome SendQueue::Flush(int fd) {
  while (!empty()) {
    std::array<iovec, kMaxVectors> vectors;
    const size_t count = std::min(kMaxVectors, pieces_.size() - next_piece_);
    for (size_t i = 0; i < count; ++i) {
      const Piece& piece = pieces_[next_piece_ + i];
      const size_t sent = i == 0 ? piece_sent_ : 0;
      const char* start = piece.shared != nullptr ? piece.shared : text_.data() + piece.offset;
      vectors[i] = {const_cast<char*>(start + sent), piece.size - sent};
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t written = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? Outcome::kBlocked : Outcome::kFailed;
    }
    Consume(static_cast<size_t>(written));
  }
  return Outcome::kDone;
}

void SendQueue::Consume(size_t written) {
  while (next_piece_ < pieces_.size() && written >= pieces_[next_piece_].size - piece_sent_) {
    written -= pieces_[next_piece_].size - piece_sent_;
    piece_sent_ = 0;
    ++next_piece_;
  }
  piece_sent_ += written;
  if (!empty()) return;
  text_.clear();
  pieces_.clear();
  next_piece_ = 0;
}

}  // namespace herdgate::bench
