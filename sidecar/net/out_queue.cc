#include "sidecar/net/out_queue.h"

#include <algorithm>

namespace herdgate::net {

void OutQueue::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  KeepAll();
  size_ += bytes.size();
  Copy(bytes);
}

void OutQueue::AddView(std::string_view bytes) {
  if (view_count_ == kViews) KeepAll();
  views_[view_count_++] = bytes;
}

void OutQueue::KeepAll() {
  for (std::size_t i = 0; i < view_count_; ++i) Copy(views_[i]);
  view_count_ = 0;
}

void OutQueue::Copy(std::string_view bytes) {
  while (!bytes.empty()) {
    if (owned_.size() >= kBlockBytes) {
      if (!backlog_) backlog_ = std::make_unique<std::deque<std::string>>();
      backlog_->push_back(std::move(owned_));
      owned_.clear();
      owned_.reserve(kBlockBytes);
    }
    const std::size_t take = std::min(bytes.size(), kBlockBytes - owned_.size());
    owned_.append(bytes.substr(0, take));
    bytes.remove_prefix(take);
  }
}

std::ptrdiff_t OutQueue::Flush(Stream& stream) {
  constexpr std::size_t kPieces = 32;
  std::ptrdiff_t total = 0;
  while (size_ > 0 && !stream.blocked()) {
    std::array<iovec, kPieces> pieces;
    std::size_t count = 0;
    std::size_t offered = 0;
    std::size_t skip = head_;
    const auto add = [&](std::string_view bytes) {
      bytes.remove_prefix(skip);
      skip = 0;
      if (bytes.empty() || count == kPieces) return;
      pieces[count++] = {const_cast<char*>(bytes.data()), bytes.size()};
      offered += bytes.size();
    };
    if (backlog_) {
      for (std::size_t i = 0; i < backlog_->size() && count < kPieces; ++i) add((*backlog_)[i]);
    }
    add(owned_);
    for (std::size_t i = 0; i < view_count_; ++i) add(views_[i]);
    const std::ptrdiff_t written = stream.Write({pieces.data(), count});
    if (written < 0) return -1;
    Drop(static_cast<std::size_t>(written));
    total += written;
    if (static_cast<std::size_t>(written) < offered) break;
  }
  KeepAll();
  return total;
}

void OutQueue::Drop(std::size_t written) {
  size_ -= written;
  if (size_ == 0) {
    Clear();
    return;
  }
  written += head_;
  head_ = 0;
  while (backlog_ && written >= backlog_->front().size()) {
    written -= backlog_->front().size();
    backlog_->pop_front();
    if (backlog_->empty()) backlog_.reset();
  }
  if (!backlog_ && written >= owned_.size()) {
    written -= owned_.size();
    owned_ = std::string();
    std::size_t gone = 0;
    while (written > 0 && written >= views_[gone].size()) written -= views_[gone++].size();
    views_[gone].remove_prefix(written);
    std::move(views_.begin() + static_cast<std::ptrdiff_t>(gone),
              views_.begin() + static_cast<std::ptrdiff_t>(view_count_), views_.begin());
    view_count_ -= gone;
    return;
  }
  head_ = written;
}

void OutQueue::Clear() {
  size_ = 0;
  head_ = 0;
  view_count_ = 0;
  backlog_.reset();
  owned_ = std::string();
}

}  // namespace herdgate::net
