// ReplySplice: copies the bytes of a reply into another string, but for the pieces that are replaced on the way.
//
// What is not replaced is copied as it stands, in runs as long as they are. Positions are those of the source and only
// grow. Threads: one owner. It views the source and appends to `out`, which both outlive it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sidecar/policy/reply_cursor.h"

namespace herdgate::policy {

class ReplySplice {
 public:
  ReplySplice(std::string_view source, std::string& out) : source_(source), out_(out) {}

  std::string& out() { return out_; }
  // Copies all before `position` that was neither copied nor dropped.
  void KeepUntil(std::size_t position) {
    out_.append(source_.substr(copied_, position - copied_));
    copied_ = position;
  }
  void Drop(std::size_t begin, std::size_t end) {
    KeepUntil(begin);
    copied_ = end;
  }
  void Replace(std::size_t begin, std::size_t end, std::string_view bytes) {
    Drop(begin, end);
    out_ += bytes;
  }
  // The item says `text` instead, in its own type. A text, an error or a null of a text's kind; others are kept.
  void ReplaceText(const ReplyItem& item, std::string_view text);
  void Finish() { KeepUntil(source_.size()); }

 private:
  std::string_view source_;
  std::string& out_;
  std::size_t copied_ = 0;
};

// "*12\r\n": a header line in the bytes of `type`.
std::string ReplyHeader(char type, std::size_t length);

}  // namespace herdgate::policy
